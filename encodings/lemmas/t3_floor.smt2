; lemma: t3_floor
; label: T3
; statement: E* >= R / (2N) with at most N distinct outputs
; hypothesis cover, lemma t3_counting_step: R <= 2 N E
; hypothesis number, meaning: N > 0
; sharp: share = 101/100
; beside: t3_radius_for_diameter
(set-logic QF_NRA)
(declare-const R Real)
(declare-const N Real)
(declare-const E Real)
(define-fun share () Real 1.0)
(assert (! (<= R (* 2.0 N E)) :named cover))
(assert (! (> N 0.0) :named number))
(assert (! (not (>= E (* share (/ R (* 2.0 N))))) :named negated_conclusion))
(check-sat)
