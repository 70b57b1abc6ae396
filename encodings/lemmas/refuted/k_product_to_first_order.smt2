; wrong: k_product_to_first_order
; label: S1
; claim: |dh eh - d e| <= |d| y + |e| x
; flaw: both may be off
; hypothesis first, premise: |dh - d| <= x
; hypothesis second, premise: |eh - e| <= y
; instead: k_perturbed_product
; counterexample: d = {d}, e = {e}, computed as {dh} and {eh}, x = {x}, y = {y}
(set-logic QF_NRA)
(declare-const d Real)
(declare-const e Real)
(declare-const dh Real)
(declare-const eh Real)
(declare-const x Real)
(declare-const y Real)
(assert (! (<= (- x) (- dh d) x) :named first))
(assert (! (<= (- y) (- eh e) y) :named second))
(assert (! (not (<= (ite (>= (- (* dh eh) (* d e)) 0.0) (- (* dh eh) (* d e)) (- (- (* dh eh) (* d e)))) (+ (* (ite (>= d 0.0) d (- d)) y) (* (ite (>= e 0.0) e (- e)) x)))) :named negated_claim))
(check-sat)
