; wrong: c4_kappa_times_l_squared
; label: C4
; claim: Lip(grad f) <= kappa_fwd L^2
; flaw: the backward pass does not scale like a composition of the forward pass
; hypothesis side, meaning: f(x) = x^2 on [0, m]: kappa = 1, L = 2 m, and f'(x) = 2 x has Lipschitz constant 2
; instead: c4_gradient_composition
; counterexample: f(x) = x^2 on [0, {m}]: Lip(f') = 2, kappa = 1, L = 2 * {m}
(set-logic QF_NRA)
(declare-const m Real)
(assert (! (> m 0.0) :named side))
(assert (! (not (<= 2.0 (* 1.0 (* 2.0 m) (* 2.0 m)))) :named negated_claim))
(check-sat)
