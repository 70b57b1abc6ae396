; lemma: t6_curvature_in_a_cell
; label: T6
; statement: on one full cell of width W with |f''| >= 2k: E* >= k W^2 / 8
; reading: g = f or -f; g0 = g at the lower end, g1 in the middle, g2 at the upper end, slope = g' in the middle, D = W; z the answer, E its worst error
; hypothesis taylor_to_the_end, by hand taylor: g(D) >= g(D/2) + g'(D/2) D/2 + k D^2/4
; hypothesis taylor_to_the_start, by hand taylor: g(0) >= g(D/2) - g'(D/2) D/2 + k D^2/4
; hypothesis error_at_the_start, premise: |z - g(0)| <= E
; hypothesis error_in_the_middle, premise: |z - g(W/2)| <= E
; hypothesis error_at_the_end, premise: |z - g(W)| <= E
; sharp: share = 101/100
; beside: t6_cell_of_a_power_of_two
(set-logic QF_NRA)
(declare-const g0 Real)
(declare-const g1 Real)
(declare-const g2 Real)
(declare-const slope Real)
(declare-const k Real)
(declare-const D Real)
(declare-const z Real)
(declare-const E Real)
(define-fun share () Real 1.0)
(assert (! (>= g2 (+ g1 (* slope (/ D 2.0)) (/ (* k D D) 4.0))) :named taylor_to_the_end))
(assert (! (>= g0 (+ (- g1 (* slope (/ D 2.0))) (/ (* k D D) 4.0))) :named taylor_to_the_start))
(assert (! (<= (- E) (- z g0) E) :named error_at_the_start))
(assert (! (<= (- E) (- z g1) E) :named error_in_the_middle))
(assert (! (<= (- E) (- z g2) E) :named error_at_the_end))
(assert (! (not (>= E (* share (/ (* k D D) 8.0)))) :named negated_conclusion))
(check-sat)
