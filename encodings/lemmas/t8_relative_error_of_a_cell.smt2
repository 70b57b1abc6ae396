; lemma: t8_relative_error_of_a_cell
; label: T8
; statement: relative error >= (M - m) / (M + m), M and m the max and min of |f| on a cell where f has one sign
; reading: low = m, top = M, z the answer (f > 0, else -f), r its relative error
; hypothesis error_at_the_least, premise: |z - m| <= r m
; hypothesis error_at_the_largest, premise: |z - M| <= r M
; hypothesis sign, premise: m > 0
; hypothesis order, meaning: M >= m
; sharp: share = 101/100
; beside: t8_half_the_range_over_the_least
(set-logic QF_NRA)
(declare-const low Real)
(declare-const top Real)
(declare-const z Real)
(declare-const r Real)
(define-fun share () Real 1.0)
(assert (! (<= (ite (>= (- z low) 0.0) (- z low) (- (- z low))) (* r (ite (>= low 0.0) low (- low)))) :named error_at_the_least))
(assert (! (<= (ite (>= (- z top) 0.0) (- z top) (- (- z top))) (* r (ite (>= top 0.0) top (- top)))) :named error_at_the_largest))
(assert (! (> low 0.0) :named sign))
(assert (! (>= top low) :named order))
(assert (! (not (>= r (* share (/ (- top low) (+ top low))))) :named negated_conclusion))
(check-sat)
