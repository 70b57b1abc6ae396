; lemma: k_squares_of_merges
; label: S1
; statement: parts of a and b elements, merged: G(a) + G(b) + (a b/n) ((n + 2)/2)^2 <= G(n), n = a + b, G(n) = n^3/12 + 3 n^2/4
; reading: G bounds the sum over all merges of a b/n times the square of (n + 2)/2
; hypothesis first, meaning: a >= 1
; hypothesis second, meaning: b >= 1
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(define-fun share () Real 1.0)
(assert (! (>= a 1.0) :named first))
(assert (! (>= b 1.0) :named second))
(assert (! (not (<= (+ (/ (* a a a) 12.0) (/ (* 3.0 a a) 4.0) (/ (* b b b) 12.0) (/ (* 3.0 b b) 4.0) (/ (* a b (+ a b 2.0) (+ a b 2.0)) (* 4.0 (+ a b)))) (* share (+ (/ (* (+ a b) (+ a b) (+ a b)) 12.0) (/ (* 3.0 (+ a b) (+ a b)) 4.0))))) :named negated_conclusion))
(check-sat)
