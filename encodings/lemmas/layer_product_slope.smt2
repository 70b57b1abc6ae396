; lemma: layer_product_slope
; label: section 5
; statement: product (a, b) -> a b: L = sup sqrt(a^2 + b^2)
; reading: (x, y) a direction, squared: (b x + a y)^2 <= (a^2 + b^2) (x^2 + y^2)
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const x Real)
(declare-const y Real)
(define-fun share () Real 1.0)
(assert (! (not (<= (* (+ (* b x) (* a y)) (+ (* b x) (* a y))) (* share (+ (* a a) (* b b)) (+ (* x x) (* y y))))) :named negated_conclusion))
(check-sat)
