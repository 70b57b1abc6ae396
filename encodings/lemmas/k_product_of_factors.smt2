; lemma: k_product_of_factors
; label: S1
; statement: one more rounding of a product: |f (1 + d) - 1| <= (1 + A)(1 + u) - 1
; reading: f the product of the factors 1 + d of the roundings so far
; hypothesis so_far, premise: |f - 1| <= A
; hypothesis rounding, premise: |d| <= u
; sharp: share = 99/100
; beside: k_roundings_add_up
(set-logic QF_NRA)
(declare-const f Real)
(declare-const d Real)
(declare-const A Real)
(declare-const u Real)
(define-fun share () Real 1.0)
(assert (! (<= (- A) (- f 1.0) A) :named so_far))
(assert (! (<= (- u) d u) :named rounding))
(assert (! (not (<= (ite (>= (- (* f (+ 1.0 d)) 1.0) 0.0) (- (* f (+ 1.0 d)) 1.0) (- (- (* f (+ 1.0 d)) 1.0))) (* share (- (* (+ 1.0 A) (+ 1.0 u)) 1.0)))) :named negated_conclusion))
(check-sat)
