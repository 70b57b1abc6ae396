; lemma: s1_rounding_directed
; label: S1
; statement: directed modes: |fl(z) - z| <= a whole spacing
; reading: low <= z <= high the neighbouring numbers, v = fl(z)
; hypothesis neighbour, premise: v is low or high
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
(assert (! (or (= v low) (= v high)) :named neighbour))
(assert (! (<= low z) :named above_low))
(assert (! (<= z high) :named below_high))
(assert (! (not (<= (- (* share (- high low))) (- v z) (* share (- high low)))) :named negated_conclusion))
(check-sat)
