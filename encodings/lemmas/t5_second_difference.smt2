; lemma: t5_second_difference
; label: T5
; statement: second derivative >= 2k along a segment of length D: g(0) + g(D) - 2 g(D/2) >= k D^2 / 2
; reading: g0 = g(0), g1 = g(D/2), g2 = g(D), slope = g'(D/2)
; hypothesis taylor_to_the_end, by hand taylor: g(D) >= g(D/2) + g'(D/2) D/2 + k D^2/4
; hypothesis taylor_to_the_start, by hand taylor: g(0) >= g(D/2) - g'(D/2) D/2 + k D^2/4
; sharp: share = 101/100
; beside: t5_peak_curvature_of_a_sine
(set-logic QF_NRA)
(declare-const g0 Real)
(declare-const g1 Real)
(declare-const g2 Real)
(declare-const slope Real)
(declare-const k Real)
(declare-const D Real)
(define-fun share () Real 1.0)
(assert (! (>= g2 (+ g1 (* slope (/ D 2.0)) (/ (* k D D) 4.0))) :named taylor_to_the_end))
(assert (! (>= g0 (+ (- g1 (* slope (/ D 2.0))) (/ (* k D D) 4.0))) :named taylor_to_the_start))
(assert (! (not (>= (- (+ g0 g2) (* 2.0 g1)) (* share (/ (* k D D) 2.0)))) :named negated_conclusion))
(check-sat)
