; lemma: layer_logsumexp_curvature_of_2
; label: section 5
; statement: logsumexp of 2: kappa <= 1/4, that is v . Hessian v <= |v|^2 / 2
; reading: p = softmax(x); v . Hessian v = sum p_i v_i^2 - (sum p_i v_i)^2 (by hand softmax), never negative
; hypothesis total, meaning: probabilities have sum 1
; hypothesis positive_1, meaning: p_1 >= 0
; hypothesis positive_2, meaning: p_2 >= 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const p1 Real)
(declare-const p2 Real)
(declare-const v1 Real)
(declare-const v2 Real)
(define-fun share () Real 1.0)
(assert (! (= (+ p1 p2) 1.0) :named total))
(assert (! (>= p1 0.0) :named positive_1))
(assert (! (>= p2 0.0) :named positive_2))
(assert (! (not (and (>= (- (+ (* p1 v1 v1) (* p2 v2 v2)) (* (+ (* p1 v1) (* p2 v2)) (+ (* p1 v1) (* p2 v2)))) 0.0) (<= (- (+ (* p1 v1 v1) (* p2 v2 v2)) (* (+ (* p1 v1) (* p2 v2)) (+ (* p1 v1) (* p2 v2)))) (* share 0.5 (+ (* v1 v1) (* v2 v2)))))) :named negated_conclusion))
(check-sat)
