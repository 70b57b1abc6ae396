; lemma: layer_sigmoid_curvature
; label: section 5
; statement: sigmoid: kappa = 1/(12 sqrt3), that is |sigmoid''| <= 1/(6 sqrt3)
; reading: d2 = sigmoid''(x); squared, 108 d2^2 <= 1
; hypothesis derivative, by hand sigmoid: sigmoid'' = s (1 - s) (1 - 2s)
; hypothesis value, by hand sigmoid: s = sigmoid(x) lies in [0, 1]
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const s Real)
(declare-const d2 Real)
(define-fun share () Real 1.0)
(assert (! (= d2 (* s (- 1.0 s) (- 1.0 (* 2.0 s)))) :named derivative))
(assert (! (and (>= s 0.0) (<= s 1.0)) :named value))
(assert (! (not (<= (* 108.0 d2 d2) share)) :named negated_conclusion))
(check-sat)
