; lemma: layer_sqrt_curvature
; label: section 5
; statement: sqrt on [a, b], a > 0: kappa = 1/(8 a^1.5)
; reading: x = r^2, a = q^2; half the second derivative is -1/(8 r^3)
; hypothesis in_range, premise: r >= q
; hypothesis positive, premise: q > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const q Real)
(declare-const r Real)
(define-fun share () Real 1.0)
(assert (! (>= r q) :named in_range))
(assert (! (> q 0.0) :named positive))
(assert (! (not (<= (/ 1.0 (* 8.0 r r r)) (* share (/ 1.0 (* 8.0 q q q))))) :named negated_conclusion))
(check-sat)
