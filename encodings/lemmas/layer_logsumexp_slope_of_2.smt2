; lemma: layer_logsumexp_slope_of_2
; label: section 5
; statement: logsumexp of 2: L = 1, that is sum p_i^2 <= 1
; reading: the gradient is p = softmax(x) (by hand softmax)
; hypothesis total, meaning: probabilities have sum 1
; hypothesis positive_1, meaning: p_1 >= 0
; hypothesis positive_2, meaning: p_2 >= 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const p1 Real)
(declare-const p2 Real)
(define-fun share () Real 1.0)
(assert (! (= (+ p1 p2) 1.0) :named total))
(assert (! (>= p1 0.0) :named positive_1))
(assert (! (>= p2 0.0) :named positive_2))
(assert (! (not (<= (+ (* p1 p1) (* p2 p2)) share)) :named negated_conclusion))
(check-sat)
