; wrong: k_roundings_add_up
; label: S1
; claim: |f (1 + d) - 1| <= A + u
; flaw: roundings multiply
; hypothesis so_far, premise: |f - 1| <= A
; hypothesis rounding, premise: |d| <= u <= 1/2
; instead: k_product_of_factors
; counterexample: f = {f} is within {A} of 1, and d = {d} within {u} of 0
(set-logic QF_NRA)
(declare-const f Real)
(declare-const d Real)
(declare-const A Real)
(declare-const u Real)
(assert (! (<= (- A) (- f 1.0) A) :named so_far))
(assert (! (and (<= (- u) d u) (<= u 0.5)) :named rounding))
(assert (! (not (<= (ite (>= (- (* f (+ 1.0 d)) 1.0) 0.0) (- (* f (+ 1.0 d)) 1.0) (- (- (* f (+ 1.0 d)) 1.0))) (+ A u))) :named negated_claim))
(check-sat)
