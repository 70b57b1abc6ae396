; wrong: c4_curvature_of_the_gradient
; label: C4
; claim: kappa(grad f) <= kappa_fwd L^2
; flaw: the same for the curvature of the backward pass, on a function whose gradient bends
; hypothesis side, meaning: f(x) = x^3 on [-m, m]: L = 3 m^2, kappa = 3 m, and f'(x) = 3 x^2 has kappa 3
; instead: c4_gradient_composition
; counterexample: f(x) = x^3 on [-{m}, {m}]: kappa(f') = 3, kappa(f) = 3 * {m}, L = 3 * {m}^2
(set-logic QF_NRA)
(declare-const m Real)
(assert (! (> m 0.0) :named side))
(assert (! (not (<= 3.0 (* (* 3.0 m) (* 3.0 m m) (* 3.0 m m)))) :named negated_claim))
(check-sat)
