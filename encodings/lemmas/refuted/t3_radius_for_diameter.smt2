; wrong: t3_radius_for_diameter
; label: T3
; claim: E* >= R / N
; flaw: an answer serves values on both of its sides
; hypothesis range, meaning: f takes all values of [0, R]
; hypothesis answer, meaning: the one code (N = 1) stands for z
; instead: t3_floor
; counterexample: f(X) = [0, {R}], the one answer {z} has error at most {E}
(set-logic QF_NRA)
(declare-const R Real)
(declare-const E Real)
(declare-const z Real)
(assert (! (> R 0.0) :named range))
(assert (! (and (<= (- E) (- z 0.0) E) (<= (- E) (- z R) E)) :named answer))
(assert (! (not (>= E R)) :named negated_claim))
(check-sat)
