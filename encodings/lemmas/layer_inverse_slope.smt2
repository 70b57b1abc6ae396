; lemma: layer_inverse_slope
; label: section 5
; statement: A -> inverse(A), |inverse| <= K: L = K^2
; reading: i = |inverse(A)|, j = |inverse(B)|, h = |A - B|, s = |inverse(A) - inverse(B)|, in an operator norm
; hypothesis resolvent, by hand resolvent: s <= i h j
; hypothesis first, premise: i <= K
; hypothesis second, premise: j <= K
; hypothesis norm_i, meaning: a norm is not negative
; hypothesis distance, meaning: a norm is not negative
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const i Real)
(declare-const j Real)
(declare-const h Real)
(declare-const s Real)
(declare-const K Real)
(define-fun share () Real 1.0)
(assert (! (<= s (* i h j)) :named resolvent))
(assert (! (<= i K) :named first))
(assert (! (<= j K) :named second))
(assert (! (>= i 0.0) :named norm_i))
(assert (! (>= h 0.0) :named distance))
(assert (! (not (<= s (* share K K h))) :named negated_conclusion))
(check-sat)
