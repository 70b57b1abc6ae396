; lemma: s1_flushing
; label: S1
; statement: subnormals flushed, no overflow: |fl(z) - z| <= u |z| + 2^emin, for sums too
; reading: z >= 0 (else -z), w = fl(z), least = 2^emin, u = 2^-p to nearest and 2^(1-p) in directed modes
; hypothesis normal, by hand flushed: |w - z| <= u z where z >= least
; hypothesis below_normal, by hand flushed: w = 0 or w = least where z < least
; hypothesis sign, meaning: z >= 0
; hypothesis unit, meaning: u >= 0
; hypothesis least_normal, meaning: 2^emin > 0
; sharp: share = 99/100
; beside: s1_flushed_sum_is_exact
(set-logic QF_NRA)
(declare-const z Real)
(declare-const w Real)
(declare-const u Real)
(declare-const least Real)
(define-fun share () Real 1.0)
(assert (! (=> (>= z least) (<= (- (* u z)) (- w z) (* u z))) :named normal))
(assert (! (=> (< z least) (or (= w 0.0) (= w least))) :named below_normal))
(assert (! (>= z 0.0) :named sign))
(assert (! (>= u 0.0) :named unit))
(assert (! (> least 0.0) :named least_normal))
(assert (! (not (<= (- (* share (+ (* u z) least))) (- w z) (* share (+ (* u z) least)))) :named negated_conclusion))
(check-sat)
