; lemma: k_gated_product
; label: S1
; statement: x (1 + g)/2 with g off by m and 1 + g by r more: |x| (m + r)/2
; reading: s the computed sum 1 + g, y the exact product of its half and x
; hypothesis error, premise: |gh - g| <= m
; hypothesis rounding, premise: |s - (1 + gh)| <= r
; hypothesis product, meaning: y = x s/2
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const g Real)
(declare-const gh Real)
(declare-const m Real)
(declare-const r Real)
(declare-const s Real)
(declare-const y Real)
(define-fun share () Real 1.0)
(assert (! (<= (- m) (- gh g) m) :named error))
(assert (! (<= (- r) (- s (+ 1.0 gh)) r) :named rounding))
(assert (! (= (* 2.0 y) (* x s)) :named product))
(assert (! (not (<= (* 2.0 (ite (>= (- y (/ (* x (+ 1.0 g)) 2.0)) 0.0) (- y (/ (* x (+ 1.0 g)) 2.0)) (- (- y (/ (* x (+ 1.0 g)) 2.0))))) (* share (ite (>= x 0.0) x (- x)) (+ m r)))) :named negated_conclusion))
(check-sat)
