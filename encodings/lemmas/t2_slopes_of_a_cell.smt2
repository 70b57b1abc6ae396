; lemma: t2_slopes_of_a_cell
; label: T2
; statement: partials of fixed sign, |d_i f| >= l_i, on a full cell of widths W_i: E* >= sum l_i W_i / 2 (two inputs)
; reading: s_i = |d_i f| at the point of the mean value theorem between the two corners in the direction of the signs; rise = |f(x) - f(x')| there
; hypothesis mean_value, by hand mean-value: rise = s1 w1 + s2 w2
; hypothesis floor_1, premise: |d_1 f| >= l1
; hypothesis floor_2, premise: |d_2 f| >= l2
; hypothesis width_1, meaning: a width is not negative
; hypothesis width_2, meaning: a width is not negative
; hypothesis collision, lemma t2_collision: rise <= 2 E
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const s1 Real)
(declare-const s2 Real)
(declare-const l1 Real)
(declare-const l2 Real)
(declare-const w1 Real)
(declare-const w2 Real)
(declare-const rise Real)
(declare-const E Real)
(define-fun share () Real 1.0)
(assert (! (= rise (+ (* s1 w1) (* s2 w2))) :named mean_value))
(assert (! (>= s1 l1) :named floor_1))
(assert (! (>= s2 l2) :named floor_2))
(assert (! (>= w1 0.0) :named width_1))
(assert (! (>= w2 0.0) :named width_2))
(assert (! (<= rise (* 2.0 E)) :named collision))
(assert (! (not (>= E (* share (/ (+ (* l1 w1) (* l2 w2)) 2.0)))) :named negated_conclusion))
(check-sat)
