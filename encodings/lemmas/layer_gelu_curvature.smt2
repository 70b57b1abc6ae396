; lemma: layer_gelu_curvature
; label: section 5
; statement: GELU, x Phi(x): kappa = 1/sqrt(2 pi), that is |GELU''| <= 2/sqrt(2 pi)
; reading: c = 1/sqrt(2 pi) (at most 0.398943 by Arb bell_height), y = c exp(-x^2/2), d2 = GELU''(x)
; hypothesis derivative, by hand gelu: GELU'' = y (2 - x^2)
; hypothesis positive, by hand gelu: y >= 0
; hypothesis bell, by hand gelu: y (2 + x^2) <= 2 c; also by Arb bell
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(declare-const c Real)
(declare-const d2 Real)
(define-fun share () Real 1.0)
(assert (! (= d2 (* y (- 2.0 (* x x)))) :named derivative))
(assert (! (>= y 0.0) :named positive))
(assert (! (<= (* y (+ 2.0 (* x x))) (* 2.0 c)) :named bell))
(assert (! (not (<= (- (* share 2.0 c)) d2 (* share 2.0 c))) :named negated_conclusion))
(check-sat)
