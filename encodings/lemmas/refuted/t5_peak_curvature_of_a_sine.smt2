; wrong: t5_peak_curvature_of_a_sine
; label: T5
; claim: p >= log2(c kappa D^2 / eps) for every format that keeps to eps, kappa the peak of half the second derivative (here c = 1/8, p = 11)
; flaw: a peak of the curvature bounds nothing from below; its floor along the segment does
; hypothesis function, meaning: f(x) = d^2 sin(x/d) on [0, D], d > 0
; hypothesis peak, by Arb half_pi: D >= 2 d > (pi/2) d, so |f''| reaches 1 and kappa = 1/2
; hypothesis answer, by hand sine: the answer 0 has error at most d^2, in every format
; instead: t5_bits, t5_float_bits, t5_peak_curvature_has_no_constant
; counterexample: f(x) = {d}^2 sin(x/{d}) on [0, {D}]: the constant 0 keeps to eps = {eps} in any format, yet the formula demands more than 11 bits
(set-logic QF_NRA)
(declare-const d Real)
(declare-const D Real)
(declare-const eps Real)
(assert (! (> d 0.0) :named function))
(assert (! (>= D (* 2.0 d)) :named peak))
(assert (! (= eps (* d d)) :named answer))
(assert (! (not (>= (* 2048.0 eps) (* 0.125 0.5 D D))) :named negated_claim))
(check-sat)
