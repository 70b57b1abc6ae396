; wrong: c3_image_not_widened
; label: C3
; claim: E_i <= L_i E_(i-1) + e_i with L_i a Lipschitz bound on the exact image alone
; flaw: computed values lie beside the image, where the layer may be steeper
; hypothesis before, meaning: the exact value 1, the computed one 1 + e
; instead: c3_error_step
; counterexample: g(y) = y^2 on the image [0, 1] with L = 2: at 1 an error of {e} before it becomes more than 2 * {e}
(set-logic QF_NRA)
(declare-const e Real)
(assert (! (> e 0.0) :named before))
(assert (! (not (<= (- (* (+ 1.0 e) (+ 1.0 e)) 1.0) (* 2.0 e))) :named negated_claim))
(check-sat)
