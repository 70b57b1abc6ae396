; wrong: k_inverse_root_to_first_order
; label: S1
; claim: |1/sqrt(1 + d) - 1| <= w/2
; flaw: terms of second order
; hypothesis root, meaning: q > 0 with q^2 (1 + d) = 1, so q = 1/sqrt(1 + d)
; hypothesis error, premise: |d| <= w
; hypothesis below_one, premise: w < 1
; instead: k_inverse_root
; counterexample: d = {d}, w = {w}: 1/sqrt(1 + d) = {q}
(set-logic QF_NRA)
(declare-const q Real)
(declare-const d Real)
(declare-const w Real)
(assert (! (and (> q 0.0) (= (* q q (+ 1.0 d)) 1.0)) :named root))
(assert (! (<= (- w) d w) :named error))
(assert (! (< w 1.0) :named below_one))
(assert (! (not (<= (* (ite (>= (- q 1.0) 0.0) (- q 1.0) (- (- q 1.0))) 2.0) w)) :named negated_claim))
(check-sat)
