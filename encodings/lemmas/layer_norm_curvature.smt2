; lemma: layer_norm_curvature
; label: section 5
; statement: LayerNorm of n features: kappa = 24 / (25 sqrt5 sqrt(n) eps)
; reading: scaled to n = eps = 1 (by hand layer-norm): t = |y|^2, b = (y . w)^2 for a unit vector w, R = 1 + t; square = R^5 |D^2(w, w)|^2 = 8 b R^2 - 12 b^2 R + t R^2 - 6 b t R + 9 b^2 t; the bound squared is 2304/3125
; hypothesis second_derivative, by hand layer-norm: square = 8 b R^2 - 12 b^2 R + t R^2 - 6 b t R + 9 b^2 t
; hypothesis square_of_a_product, meaning: b >= 0
; hypothesis cauchy_schwarz, by hand layer-norm: b <= t
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const t Real)
(declare-const b Real)
(declare-const square Real)
(define-fun R () Real (+ 1.0 t))
(define-fun share () Real 1.0)
(assert (! (= square (+ (* 8.0 b R R) (* (- 12.0) b b R) (* t R R) (* (- 6.0) b t R) (* 9.0 b b t))) :named second_derivative))
(assert (! (>= b 0.0) :named square_of_a_product))
(assert (! (<= b t) :named cauchy_schwarz))
(assert (! (not (<= (* 3125.0 square) (* share 2304.0 R R R R R))) :named negated_conclusion))
(check-sat)
