; wrong: k_sizes_left_out
; label: S1
; claim: adding two sums rounds by u |x + y|: |z - (x + y)| <= (G + u) |x + y|
; flaw: terms may cancel, their errors do not
; hypothesis first, premise: |xh - x| <= G |x|
; hypothesis second, premise: |yh - y| <= G |y|
; hypothesis rounding, premise: |z - (xh + yh)| <= u |xh + yh|
; hypothesis units, meaning: G and u lie between 0 and 1/4
; instead: k_sum_of_two_parts
; counterexample: x = {x}, y = {y}, computed as {xh}, {yh} and {z}, with G = {G}, u = {u}
(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(declare-const xh Real)
(declare-const yh Real)
(declare-const G Real)
(declare-const u Real)
(declare-const z Real)
(assert (! (<= (- (* G (ite (>= x 0.0) x (- x)))) (- xh x) (* G (ite (>= x 0.0) x (- x)))) :named first))
(assert (! (<= (- (* G (ite (>= y 0.0) y (- y)))) (- yh y) (* G (ite (>= y 0.0) y (- y)))) :named second))
(assert (! (<= (- (* u (ite (>= (+ xh yh) 0.0) (+ xh yh) (- (+ xh yh))))) (- z (+ xh yh)) (* u (ite (>= (+ xh yh) 0.0) (+ xh yh) (- (+ xh yh))))) :named rounding))
(assert (! (and (<= 0.0 G 0.25) (<= 0.0 u 0.25)) :named units))
(assert (! (not (<= (ite (>= (- z (+ x y)) 0.0) (- z (+ x y)) (- (- z (+ x y)))) (* (+ G u) (ite (>= (+ x y) 0.0) (+ x y) (- (+ x y)))))) :named negated_claim))
(check-sat)
