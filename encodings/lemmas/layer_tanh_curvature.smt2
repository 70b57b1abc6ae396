; lemma: layer_tanh_curvature
; label: section 5
; statement: tanh: kappa = 2/(3 sqrt3), that is |tanh''| <= 4/(3 sqrt3)
; reading: d2 = tanh''(x); squared, 27 d2^2 <= 16
; hypothesis derivative, by hand tanh: tanh'' = -2 t (1 - t^2)
; hypothesis value, by hand tanh: t = tanh(x) lies in [-1, 1]
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const t Real)
(declare-const d2 Real)
(define-fun share () Real 1.0)
(assert (! (= d2 (* (- 2.0) t (- 1.0 (* t t)))) :named derivative))
(assert (! (and (>= t (- 1.0)) (<= t 1.0)) :named value))
(assert (! (not (<= (* 27.0 d2 d2) (* share 16.0))) :named negated_conclusion))
(check-sat)
