; wrong: t8_half_the_range_over_the_least
; label: T8
; claim: relative error >= (M - m) / (2 m)
; flaw: the best answer lies nearer to the value that tolerates less
; hypothesis values, meaning: f takes the values m and M, 0 < m < M
; hypothesis answer, meaning: z has relative error at most r at both
; instead: t8_relative_error_of_a_cell
; counterexample: m = {low}, M = {top}: the answer {z} has relative error at most {r}
(set-logic QF_NRA)
(declare-const low Real)
(declare-const top Real)
(declare-const z Real)
(declare-const r Real)
(assert (! (and (> low 0.0) (> top low)) :named values))
(assert (! (and (<= (- (* r low)) (- z low) (* r low)) (<= (- (* r top)) (- z top) (* r top))) :named answer))
(assert (! (not (>= r (/ (- top low) (* 2.0 low)))) :named negated_claim))
(check-sat)
