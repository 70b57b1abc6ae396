; wrong: s1_held_operand_in_a_directed_mode
; label: S1
; claim: |fl(a + b) - (a + b)| <= min(|a|, |b|) in mode `down`
; flaw: the nearest number is not taken
; hypothesis operands, meaning: a = n, a whole number of spacings, b between -1 and 0
; hypothesis down, meaning: fl(a + b) = n - 1
; instead: s1_held_operand
; counterexample: a = {n} (spacings), b = {b}, rounded down to {v}
(set-logic QF_NIRA)
(declare-const b Real)
(declare-const v Real)
(declare-const n Int)
(assert (! (and (< (- 1.0) b) (< b 0.0) (>= n 1)) :named operands))
(assert (! (= v (- (to_real n) 1.0)) :named down))
(assert (! (not (and (<= (ite (>= (- v (+ (to_real n) b)) 0.0) (- v (+ (to_real n) b)) (- (- v (+ (to_real n) b)))) (ite (>= (to_real n) 0.0) (to_real n) (- (to_real n)))) (<= (ite (>= (- v (+ (to_real n) b)) 0.0) (- v (+ (to_real n) b)) (- (- v (+ (to_real n) b)))) (ite (>= b 0.0) b (- b))))) :named negated_claim))
(check-sat)
