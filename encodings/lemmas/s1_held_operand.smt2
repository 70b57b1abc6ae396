; lemma: s1_held_operand
; label: S1
; statement: to nearest, subnormals kept, no overflow: |fl(a + b) - (a + b)| <= min(|a|, |b|) for numbers a, b of the format
; reading: v = fl(a + b)
; hypothesis a_is_a_number, premise: |v - (a + b)| <= |a - (a + b)|
; hypothesis b_is_a_number, premise: |v - (a + b)| <= |b - (a + b)|
; sharp: share = 99/100
; beside: s1_held_operand_in_a_directed_mode, s1_flushed_sum_is_exact
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const v Real)
(define-fun share () Real 1.0)
(assert (! (<= (ite (>= (- v (+ a b)) 0.0) (- v (+ a b)) (- (- v (+ a b)))) (ite (>= (- a (+ a b)) 0.0) (- a (+ a b)) (- (- a (+ a b))))) :named a_is_a_number))
(assert (! (<= (ite (>= (- v (+ a b)) 0.0) (- v (+ a b)) (- (- v (+ a b)))) (ite (>= (- b (+ a b)) 0.0) (- b (+ a b)) (- (- b (+ a b))))) :named b_is_a_number))
(assert (! (not (and (<= (ite (>= (- v (+ a b)) 0.0) (- v (+ a b)) (- (- v (+ a b)))) (* share (ite (>= a 0.0) a (- a)))) (<= (ite (>= (- v (+ a b)) 0.0) (- v (+ a b)) (- (- v (+ a b)))) (* share (ite (>= b 0.0) b (- b)))))) :named negated_conclusion))
(check-sat)
