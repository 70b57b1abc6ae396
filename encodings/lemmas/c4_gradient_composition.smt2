; lemma: c4_gradient_composition
; label: C4
; statement: Lip(grad(l.f); X) <= 2 kappa_l L_f^2 + 2 sup|grad l| kappa_f, X convex, 2-norms
; reading: d = |x - y|, s = |grad(l.f)(x) - grad(l.f)(y)|, n = |Df(x)|, u = |grad l(f(x)) - grad l(f(y))|, w = |f(x) - f(y)|, m = |Df(x) - Df(y)|, t = |grad l(f(y))|
; hypothesis split, by hand backward: s <= n u + m t
; hypothesis slope_at_x, premise: |Df(x)| <= lf
; hypothesis gradient_of_l, by hand derivative-bounds: u <= 2 kl w
; hypothesis values, by hand derivative-bounds: w <= lf d, since X is convex
; hypothesis slopes, by hand derivative-bounds: m <= 2 kf d
; hypothesis gradient, premise: |grad l| <= gl on f(X)
; hypothesis norm_n, meaning: a norm is not negative
; hypothesis norm_u, meaning: a norm is not negative
; hypothesis norm_m, meaning: a norm is not negative
; hypothesis norm_t, meaning: a norm is not negative
; hypothesis curvature, meaning: a supremum of norms is not negative
; sharp: share = 99/100
; beside: c4_kappa_times_l_squared, c4_curvature_of_the_gradient
(set-logic QF_NRA)
(declare-const s Real)
(declare-const d Real)
(declare-const n Real)
(declare-const u Real)
(declare-const w Real)
(declare-const m Real)
(declare-const t Real)
(declare-const kf Real)
(declare-const lf Real)
(declare-const kl Real)
(declare-const gl Real)
(define-fun share () Real 1.0)
(assert (! (<= s (+ (* n u) (* m t))) :named split))
(assert (! (<= n lf) :named slope_at_x))
(assert (! (<= u (* 2.0 kl w)) :named gradient_of_l))
(assert (! (<= w (* lf d)) :named values))
(assert (! (<= m (* 2.0 kf d)) :named slopes))
(assert (! (<= t gl) :named gradient))
(assert (! (>= n 0.0) :named norm_n))
(assert (! (>= u 0.0) :named norm_u))
(assert (! (>= m 0.0) :named norm_m))
(assert (! (>= t 0.0) :named norm_t))
(assert (! (>= kl 0.0) :named curvature))
(assert (! (not (<= s (* share (+ (* 2.0 kl lf lf) (* 2.0 gl kf)) d))) :named negated_conclusion))
(check-sat)
