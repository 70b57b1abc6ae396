; wrong: s1_flushed_sum_is_exact
; label: S1
; claim: sums below the least normal number are exact (eta = 0), subnormals flushed
; flaw: the exact sum is subnormal, and flushed
; hypothesis operands, meaning: in units of 2^emin, p = 2: a = -k/2 and b = m/2 with k and m whole numbers from 2 to 4, so that both are normal numbers
; hypothesis flush, meaning: fl(a + b) = a + b, or 0 below 2^emin
; instead: s1_flushing
; counterexample: p = 2, in units of 2^emin: a = {a}, b = {b}: fl(a + b) = {w}
(set-logic QF_NIRA)
(declare-const a Real)
(declare-const b Real)
(declare-const w Real)
(declare-const k Int)
(declare-const m Int)
(assert (! (and (>= k 2) (<= k 4) (= a (- (/ (to_real k) 2.0))) (>= m 2) (<= m 4) (= b (/ (to_real m) 2.0))) :named operands))
(assert (! (= w (ite (< (ite (>= (+ a b) 0.0) (+ a b) (- (+ a b))) 1.0) 0.0 (+ a b))) :named flush))
(assert (! (not (= w (+ a b))) :named negated_claim))
(check-sat)
