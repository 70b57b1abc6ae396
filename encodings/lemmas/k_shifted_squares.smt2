; lemma: k_shifted_squares
; label: S1
; statement: mean of (c - A + p)^2, with mean c = 0, |A| <= a, |p| <= P: |mean - V| <= (a + P)^2 + 2 s P, s^2 = V the mean of c^2
; reading: cp the mean of c p, e the largest |p - A|, square the mean of (p - A)^2
; hypothesis moves, premise: e <= a + P
; hypothesis mean_of_squares, meaning: square <= e^2
; hypothesis cauchy, meaning: |cp| <= s P (Cauchy and Schwarz)
; hypothesis expanded, meaning: Q = V + 2 cp + square, for mean c = 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const P Real)
(declare-const s Real)
(declare-const e Real)
(declare-const cp Real)
(declare-const square Real)
(declare-const Q Real)
(define-fun share () Real 1.0)
(assert (! (<= 0.0 e (+ a P)) :named moves))
(assert (! (<= 0.0 square (* e e)) :named mean_of_squares))
(assert (! (<= (- (* s P)) cp (* s P)) :named cauchy))
(assert (! (= Q (+ (* s s) (* 2.0 cp) square)) :named expanded))
(assert (! (not (<= (ite (>= (- Q (* s s)) 0.0) (- Q (* s s)) (- (- Q (* s s)))) (* share (+ (* (+ a P) (+ a P)) (* 2.0 s P))))) :named negated_conclusion))
(check-sat)
