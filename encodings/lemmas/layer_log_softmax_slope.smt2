; lemma: layer_log_softmax_slope
; label: section 5
; statement: log-softmax of n: L = sqrt(n), that is |J v|^2 <= n |v|^2
; reading: for p at a corner, p_k = 1 (by hand log-softmax): x = v_k, s and q the sum and the sum of squares of the other v_i, so that |J v|^2 = sum (v_i - v_k)^2 = q - 2 x s + (n - 1) x^2
; hypothesis cauchy_schwarz, by hand log-softmax: s^2 <= (n - 1) q
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const n Real)
(declare-const x Real)
(declare-const s Real)
(declare-const q Real)
(define-fun share () Real 1.0)
(assert (! (<= (* s s) (* (- n 1.0) q)) :named cauchy_schwarz))
(assert (! (not (<= (+ q (* (- 2.0) x s) (* (- n 1.0) x x)) (* share n (+ (* x x) q)))) :named negated_conclusion))
(check-sat)
