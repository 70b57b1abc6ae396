; wrong: c2_no_curvature_at_a_kink
; label: C2
; claim: kappa = 0 almost everywhere gives |f(x + h) - 2 f(x) + f(x - h)| <= 2 kappa h^2 = 0 for ReLU
; flaw: what holds almost everywhere bounds nothing across a kink
; hypothesis step, meaning: h > 0
; hypothesis difference, meaning: second = ReLU(x + h) - 2 ReLU(x) + ReLU(x - h)
; instead: s1_slope_of_a_kink
; counterexample: ReLU at x = {x} with step h = {h}: the second difference is {second}
(set-logic QF_NRA)
(declare-const x Real)
(declare-const h Real)
(declare-const second Real)
(assert (! (> h 0.0) :named step))
(assert (! (= second (+ (ite (>= (+ x h) 0.0) (+ x h) 0.0) (* (- 2.0) (ite (>= x 0.0) x 0.0)) (ite (>= (- x h) 0.0) (- x h) 0.0))) :named difference))
(assert (! (not (= second 0.0)) :named negated_claim))
(check-sat)
