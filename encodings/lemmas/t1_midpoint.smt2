; lemma: t1_midpoint
; label: T1
; statement: an interval of f(X) inside one binade, as long as one spacing h there, gives E* >= h / 2
; reading: in units of h, from the start of the binade: the interval is [a, a + 1], its numbers are integers; j + 1/2 is the midpoint meant, j - d the answer there, and E its error
; hypothesis at_least, by hand floor-and-ceiling: j = ceiling(a - 1/2) >= a - 1/2
; hypothesis at_most, by hand floor-and-ceiling: j = ceiling(a - 1/2) <= a + 1/2
; hypothesis answer, premise: |(j + 1/2) - (j - d)| <= E
; sharp: share = 101/100
(set-logic QF_NIRA)
(declare-const a Real)
(declare-const E Real)
(declare-const j Int)
(declare-const d Int)
(define-fun x () Real (+ (to_real j) 0.5))
(define-fun share () Real 1.0)
(assert (! (>= (to_real j) (- a 0.5)) :named at_least))
(assert (! (<= (to_real j) (+ a 0.5)) :named at_most))
(assert (! (<= (- E) (+ (to_real d) 0.5) E) :named answer))
(assert (! (not (and (<= a x) (<= x (+ a 1.0)) (>= E (* share 0.5)))) :named negated_conclusion))
(check-sat)
