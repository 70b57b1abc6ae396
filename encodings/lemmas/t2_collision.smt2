; lemma: t2_collision
; label: T2
; statement: if x and x' share a code, |f(x) - f(x')| <= 2 E*
; reading: a = f(x), b = f(x'), z the one answer, E its worst error
; hypothesis error_at_x, premise: |z - f(x)| <= E
; hypothesis error_at_y, premise: |z - f(x')| <= E
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const z Real)
(declare-const E Real)
(define-fun share () Real 1.0)
(assert (! (<= (- E) (- z a) E) :named error_at_x))
(assert (! (<= (- E) (- z b) E) :named error_at_y))
(assert (! (not (<= (- (* share 2.0 E)) (- a b) (* share 2.0 E))) :named negated_conclusion))
(check-sat)
