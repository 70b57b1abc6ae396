; lemma: t5_range
; label: T5
; statement: hence R >= k D^2 / 4
; reading: g0 = g(0), g1 = g(D/2), g2 = g(D), R = max g - min g on the segment
; hypothesis second_difference, lemma t5_second_difference: g(0) + g(D) - 2 g(D/2) >= k D^2 / 2
; hypothesis range_to_the_start, meaning: g(0) - g(D/2) <= R
; hypothesis range_to_the_end, meaning: g(D) - g(D/2) <= R
; sharp: share = 101/100
; beside: t5_peak_curvature_of_a_sine, t5_peak_curvature_in_the_plane
(set-logic QF_NRA)
(declare-const g0 Real)
(declare-const g1 Real)
(declare-const g2 Real)
(declare-const k Real)
(declare-const D Real)
(declare-const R Real)
(define-fun share () Real 1.0)
(assert (! (>= (- (+ g0 g2) (* 2.0 g1)) (/ (* k D D) 2.0)) :named second_difference))
(assert (! (<= (- g0 g1) R) :named range_to_the_start))
(assert (! (<= (- g2 g1) R) :named range_to_the_end))
(assert (! (not (>= R (* share (/ (* k D D) 4.0)))) :named negated_conclusion))
(check-sat)
