; lemma: k_sum_of_two_parts
; label: S1
; statement: two sums, each within G of the sum of its terms' sizes, added with one rounding: |z - (x + y)| <= ((1 + G)(1 + u) - 1)(S + T)
; reading: xh, yh the computed sums of two groups of terms with exact sums x, y and sizes S, T
; hypothesis first, premise: |xh - x| <= G S
; hypothesis second, premise: |yh - y| <= G T
; hypothesis size_of_first, meaning: |x| <= S
; hypothesis size_of_second, meaning: |y| <= T
; hypothesis unit, meaning: u >= 0
; hypothesis rounding, lemma s1_standard_model: |z - (xh + yh)| <= u |xh + yh|
; sharp: share = 99/100
; beside: k_sizes_left_out
(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(declare-const xh Real)
(declare-const yh Real)
(declare-const S Real)
(declare-const T Real)
(declare-const G Real)
(declare-const u Real)
(declare-const z Real)
(define-fun share () Real 1.0)
(assert (! (<= (- (* G S)) (- xh x) (* G S)) :named first))
(assert (! (<= (- (* G T)) (- yh y) (* G T)) :named second))
(assert (! (<= (- S) x S) :named size_of_first))
(assert (! (<= (- T) y T) :named size_of_second))
(assert (! (>= u 0.0) :named unit))
(assert (! (<= (- (* u (ite (>= (+ xh yh) 0.0) (+ xh yh) (- (+ xh yh))))) (- z (+ xh yh)) (* u (ite (>= (+ xh yh) 0.0) (+ xh yh) (- (+ xh yh))))) :named rounding))
(assert (! (not (<= (ite (>= (- z (+ x y)) 0.0) (- z (+ x y)) (- (- z (+ x y)))) (* share (- (* (+ 1.0 G) (+ 1.0 u)) 1.0) (+ S T)))) :named negated_conclusion))
(check-sat)
