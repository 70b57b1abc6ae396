; lemma: t5_peak_curvature_has_no_constant
; label: T5
; statement: for every c > 0, every number B of codes and every D > 0 some f and eps have B < c kappa D^2 / eps, kappa the peak curvature, and yet one answer that keeps to eps
; reading: f(x) = d^2 sin(x/d) on [0, D] with d = c D / (2 (B + c)); the answer 0 has error at most eps = d^2 (by hand sine); as 2 d <= D and pi/2 <= 2 (by Arb half_pi), |f''| reaches 1, so kappa = 1/2
; hypothesis constant, premise: c > 0
; hypothesis codes, premise: B > 0
; hypothesis length, premise: D > 0
; beside: t5_peak_curvature_of_a_sine
(set-logic QF_NRA)
(declare-const c Real)
(declare-const D Real)
(declare-const B Real)
(define-fun d () Real (/ (* c D) (* 2.0 (+ B c))))
(assert (! (> c 0.0) :named constant))
(assert (! (> B 0.0) :named codes))
(assert (! (> D 0.0) :named length))
(assert (! (not (and (> d 0.0) (<= (* 2.0 d) D) (< (* B d d) (* c 0.5 D D)))) :named negated_conclusion))
(check-sat)
