; lemma: t5_float_bits
; label: T5
; statement: p >= log2(k D^2 / eps) - 4 - log2(1 + 2^-p), or -3 in place of -4 if f has one sign on S, given R >= 3 * 2^(e-p) with 2^e <= max|f| < 2^(e+1)
; reading: u = 2^-p, s = 2^e, top = max|f|, signs = 1 if f has one sign on S, else 2; the statement is k D^2 u <= 8 signs eps (1 + u); 1 + u <= 1 + 2^(1-p), so it is a little stronger than THEORY's line
; hypothesis range, lemma t5_range: R >= k D^2 / 4
; hypothesis sides, by hand signs: R <= signs max|f|
; hypothesis gap, lemma t5_gap_between_floats: E >= h/2, or max|f| <= 2^e + h/2 and E >= h/4, with h = 2 u s
; hypothesis binade, premise: max|f| < 2^(e+1)
; hypothesis one_or_two, meaning: signs > 0
; hypothesis unit, meaning: u > 0
; hypothesis scale, meaning: s > 0
; sharp: share = 99/100
; beside: t5_peak_curvature_of_a_sine, t5_peak_curvature_in_the_plane
(set-logic QF_NRA)
(declare-const k Real)
(declare-const D Real)
(declare-const R Real)
(declare-const E Real)
(declare-const u Real)
(declare-const s Real)
(declare-const top Real)
(declare-const signs Real)
(define-fun share () Real 1.0)
(assert (! (>= R (/ (* k D D) 4.0)) :named range))
(assert (! (<= R (* signs top)) :named sides))
(assert (! (or (>= E (* u s)) (and (<= top (+ s (* u s))) (>= E (/ (* u s) 2.0)))) :named gap))
(assert (! (<= top (* 2.0 s)) :named binade))
(assert (! (> signs 0.0) :named one_or_two))
(assert (! (> u 0.0) :named unit))
(assert (! (> s 0.0) :named scale))
(assert (! (not (<= (* k D D u) (* share 8.0 signs E (+ 1.0 u)))) :named negated_conclusion))
(check-sat)
