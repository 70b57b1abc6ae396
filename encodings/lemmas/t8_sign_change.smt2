; lemma: t8_sign_change
; label: T8
; statement: f changes sign on a cell: no relative tolerance below 1 is possible
; reading: a < 0 < b two values of f there, z the answer, r its relative error
; hypothesis error_below, premise: |z - a| <= r |a|
; hypothesis error_above, premise: |z - b| <= r |b|
; hypothesis negative, premise: a < 0
; hypothesis positive, premise: b > 0
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const z Real)
(declare-const r Real)
(define-fun share () Real 1.0)
(assert (! (<= (ite (>= (- z a) 0.0) (- z a) (- (- z a))) (* r (ite (>= a 0.0) a (- a)))) :named error_below))
(assert (! (<= (ite (>= (- z b) 0.0) (- z b) (- (- z b))) (* r (ite (>= b 0.0) b (- b)))) :named error_above))
(assert (! (< a 0.0) :named negative))
(assert (! (> b 0.0) :named positive))
(assert (! (not (>= r share)) :named negated_conclusion))
(check-sat)
