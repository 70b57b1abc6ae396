; wrong: c2_powers_swapped
; label: C2
; claim: kappa(g.f) <= kappa(f) L(g)^2 + kappa(g) L(f)
; flaw: kappa_total L^2 + kappa L_total with the powers swapped: the square belongs to the inner slope
; hypothesis positive, meaning: a > 0 and q > 0
; instead: c2_curvature_composition
; counterexample: f(x) = {a} x and g(y) = {q} y^2 on [0, 1]: kappa(f) = 0, L(f) = {a}, kappa(g) = {q}, but kappa(g.f) = {q} * {a}^2 exceeds {q} * {a}
(set-logic QF_NRA)
(declare-const a Real)
(declare-const q Real)
(define-fun outer_slope () Real (* 2.0 q a))
(assert (! (and (> a 0.0) (> q 0.0)) :named positive))
(assert (! (not (<= (* q a a) (+ (* 0.0 outer_slope outer_slope) (* q a)))) :named negated_claim))
(check-sat)
