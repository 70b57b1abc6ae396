; lemma: c2_curvature_composition
; label: C2
; statement: kappa(g.f) <= kappa(g; f(X)) L(f)^2 + L(g; f(X)) kappa(f)
; reading: s = |D^2(g.f)(v, v)| at a point of X for a unit vector v, n = |Df v|, w = |D^2 f(v, v)|; kf, lf, kg, lg are the suprema of the statement
; hypothesis chain_rule, by hand chain-rule: |D^2(g.f)(v, v)| <= 2 kg |Df v|^2 + lg |D^2 f(v, v)|
; hypothesis norm, meaning: a norm is not negative
; hypothesis inner_slope, premise: |Df v| <= lf
; hypothesis inner_curvature, premise: |D^2 f(v, v)| <= 2 kf
; hypothesis outer_curvature, meaning: a supremum of norms is not negative
; hypothesis outer_slope, meaning: a supremum of norms is not negative
; sharp: share = 99/100
; beside: c2_powers_swapped, c2_lipschitz_on_the_image, c2_no_curvature_at_a_kink
(set-logic QF_NRA)
(declare-const s Real)
(declare-const n Real)
(declare-const w Real)
(declare-const kf Real)
(declare-const lf Real)
(declare-const kg Real)
(declare-const lg Real)
(define-fun share () Real 1.0)
(assert (! (<= s (+ (* 2.0 kg n n) (* lg w))) :named chain_rule))
(assert (! (>= n 0.0) :named norm))
(assert (! (<= n lf) :named inner_slope))
(assert (! (<= w (* 2.0 kf)) :named inner_curvature))
(assert (! (>= kg 0.0) :named outer_curvature))
(assert (! (>= lg 0.0) :named outer_slope))
(assert (! (not (<= (/ s 2.0) (* share (+ (* kg lf lf) (* lg kf))))) :named negated_conclusion))
(check-sat)
