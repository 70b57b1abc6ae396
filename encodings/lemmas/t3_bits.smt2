; lemma: t3_bits
; label: T3
; statement: b >= log2(R / (2 eps)) for a code of b bits that keeps to eps
; reading: B = 2^b
; hypothesis cover, lemma t3_counting_step: R <= 2 N eps
; hypothesis codes, premise: at most B answers
; hypothesis tolerance, meaning: eps > 0
; sharp: share = 101/100
; beside: t3_radius_for_diameter
(set-logic QF_NRA)
(declare-const R Real)
(declare-const N Real)
(declare-const B Real)
(declare-const eps Real)
(define-fun share () Real 1.0)
(assert (! (<= R (* 2.0 N eps)) :named cover))
(assert (! (<= N B) :named codes))
(assert (! (> eps 0.0) :named tolerance))
(assert (! (not (>= B (* share (/ R (* 2.0 eps))))) :named negated_conclusion))
(check-sat)
