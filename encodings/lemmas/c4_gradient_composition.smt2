; lemma: c4_gradient_composition
; label: C4
; statement: Lip(grad(l.f); X) <= 2 kappa_l L_f^2 + 2 sup|grad l| kappa_f, X convex, 2-norms
; reading: d = |x - y|, s = |grad(l.f)(x) - grad(l.f)(y)|; at a point of the segment from x to y: h = |D^2(l.f)|, n = |Df|, m = |D^2 l|, g = |grad l|, w = |D^2 f|; kf, lf, kl, gl the suprema of the statement
; hypothesis mean_value, by hand backward: s <= h d for the largest h on the segment, which lies in X
; hypothesis chain_rule, by hand backward: |D^2(l.f)| <= |Df| |D^2 l| |Df| + |grad l| |D^2 f|
; hypothesis slope, premise: |Df| <= lf
; hypothesis curvature_of_l, premise: |D^2 l| <= 2 kl on f(X)
; hypothesis gradient, premise: |grad l| <= gl on f(X)
; hypothesis curvature, premise: |D^2 f| <= 2 kf
; hypothesis norm_d, meaning: a norm is not negative
; hypothesis norm_n, meaning: a norm is not negative
; hypothesis norm_m, meaning: a norm is not negative
; hypothesis norm_g, meaning: a norm is not negative
; hypothesis norm_w, meaning: a norm is not negative
; sharp: share = 99/100
; beside: c4_kappa_times_l_squared, c4_curvature_of_the_gradient
(set-logic QF_NRA)
(declare-const s Real)
(declare-const d Real)
(declare-const h Real)
(declare-const n Real)
(declare-const m Real)
(declare-const g Real)
(declare-const w Real)
(declare-const kf Real)
(declare-const lf Real)
(declare-const kl Real)
(declare-const gl Real)
(define-fun share () Real 1.0)
(assert (! (<= s (* h d)) :named mean_value))
(assert (! (<= h (+ (* n m n) (* g w))) :named chain_rule))
(assert (! (<= n lf) :named slope))
(assert (! (<= m (* 2.0 kl)) :named curvature_of_l))
(assert (! (<= g gl) :named gradient))
(assert (! (<= w (* 2.0 kf)) :named curvature))
(assert (! (>= d 0.0) :named norm_d))
(assert (! (>= n 0.0) :named norm_n))
(assert (! (>= m 0.0) :named norm_m))
(assert (! (>= g 0.0) :named norm_g))
(assert (! (>= w 0.0) :named norm_w))
(assert (! (not (<= s (* share (+ (* 2.0 kl lf lf) (* 2.0 gl kf)) d))) :named negated_conclusion))
(check-sat)
