; wrong: t6_cell_of_a_power_of_two
; label: T6
; claim: E* >= k h^2 / 8 on the cell of every number, h the spacing above it
; flaw: the cell of a power of two is only 3/4 of a spacing wide
; hypothesis cell, meaning: f(x) = k (x - middle)^2 on a cell of width 3/4 h: f takes the values [0, k (3/8 h)^2]
; hypothesis answer, meaning: the answer z has error at most E
; instead: t6_curvature_in_a_cell
; counterexample: k = {k}, spacing {h}: on the cell of width 3/4 * {h} the answer {z} has error at most {E}
(set-logic QF_NRA)
(declare-const k Real)
(declare-const h Real)
(declare-const z Real)
(declare-const E Real)
(assert (! (and (> k 0.0) (> h 0.0)) :named cell))
(assert (! (and (<= (- E) (- z 0.0) E) (<= (- E) (- z (* k (* 0.375 h) (* 0.375 h))) E)) :named answer))
(assert (! (not (>= E (/ (* k h h) 8.0))) :named negated_claim))
(check-sat)
