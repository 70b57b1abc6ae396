; wrong: s1_flushed_sum_is_exact
; label: S1
; claim: sums below the least normal number are exact (eta = 0), subnormals flushed
; flaw: the exact sum is subnormal, and flushed
; hypothesis operands, meaning: normal numbers a and b
; hypothesis flush, meaning: fl(a + b) = a + b, or 0 below 2^emin
; instead: s1_flushing
; counterexample: 2^emin = {least}, a = {a}, b = {b}: fl(a + b) = {w}
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const least Real)
(declare-const w Real)
(assert (! (and (> least 0.0) (or (>= a least) (<= a (- least))) (or (>= b least) (<= b (- least)))) :named operands))
(assert (! (= w (ite (< (ite (>= (+ a b) 0.0) (+ a b) (- (+ a b))) least) 0.0 (+ a b))) :named flush))
(assert (! (not (= w (+ a b))) :named negated_claim))
(check-sat)
