; lemma: s1_unit_roundoff
; label: S1
; statement: to nearest, normal numbers, no overflow: |fl(z) - z| <= u / (1 + u) |z|, u = 2^-p
; reading: z > 0 (or -z), s = 2^e <= z, error = |fl(z) - z|
; hypothesis half_spacing, lemma s1_rounding_to_nearest: error <= u s
; hypothesis start_is_a_number, premise: 2^e is a number: error <= z - s
; hypothesis unit, meaning: u > 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const z Real)
(declare-const s Real)
(declare-const u Real)
(declare-const error Real)
(define-fun share () Real 1.0)
(assert (! (<= error (* u s)) :named half_spacing))
(assert (! (<= error (- z s)) :named start_is_a_number))
(assert (! (> u 0.0) :named unit))
(assert (! (not (<= error (* share (/ u (+ 1.0 u)) z))) :named negated_conclusion))
(check-sat)
