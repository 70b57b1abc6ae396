; lemma: s1_two_roundings
; label: S1
; statement: two error variables: |F(x, e) - F(x, 0)| <= r_1 sup|dF/de_1| + r_2 sup|dF/de_2|
; reading: difference = F(x, e) - F(x, 0), d_i = dF/de_i at the point t e of the mean value theorem, s_i its supremum
; hypothesis mean_value, by hand mean-value: difference = d1 e1 + d2 e2
; hypothesis slope_1, premise: |d1| <= s1
; hypothesis slope_2, premise: |d2| <= s2
; hypothesis rounding_1, premise: |e1| <= r1
; hypothesis rounding_2, premise: |e2| <= r2
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const difference Real)
(declare-const d1 Real)
(declare-const d2 Real)
(declare-const e1 Real)
(declare-const e2 Real)
(declare-const r1 Real)
(declare-const r2 Real)
(declare-const s1 Real)
(declare-const s2 Real)
(define-fun share () Real 1.0)
(assert (! (= difference (+ (* d1 e1) (* d2 e2))) :named mean_value))
(assert (! (<= (- s1) d1 s1) :named slope_1))
(assert (! (<= (- s2) d2 s2) :named slope_2))
(assert (! (<= (- r1) e1 r1) :named rounding_1))
(assert (! (<= (- r2) e2 r2) :named rounding_2))
(assert (! (not (<= (- (* share (+ (* r1 s1) (* r2 s2)))) difference (* share (+ (* r1 s1) (* r2 s2))))) :named negated_conclusion))
(check-sat)
