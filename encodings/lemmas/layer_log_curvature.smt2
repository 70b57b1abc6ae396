; lemma: layer_log_curvature
; label: section 5
; statement: log on [a, b], a > 0: kappa = 1/(2 a^2)
; reading: half the second derivative is -1/(2 x^2)
; hypothesis in_range, premise: x >= a
; hypothesis positive, premise: a > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const x Real)
(define-fun share () Real 1.0)
(assert (! (>= x a) :named in_range))
(assert (! (> a 0.0) :named positive))
(assert (! (not (<= (/ 1.0 (* 2.0 x x)) (* share (/ 1.0 (* 2.0 a a))))) :named negated_conclusion))
(check-sat)
