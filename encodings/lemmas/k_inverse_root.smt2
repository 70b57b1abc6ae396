; lemma: k_inverse_root
; label: S1
; statement: |1/sqrt(1 + d) - 1| <= w/(2 (1 - w)) for |d| <= w < 1
; reading: d the relative error of what the root is taken of
; hypothesis root, meaning: q > 0 with q^2 (1 + d) = 1, so q = 1/sqrt(1 + d)
; hypothesis error, premise: |d| <= w
; hypothesis below_one, premise: w < 1
; sharp: share = 99/100
; beside: k_inverse_root_to_first_order
(set-logic QF_NRA)
(declare-const q Real)
(declare-const d Real)
(declare-const w Real)
(define-fun share () Real 1.0)
(assert (! (and (> q 0.0) (= (* q q (+ 1.0 d)) 1.0)) :named root))
(assert (! (<= (- w) d w) :named error))
(assert (! (< w 1.0) :named below_one))
(assert (! (not (<= (ite (>= (- q 1.0) 0.0) (- q 1.0) (- (- q 1.0))) (* share (/ w (* 2.0 (- 1.0 w)))))) :named negated_conclusion))
(check-sat)
