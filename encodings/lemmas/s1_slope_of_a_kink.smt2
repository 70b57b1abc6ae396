; lemma: s1_slope_of_a_kink
; label: S1
; statement: generalised derivatives at kinks: ||a + e| - |a|| <= |e|, also where a and a + e have different signs
; sharp: share = 99/100
; beside: c2_no_curvature_at_a_kink
(set-logic QF_NRA)
(declare-const a Real)
(declare-const e Real)
(define-fun share () Real 1.0)
(assert (! (not (<= (ite (>= (- (ite (>= (+ a e) 0.0) (+ a e) (- (+ a e))) (ite (>= a 0.0) a (- a))) 0.0) (- (ite (>= (+ a e) 0.0) (+ a e) (- (+ a e))) (ite (>= a 0.0) a (- a))) (- (- (ite (>= (+ a e) 0.0) (+ a e) (- (+ a e))) (ite (>= a 0.0) a (- a))))) (* share (ite (>= e 0.0) e (- e))))) :named negated_conclusion))
(check-sat)
