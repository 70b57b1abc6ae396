; lemma: c3_composed_error_functions
; label: C3
; statement: if Phi_f, Phi_g bound the total error as non-decreasing functions of the error that comes in, so does Phi_g(Phi_f(e))
; reading: t1, t2 the errors after f and after g.f; p1 = Phi_f(e); q1 = Phi_g(t1), q2 = Phi_g(p1)
; hypothesis bound_of_f, premise: the error after f is at most Phi_f(e)
; hypothesis bound_of_g, premise: the error after g is at most Phi_g of the error before it
; hypothesis monotone, premise: Phi_g does not decrease
; sharp: share = 99/100
; beside: c3_phi_counted_twice
(set-logic QF_NRA)
(declare-const t1 Real)
(declare-const t2 Real)
(declare-const p1 Real)
(declare-const q1 Real)
(declare-const q2 Real)
(define-fun share () Real 1.0)
(assert (! (<= t1 p1) :named bound_of_f))
(assert (! (<= t2 q1) :named bound_of_g))
(assert (! (=> (<= t1 p1) (<= q1 q2)) :named monotone))
(assert (! (not (<= t2 (* share q2))) :named negated_conclusion))
(check-sat)
