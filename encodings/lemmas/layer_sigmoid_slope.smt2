; lemma: layer_sigmoid_slope
; label: section 5
; statement: sigmoid: L = 1/4
; reading: d1 = sigmoid'(x), s = sigmoid(x)
; hypothesis derivative, by hand sigmoid: sigmoid' = s (1 - s)
; hypothesis value, by hand sigmoid: s = sigmoid(x) lies in [0, 1]
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const s Real)
(declare-const d1 Real)
(define-fun share () Real 1.0)
(assert (! (= d1 (* s (- 1.0 s))) :named derivative))
(assert (! (and (>= s 0.0) (<= s 1.0)) :named value))
(assert (! (not (<= (- (* share 0.25)) d1 (* share 0.25))) :named negated_conclusion))
(check-sat)
