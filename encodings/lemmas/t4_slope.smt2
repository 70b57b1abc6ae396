; lemma: t4_slope
; label: T4
; statement: |derivative| >= l > 0 along a segment of length D: R >= l D
; reading: rise = f at its end minus f at its start, s = the derivative at the point of the mean value theorem
; hypothesis mean_value, by hand mean-value: rise = s D
; hypothesis floor, premise: |s| >= l
; hypothesis range, meaning: |rise| <= R
; hypothesis length, meaning: D >= 0
; sharp: share = 101/100
; beside: t4_peak_slope
(set-logic QF_NRA)
(declare-const R Real)
(declare-const D Real)
(declare-const l Real)
(declare-const s Real)
(declare-const rise Real)
(define-fun share () Real 1.0)
(assert (! (= rise (* s D)) :named mean_value))
(assert (! (or (>= s l) (<= s (- l))) :named floor))
(assert (! (<= (- R) rise R) :named range))
(assert (! (>= D 0.0) :named length))
(assert (! (not (>= R (* share l D))) :named negated_conclusion))
(check-sat)
