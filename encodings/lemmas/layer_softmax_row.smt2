; lemma: layer_softmax_row
; label: section 5
; statement: softmax of any n: L = 1/2, since every row of |Jacobian| has sum <= 1/2
; reading: p = p_i, others = the sum of p_j, j != i, rest = the sum of |p_i p_j|, j != i (by hand softmax, by hand row-sums)
; hypothesis total, meaning: probabilities have sum 1
; hypothesis off_diagonal, by hand softmax: rest = p_i others, no p being negative
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const p Real)
(declare-const others Real)
(declare-const rest Real)
(define-fun share () Real 1.0)
(assert (! (= (+ p others) 1.0) :named total))
(assert (! (= rest (* p others)) :named off_diagonal))
(assert (! (not (<= (+ (* p (- 1.0 p)) rest) (* share 0.5))) :named negated_conclusion))
(check-sat)
