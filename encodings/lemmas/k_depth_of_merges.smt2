; lemma: k_depth_of_merges
; label: S1
; statement: parts of a and b elements, merged: F(a) + F(b) + a + b <= F(a + b) for F(n) = n (n + 1)/2 - 1
; reading: F bounds the sum over all merges of the elements that they merge
; hypothesis first, meaning: a >= 1
; hypothesis second, meaning: b >= 1
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(define-fun share () Real 1.0)
(assert (! (>= a 1.0) :named first))
(assert (! (>= b 1.0) :named second))
(assert (! (not (<= (+ (- (/ (* a (+ a 1.0)) 2.0) 1.0) (- (/ (* b (+ b 1.0)) 2.0) 1.0) a b) (* share (- (/ (* (+ a b) (+ a b 1.0)) 2.0) 1.0)))) :named negated_conclusion))
(check-sat)
