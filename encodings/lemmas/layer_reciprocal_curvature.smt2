; lemma: layer_reciprocal_curvature
; label: section 5
; statement: 1/x on [a, b], a > 0: kappa = 1/a^3
; reading: half the second derivative is 1/x^3
; hypothesis in_range, premise: x >= a
; hypothesis positive, premise: a > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const x Real)
(define-fun share () Real 1.0)
(assert (! (>= x a) :named in_range))
(assert (! (> a 0.0) :named positive))
(assert (! (not (<= (/ 1.0 (* x x x)) (* share (/ 1.0 (* a a a))))) :named negated_conclusion))
(check-sat)
