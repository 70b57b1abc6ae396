; lemma: layer_product_curvature
; label: section 5
; statement: product (a, b) -> a b: kappa = 1/2
; reading: D^2(v, v) = 2 x y for v = (x, y)
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(define-fun share () Real 1.0)
(assert (! (not (<= (- (* share 0.5 (+ (* x x) (* y y)))) (* x y) (* share 0.5 (+ (* x x) (* y y))))) :named negated_conclusion))
(check-sat)
