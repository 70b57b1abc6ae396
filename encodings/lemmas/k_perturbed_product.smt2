; lemma: k_perturbed_product
; label: S1
; statement: |dh eh w - d e w| <= (|d| y + |e| x + x y) w for |dh - d| <= x, |eh - e| <= y, w >= 0
; reading: the term that merging two parts adds: d, e distances of means
; hypothesis first, premise: |dh - d| <= x
; hypothesis second, premise: |eh - e| <= y
; hypothesis weight, meaning: w >= 0
; sharp: share = 99/100
; beside: k_product_to_first_order
(set-logic QF_NRA)
(declare-const d Real)
(declare-const e Real)
(declare-const dh Real)
(declare-const eh Real)
(declare-const x Real)
(declare-const y Real)
(declare-const w Real)
(define-fun share () Real 1.0)
(assert (! (<= (- x) (- dh d) x) :named first))
(assert (! (<= (- y) (- eh e) y) :named second))
(assert (! (>= w 0.0) :named weight))
(assert (! (not (<= (* (ite (>= (- (* dh eh) (* d e)) 0.0) (- (* dh eh) (* d e)) (- (- (* dh eh) (* d e)))) w) (* share (+ (* (ite (>= d 0.0) d (- d)) y) (* (ite (>= e 0.0) e (- e)) x) (* x y)) w))) :named negated_conclusion))
(check-sat)
