; wrong: s1_held_operand_in_a_directed_mode
; label: S1
; claim: |fl(a + b) - (a + b)| <= min(|a|, |b|) in mode `down`
; flaw: the nearest number is not taken
; hypothesis first, meaning: p = 3: a = n, a whole number from 5 to 7, lies in the binade [4, 8), whose spacing is 1
; hypothesis second, meaning: b = -m/4 with m a whole number from 1 to 3, a number too
; hypothesis down, meaning: fl(a + b) = n - 1, the largest number below
; instead: s1_held_operand
; counterexample: p = 3, a = {n}, b = {b}: a + b is rounded down to {v}
(set-logic QF_NIRA)
(declare-const b Real)
(declare-const v Real)
(declare-const n Int)
(declare-const m Int)
(assert (! (and (>= n 5) (<= n 7)) :named first))
(assert (! (and (>= m 1) (<= m 3) (= b (- (/ (to_real m) 4.0)))) :named second))
(assert (! (= v (- (to_real n) 1.0)) :named down))
(assert (! (not (and (<= (ite (>= (- v (+ (to_real n) b)) 0.0) (- v (+ (to_real n) b)) (- (- v (+ (to_real n) b)))) (ite (>= (to_real n) 0.0) (to_real n) (- (to_real n)))) (<= (ite (>= (- v (+ (to_real n) b)) 0.0) (- v (+ (to_real n) b)) (- (- v (+ (to_real n) b)))) (ite (>= b 0.0) b (- b))))) :named negated_claim))
(check-sat)
