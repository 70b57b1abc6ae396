; lemma: layer_sqrt_slope
; label: section 5
; statement: sqrt on [a, b], a > 0: L = 1/(2 sqrt a)
; reading: x = r^2, y = s^2, a = q^2; r, s, q the positive roots
; hypothesis x_in_range, premise: r >= q
; hypothesis y_in_range, premise: s >= q
; hypothesis positive, premise: q > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const q Real)
(declare-const r Real)
(declare-const s Real)
(define-fun share () Real 1.0)
(assert (! (>= r q) :named x_in_range))
(assert (! (>= s q) :named y_in_range))
(assert (! (> q 0.0) :named positive))
(assert (! (not (<= (ite (>= (- r s) 0.0) (- r s) (- (- r s))) (* share (/ (ite (>= (- (* r r) (* s s)) 0.0) (- (* r r) (* s s)) (- (- (* r r) (* s s)))) (* 2.0 q))))) :named negated_conclusion))
(check-sat)
