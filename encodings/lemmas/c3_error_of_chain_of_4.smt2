; lemma: c3_error_of_chain_of_4
; label: C3
; statement: E_4 <= sum over i <= 4 of (product of later L) e_i + (product of all L) E_0
; reading: t_i = E_i, l_i = L_i, r_i = e_i
; hypothesis step_1, lemma c3_error_step: E_1 <= L_1 E_0 + e_1
; hypothesis step_2, lemma c3_error_step: E_2 <= L_2 E_1 + e_2
; hypothesis step_3, lemma c3_error_step: E_3 <= L_3 E_2 + e_3
; hypothesis step_4, lemma c3_error_step: E_4 <= L_4 E_3 + e_4
; hypothesis constant_2, meaning: a Lipschitz constant is not negative
; hypothesis constant_3, meaning: a Lipschitz constant is not negative
; hypothesis constant_4, meaning: a Lipschitz constant is not negative
; sharp: share = 99/100
; beside: c3_phi_counted_twice
(set-logic QF_NRA)
(declare-const t0 Real)
(declare-const t1 Real)
(declare-const t2 Real)
(declare-const t3 Real)
(declare-const t4 Real)
(declare-const l1 Real)
(declare-const r1 Real)
(declare-const l2 Real)
(declare-const r2 Real)
(declare-const l3 Real)
(declare-const r3 Real)
(declare-const l4 Real)
(declare-const r4 Real)
(define-fun share () Real 1.0)
(assert (! (<= t1 (+ (* l1 t0) r1)) :named step_1))
(assert (! (<= t2 (+ (* l2 t1) r2)) :named step_2))
(assert (! (<= t3 (+ (* l3 t2) r3)) :named step_3))
(assert (! (<= t4 (+ (* l4 t3) r4)) :named step_4))
(assert (! (>= l2 0.0) :named constant_2))
(assert (! (>= l3 0.0) :named constant_3))
(assert (! (>= l4 0.0) :named constant_4))
(assert (! (not (<= t4 (* share (+ (* l4 l3 l2 r1) (* l4 l3 r2) (* l4 r3) r4 (* l4 l3 l2 l1 t0))))) :named negated_conclusion))
(check-sat)
