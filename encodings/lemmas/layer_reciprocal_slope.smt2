; lemma: layer_reciprocal_slope
; label: section 5
; statement: 1/x on [a, b], a > 0: L = 1/a^2
; hypothesis x_in_range, premise: x >= a
; hypothesis y_in_range, premise: y >= a
; hypothesis positive, premise: a > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const x Real)
(declare-const y Real)
(define-fun share () Real 1.0)
(assert (! (>= x a) :named x_in_range))
(assert (! (>= y a) :named y_in_range))
(assert (! (> a 0.0) :named positive))
(assert (! (not (<= (ite (>= (- (/ 1.0 x) (/ 1.0 y)) 0.0) (- (/ 1.0 x) (/ 1.0 y)) (- (- (/ 1.0 x) (/ 1.0 y)))) (* share (/ (ite (>= (- x y) 0.0) (- x y) (- (- x y))) (* a a))))) :named negated_conclusion))
(check-sat)
