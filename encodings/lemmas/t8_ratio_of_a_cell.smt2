; lemma: t8_ratio_of_a_cell
; label: T8
; statement: ln(b/a) >= 2^-p for every full cell [a, b], 0 < a, of a float format
; reading: u = 2^-p, s = 2^e; log = ln(b/a); the cell lies in the binade of 2^e, or around 2^e with a quarter of its width missing below
; hypothesis logarithm, by hand logarithm: ln(b/a) >= 2 (b - a) / (b + a) for b >= a > 0; also by Arb logarithm
; hypothesis cell, by hand spacing: b - a = 2 u s with b <= 2 s, or a = s - u s / 2 and b = s + u s
; hypothesis positive, premise: a > 0
; hypothesis unit, meaning: 0 < u <= 1/2 (p >= 1)
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const s Real)
(declare-const u Real)
(declare-const log Real)
(assert (! (>= log (/ (* 2.0 (- b a)) (+ b a))) :named logarithm))
(assert (! (or (and (= (- b a) (* 2.0 u s)) (<= b (* 2.0 s))) (and (= a (- s (/ (* u s) 2.0))) (= b (+ s (* u s))))) :named cell))
(assert (! (> a 0.0) :named positive))
(assert (! (and (> u 0.0) (<= u 0.5)) :named unit))
(assert (! (not (>= log u)) :named negated_conclusion))
(check-sat)
