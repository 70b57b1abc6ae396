; lemma: layer_silu_curvature
; label: section 5
; statement: SiLU, x sigmoid(x): kappa = 1/4, that is |SiLU''| <= 1/2
; reading: q = sigmoid'(x), y = x tanh(x/2), d2 = SiLU''(x)
; hypothesis derivative, by hand silu: SiLU'' = q (2 - y)
; hypothesis positive, by hand sigmoid: q >= 0
; hypothesis product, by hand silu: 0 <= x tanh(x/2) <= |x|
; hypothesis hyperbola, by hand silu: q (4 + x^2) <= 1; also by Arb hyperbola
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const q Real)
(declare-const y Real)
(declare-const d2 Real)
(define-fun share () Real 1.0)
(assert (! (= d2 (* q (- 2.0 y))) :named derivative))
(assert (! (>= q 0.0) :named positive))
(assert (! (and (>= y 0.0) (<= y (ite (>= x 0.0) x (- x)))) :named product))
(assert (! (<= (* q (+ 4.0 (* x x))) 1.0) :named hyperbola))
(assert (! (not (<= (- (* share 0.5)) d2 (* share 0.5))) :named negated_conclusion))
(check-sat)
