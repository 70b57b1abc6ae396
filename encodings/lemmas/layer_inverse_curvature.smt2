; lemma: layer_inverse_curvature
; label: section 5
; statement: A -> inverse(A), |inverse| <= K: kappa = K^3
; reading: i = |inverse(A)|, h = |H|, s = half of |D^2 inverse(A)(H, H)| = |inverse(A) H inverse(A) H inverse(A)|
; hypothesis resolvent, by hand resolvent: s <= i h i h i
; hypothesis bound, premise: i <= K
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const i Real)
(declare-const h Real)
(declare-const s Real)
(declare-const K Real)
(define-fun share () Real 1.0)
(assert (! (<= s (* i h i h i)) :named resolvent))
(assert (! (<= i K) :named bound))
(assert (! (not (<= s (* share K K K h h))) :named negated_conclusion))
(check-sat)
