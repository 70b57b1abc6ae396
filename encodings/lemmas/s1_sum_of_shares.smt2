; lemma: s1_sum_of_shares
; label: S1
; statement: |F(x, e) - F(x, 0)| <= sum r_i sup|dF/de_i|: one more term, so any number of them
; reading: before = the sum of the terms so far, bound its bound; slope = dF/de_i at the point of the mean value theorem, e = e_i, r = r_i, sup = sup|dF/de_i|; the difference is before + slope e
; hypothesis so_far, by hand induction: |before| <= bound
; hypothesis slope_bound, premise: |dF/de_i| <= sup over the leaf and the box of errors
; hypothesis rounding, premise: |e_i| <= r_i
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const before Real)
(declare-const bound Real)
(declare-const slope Real)
(declare-const e Real)
(declare-const r Real)
(declare-const sup Real)
(define-fun share () Real 1.0)
(assert (! (<= (- bound) before bound) :named so_far))
(assert (! (<= (- sup) slope sup) :named slope_bound))
(assert (! (<= (- r) e r) :named rounding))
(assert (! (not (<= (- (* share (+ bound (* r sup)))) (+ before (* slope e)) (* share (+ bound (* r sup))))) :named negated_conclusion))
(check-sat)
