; wrong: t4_peak_slope
; label: T4
; claim: R >= sup|f'| D
; flaw: a peak of the slope bounds nothing from below; its floor does
; hypothesis length, meaning: f(x) = x^2 on [0, D]: sup|f'| = 2 D, R = D^2
; instead: t4_slope
; counterexample: f(x) = x^2 on [0, {D}]: R = {D}^2, sup|f'| D = 2 * {D}^2
(set-logic QF_NRA)
(declare-const D Real)
(assert (! (> D 0.0) :named length))
(assert (! (not (>= (* D D) (* (* 2.0 D) D))) :named negated_claim))
(check-sat)
