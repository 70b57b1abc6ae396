; lemma: s1_standard_model
; label: S1
; statement: to nearest, subnormals kept, no overflow: fl(z) = z (1 + d) + h with |d| <= u, |h| <= eta, so |fl(z) - z| <= u |z| + eta
; reading: s = 2^e <= |z| of a normal number; error = fl(z) - z
; hypothesis rounding, lemma s1_rounding_to_nearest: |error| <= u s with s <= |z|, or |error| <= eta among subnormals
; hypothesis unit, meaning: u >= 0
; hypothesis subnormal, meaning: eta >= 0
; sharp: share = 99/100
; beside: s1_half_a_spacing_in_a_directed_mode
(set-logic QF_NRA)
(declare-const z Real)
(declare-const s Real)
(declare-const u Real)
(declare-const eta Real)
(declare-const error Real)
(define-fun share () Real 1.0)
(assert (! (or (and (<= (- (* u s)) error (* u s)) (<= s (ite (>= z 0.0) z (- z)))) (<= (- eta) error eta)) :named rounding))
(assert (! (>= u 0.0) :named unit))
(assert (! (>= eta 0.0) :named subnormal))
(assert (! (not (<= (ite (>= error 0.0) error (- error)) (* share (+ (* u (ite (>= z 0.0) z (- z))) eta)))) :named negated_conclusion))
(check-sat)
