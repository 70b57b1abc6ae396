; wrong: t5_peak_curvature_in_the_plane
; label: T5
; claim: p >= log2(c kappa D^2 / eps), D the diameter of the box (here c = 1/8, p = 11)
; flaw: the curvature and the diameter belong to different directions
; hypothesis box, meaning: f(x, y) = y^2 on [0, 1] x [0, d]: kappa = 1, D^2 = 1 + d^2
; hypothesis answer, meaning: the answer 0 has error at most d^2
; instead: t5_bits, t5_float_bits
; counterexample: f(x, y) = y^2 on [0, 1] x [0, {d}]: the constant 0 keeps to eps = {eps} in any format, yet the formula demands more than 11 bits
(set-logic QF_NRA)
(declare-const d Real)
(declare-const eps Real)
(assert (! (> d 0.0) :named box))
(assert (! (= eps (* d d)) :named answer))
(assert (! (not (>= (* 2048.0 eps) (* 0.125 1.0 (+ 1.0 (* d d))))) :named negated_claim))
(check-sat)
