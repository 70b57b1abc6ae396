; lemma: layer_softmax_row_of_3
; label: section 5
; statement: softmax of 3: L = 1/2, since every row of |Jacobian| has sum <= 1/2
; reading: row of p_1: p_1 (1 - p_1) and -p_1 p_j (by hand softmax); the norm of a symmetric matrix is at most its largest row sum (by hand row-sums)
; hypothesis total, meaning: probabilities have sum 1
; hypothesis positive_1, meaning: p_1 >= 0
; hypothesis positive_2, meaning: p_2 >= 0
; hypothesis positive_3, meaning: p_3 >= 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const p1 Real)
(declare-const p2 Real)
(declare-const p3 Real)
(define-fun share () Real 1.0)
(assert (! (= (+ p1 p2 p3) 1.0) :named total))
(assert (! (>= p1 0.0) :named positive_1))
(assert (! (>= p2 0.0) :named positive_2))
(assert (! (>= p3 0.0) :named positive_3))
(assert (! (not (<= (+ (ite (>= (* p1 (- 1.0 p1)) 0.0) (* p1 (- 1.0 p1)) (- (* p1 (- 1.0 p1)))) (ite (>= (* p1 p2) 0.0) (* p1 p2) (- (* p1 p2))) (ite (>= (* p1 p3) 0.0) (* p1 p3) (- (* p1 p3)))) (* share 0.5))) :named negated_conclusion))
(check-sat)
