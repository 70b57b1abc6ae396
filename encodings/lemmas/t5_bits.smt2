; lemma: t5_bits
; label: T5
; statement: b >= log2(k D^2 / (8 eps)) for output codes of b bits
; reading: B = 2^b
; hypothesis range, lemma t5_range: R >= k D^2 / 4
; hypothesis counting, lemma t3_bits: B >= R / (2 eps)
; hypothesis tolerance, meaning: eps > 0
; sharp: share = 101/100
; beside: t5_peak_curvature_of_a_sine
(set-logic QF_NRA)
(declare-const k Real)
(declare-const D Real)
(declare-const R Real)
(declare-const B Real)
(declare-const eps Real)
(define-fun share () Real 1.0)
(assert (! (>= R (/ (* k D D) 4.0)) :named range))
(assert (! (>= B (/ R (* 2.0 eps))) :named counting))
(assert (! (> eps 0.0) :named tolerance))
(assert (! (not (>= B (* share (/ (* k D D) (* 8.0 eps))))) :named negated_conclusion))
(check-sat)
