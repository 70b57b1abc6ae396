; lemma: layer_norm_slope
; label: section 5
; statement: LayerNorm of n features: L = 1/sqrt(eps)
; reading: u the centred features, t = |u|^2/n, w = sqrt(t + eps), r = sqrt(eps); across u the Jacobian multiplies by 1/w, along u by eps/w^3 (by hand layer-norm)
; hypothesis root, meaning: w = sqrt(t + eps), squared
; hypothesis mean_square, meaning: t >= 0
; hypothesis root_of_eps, meaning: r = sqrt(eps), squared
; hypothesis positive_root, meaning: r > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const t Real)
(declare-const w Real)
(declare-const r Real)
(declare-const eps Real)
(define-fun share () Real 1.0)
(assert (! (= (* w w) (+ t eps)) :named root))
(assert (! (>= t 0.0) :named mean_square))
(assert (! (= (* r r) eps) :named root_of_eps))
(assert (! (> r 0.0) :named positive_root))
(assert (! (not (and (<= (/ 1.0 w) (* share (/ 1.0 r))) (<= (/ eps (* w w w)) (* share (/ 1.0 r))))) :named negated_conclusion))
(check-sat)
