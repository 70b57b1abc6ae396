; lemma: t8_condition_number
; label: T8
; statement: |x f'/f| >= C and f' of one sign on [a, b], 0 < a: relative error >= tanh((C/2) ln(b/a))
; reading: q = (b/a)^C, so that tanh((C/2) ln(b/a)) = (q - 1)/(q + 1) (by hand condition); low = m, top = M, r the relative error
; hypothesis growth, by hand condition: M >= (b/a)^C m
; hypothesis cell, lemma t8_relative_error_of_a_cell: r >= (M - m) / (M + m)
; hypothesis sign, premise: m > 0
; hypothesis ratio, meaning: (b/a)^C >= 1
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const q Real)
(declare-const low Real)
(declare-const top Real)
(declare-const r Real)
(define-fun share () Real 1.0)
(assert (! (>= top (* q low)) :named growth))
(assert (! (>= r (/ (- top low) (+ top low))) :named cell))
(assert (! (> low 0.0) :named sign))
(assert (! (>= q 1.0) :named ratio))
(assert (! (not (>= r (* share (/ (- q 1.0) (+ q 1.0))))) :named negated_conclusion))
(check-sat)
