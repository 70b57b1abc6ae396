; lemma: layer_tanh_slope
; label: section 5
; statement: tanh: L = 1
; reading: d1 = tanh'(x), t = tanh(x)
; hypothesis derivative, by hand tanh: tanh' = 1 - t^2
; hypothesis value, by hand tanh: t = tanh(x) lies in [-1, 1]
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const t Real)
(declare-const d1 Real)
(define-fun share () Real 1.0)
(assert (! (= d1 (- 1.0 (* t t))) :named derivative))
(assert (! (and (>= t (- 1.0)) (<= t 1.0)) :named value))
(assert (! (not (<= (- share) d1 share)) :named negated_conclusion))
(check-sat)
