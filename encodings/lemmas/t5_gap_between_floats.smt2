; lemma: t5_gap_between_floats
; label: T5
; statement: f(S) of length R >= 3 * 2^(e-p) with 2^e <= max|f| < 2^(e+1) holds a point that no float is near: h/2 away, or h/4 if max|f| <= 2^e + h/2
; reading: in units of h = 2^(e-p+1), measured from 2^e: f(S) = [low, top] (f or -f), x the point, n the answer there, a whole number j - d or below -1/2; E its error; j = floor(top - 1/2)
; hypothesis length, premise: R >= 3/2 h
; hypothesis binade, premise: max|f| >= 2^e
; hypothesis floor_below, by hand floor-and-ceiling: j <= top - 1/2
; hypothesis floor_above, by hand floor-and-ceiling: top - 1/2 < j + 1
; hypothesis floats, by hand spacing: a float is a whole number of spacings above 2^e, or at least half a spacing below
; hypothesis answer, premise: |x - n| <= E
; sharp: share = 101/100
(set-logic QF_NIRA)
(declare-const low Real)
(declare-const top Real)
(declare-const n Real)
(declare-const E Real)
(declare-const j Int)
(declare-const d Int)
(define-fun x () Real (ite (>= top 0.5) (+ (to_real j) 0.5) (- 0.25)))
(define-fun share () Real 1.0)
(assert (! (<= low (- top 1.5)) :named length))
(assert (! (>= top 0.0) :named binade))
(assert (! (<= (to_real j) (- top 0.5)) :named floor_below))
(assert (! (< (- top 0.5) (+ (to_real j) 1.0)) :named floor_above))
(assert (! (or (and (>= n 0.0) (= n (- (to_real j) (to_real d)))) (<= n (- 0.5))) :named floats))
(assert (! (<= (- E) (- x n) E) :named answer))
(assert (! (not (and (<= low x) (<= x top) (or (>= E (* share 0.5)) (and (<= top 0.5) (>= E (* share 0.25)))))) :named negated_conclusion))
(check-sat)
