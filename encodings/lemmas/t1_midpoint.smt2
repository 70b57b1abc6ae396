; lemma: t1_midpoint
; label: T1
; statement: an interval of f(X) inside one binade, as long as one spacing h there, gives E* >= h / 2
; reading: in units of h, measured from 2^e, the start of the binade: the interval is [a, a + 1]; x = j + 1/2 is the midpoint meant, j = ceiling(a - 1/2); n the answer there, a whole number j - d or below -1/2; E its error
; hypothesis binade, premise: the interval begins in the binade: a >= 0
; hypothesis at_least, by hand floor-and-ceiling: j >= a - 1/2
; hypothesis at_most, by hand floor-and-ceiling: j <= a + 1/2
; hypothesis floats, by hand spacing: a float is a whole number of spacings above 2^e, or at least half a spacing below
; hypothesis answer, premise: |n - x| <= E
; sharp: share = 101/100
(set-logic QF_NIRA)
(declare-const a Real)
(declare-const n Real)
(declare-const E Real)
(declare-const j Int)
(declare-const d Int)
(define-fun x () Real (+ (to_real j) 0.5))
(define-fun share () Real 1.0)
(assert (! (>= a 0.0) :named binade))
(assert (! (>= (to_real j) (- a 0.5)) :named at_least))
(assert (! (<= (to_real j) (+ a 0.5)) :named at_most))
(assert (! (or (and (>= n 0.0) (= n (- (to_real j) (to_real d)))) (<= n (- 0.5))) :named floats))
(assert (! (<= (- E) (- n x) E) :named answer))
(assert (! (not (and (<= a x) (<= x (+ a 1.0)) (>= E (* share 0.5)))) :named negated_conclusion))
(check-sat)
