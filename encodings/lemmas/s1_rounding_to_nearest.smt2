; lemma: s1_rounding_to_nearest
; label: S1
; statement: to nearest: |fl(z) - z| <= half the spacing at z
; reading: low <= z <= high the neighbouring numbers, v = fl(z)
; hypothesis low_is_a_number, premise: |v - z| <= |low - z|
; hypothesis high_is_a_number, premise: |v - z| <= |high - z|
; hypothesis above_low, premise: low <= z
; hypothesis below_high, premise: z <= high
; sharp: share = 99/100
; beside: s1_half_a_spacing_in_a_directed_mode
(set-logic QF_NRA)
(declare-const z Real)
(declare-const v Real)
(declare-const low Real)
(declare-const high Real)
(define-fun share () Real 1.0)
(assert (! (<= (ite (>= (- v z) 0.0) (- v z) (- (- v z))) (ite (>= (- low z) 0.0) (- low z) (- (- low z)))) :named low_is_a_number))
(assert (! (<= (ite (>= (- v z) 0.0) (- v z) (- (- v z))) (ite (>= (- high z) 0.0) (- high z) (- (- high z)))) :named high_is_a_number))
(assert (! (<= low z) :named above_low))
(assert (! (<= z high) :named below_high))
(assert (! (not (<= (- (* share (/ (- high low) 2.0))) (- v z) (* share (/ (- high low) 2.0)))) :named negated_conclusion))
(check-sat)
