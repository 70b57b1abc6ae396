; wrong: s1_half_a_spacing_in_a_directed_mode
; label: S1
; claim: |fl(z) - z| <= half a spacing in mode `down`
; flaw: a directed mode may move by nearly a whole spacing
; hypothesis neighbours, meaning: low <= z < high
; hypothesis down, meaning: fl(z) = low
; instead: s1_rounding_directed
; counterexample: z = {z} between {low} and {high}, rounded down to {v}
(set-logic QF_NRA)
(declare-const z Real)
(declare-const low Real)
(declare-const high Real)
(declare-const v Real)
(assert (! (and (<= low z) (< z high)) :named neighbours))
(assert (! (= v low) :named down))
(assert (! (not (<= (- (/ (- high low) 2.0)) (- v z) (/ (- high low) 2.0))) :named negated_claim))
(check-sat)
