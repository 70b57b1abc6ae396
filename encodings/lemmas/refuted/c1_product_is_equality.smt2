; wrong: c1_product_is_equality
; label: C1
; claim: Lip(g.f) = Lip(g) Lip(f)
; flaw: the steepest parts of f and g need not meet
; hypothesis rising, meaning: f has slope f1, then f2, both positive; g has slope g1 on the first part of the image, then g2
; hypothesis composed_slope, meaning: composed = Lip(g.f)
; hypothesis product_of_slopes, meaning: product = Lip(g) Lip(f)
; instead: c1_lipschitz_composition
; counterexample: f piecewise linear with slopes {f1}, {f2}; g with slopes {g1}, {g2} on the images of the two pieces: Lip(g.f) = {composed}, but Lip(g) Lip(f) = {product}
(set-logic QF_NRA)
(declare-const f1 Real)
(declare-const f2 Real)
(declare-const g1 Real)
(declare-const g2 Real)
(declare-const composed Real)
(declare-const product Real)
(assert (! (and (> f1 0.0) (> f2 0.0)) :named rising))
(assert (! (= composed (ite (>= (ite (>= (* g1 f1) 0.0) (* g1 f1) (- (* g1 f1))) (ite (>= (* g2 f2) 0.0) (* g2 f2) (- (* g2 f2)))) (ite (>= (* g1 f1) 0.0) (* g1 f1) (- (* g1 f1))) (ite (>= (* g2 f2) 0.0) (* g2 f2) (- (* g2 f2))))) :named composed_slope))
(assert (! (= product (* (ite (>= (ite (>= g1 0.0) g1 (- g1)) (ite (>= g2 0.0) g2 (- g2))) (ite (>= g1 0.0) g1 (- g1)) (ite (>= g2 0.0) g2 (- g2))) (ite (>= f1 f2) f1 f2))) :named product_of_slopes))
(assert (! (not (= composed product)) :named negated_claim))
(check-sat)
