; lemma: s1_flushing
; label: S1
; statement: subnormals flushed: |fl(z) - z| <= u |z| + 2^emin, for sums too
; reading: v what rounding without flushing gives, w = fl(z), least = 2^emin
; hypothesis rounding, lemma s1_unit_roundoff: a result that is not flushed has |v - z| <= u |z|
; hypothesis flush, meaning: w = v, or 0 if |v| < least
; hypothesis below_normal, by hand flushed: |v| < least only if |z| < least
; hypothesis unit, meaning: u >= 0
; hypothesis least_normal, meaning: 2^emin > 0
; sharp: share = 99/100
; beside: s1_flushed_sum_is_exact
(set-logic QF_NRA)
(declare-const z Real)
(declare-const v Real)
(declare-const w Real)
(declare-const u Real)
(declare-const least Real)
(define-fun share () Real 1.0)
(assert (! (=> (or (>= v least) (<= v (- least))) (<= (ite (>= (- v z) 0.0) (- v z) (- (- v z))) (* u (ite (>= z 0.0) z (- z))))) :named rounding))
(assert (! (= w (ite (< (ite (>= v 0.0) v (- v)) least) 0.0 v)) :named flush))
(assert (! (=> (< (ite (>= v 0.0) v (- v)) least) (< (ite (>= z 0.0) z (- z)) least)) :named below_normal))
(assert (! (>= u 0.0) :named unit))
(assert (! (> least 0.0) :named least_normal))
(assert (! (not (<= (ite (>= (- w z) 0.0) (- w z) (- (- w z))) (* share (+ (* u (ite (>= z 0.0) z (- z))) least)))) :named negated_conclusion))
(check-sat)
