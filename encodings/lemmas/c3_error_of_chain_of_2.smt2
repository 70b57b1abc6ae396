; lemma: c3_error_of_chain_of_2
; label: C3
; statement: E_2 <= sum over i <= 2 of (product of later L) e_i + (product of all L) E_0
; reading: t_i = E_i, l_i = L_i, r_i = e_i; L_1 may have any sign, since no other constant multiplies its inequality before it is used
; hypothesis step_1, lemma c3_error_step: E_1 <= L_1 E_0 + e_1
; hypothesis step_2, lemma c3_error_step: E_2 <= L_2 E_1 + e_2
; hypothesis constant_2, meaning: a Lipschitz constant is not negative
; sharp: share = 99/100
; beside: c3_phi_counted_twice
(set-logic QF_NRA)
(declare-const t0 Real)
(declare-const t1 Real)
(declare-const t2 Real)
(declare-const l1 Real)
(declare-const r1 Real)
(declare-const l2 Real)
(declare-const r2 Real)
(define-fun share () Real 1.0)
(assert (! (<= t1 (+ (* l1 t0) r1)) :named step_1))
(assert (! (<= t2 (+ (* l2 t1) r2)) :named step_2))
(assert (! (>= l2 0.0) :named constant_2))
(assert (! (not (<= t2 (* share (+ (* l2 r1) r2 (* l2 l1 t0))))) :named negated_conclusion))
(check-sat)
