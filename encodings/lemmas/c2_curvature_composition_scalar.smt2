; lemma: c2_curvature_composition_scalar
; label: C2
; statement: |(g.f)''| / 2 <= kappa_g L_f^2 + L_g kappa_f for real functions of a real variable
; reading: f1 = f'(x), f2 = f''(x), g1 = g'(f(x)), g2 = g''(f(x)); (g.f)'' = g2 f1^2 + g1 f2
; hypothesis inner_slope, premise: |f'| <= lf
; hypothesis inner_curvature, premise: |f''| <= 2 kf
; hypothesis outer_slope, premise: |g'| <= lg on f(X)
; hypothesis outer_curvature, premise: |g''| <= 2 kg on f(X)
; sharp: share = 99/100
; beside: c2_powers_swapped
(set-logic QF_NRA)
(declare-const f1 Real)
(declare-const f2 Real)
(declare-const g1 Real)
(declare-const g2 Real)
(declare-const kf Real)
(declare-const lf Real)
(declare-const kg Real)
(declare-const lg Real)
(define-fun share () Real 1.0)
(assert (! (<= (- lf) f1 lf) :named inner_slope))
(assert (! (<= (- (* 2.0 kf)) f2 (* 2.0 kf)) :named inner_curvature))
(assert (! (<= (- lg) g1 lg) :named outer_slope))
(assert (! (<= (- (* 2.0 kg)) g2 (* 2.0 kg)) :named outer_curvature))
(assert (! (not (<= (/ (ite (>= (+ (* g2 f1 f1) (* g1 f2)) 0.0) (+ (* g2 f1 f1) (* g1 f2)) (- (+ (* g2 f1 f1) (* g1 f2)))) 2.0) (* share (+ (* kg lf lf) (* lg kf))))) :named negated_conclusion))
(check-sat)
