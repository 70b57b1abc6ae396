; lemma: layer_softmax_curvature
; label: section 5
; statement: softmax of any n: kappa <= sqrt2/4, that is |D^2 softmax(v, v)|^2 <= 1/2 for unit v
; reading: m = sum p_i v_i, w_i = (v_i - m)^2, mean = sum p_i w_i, variance = sum p_i (w_i - mean)^2, square = |D^2 softmax(v, v)|^2
; hypothesis contraction, by hand softmax-curvature: square <= variance / 2
; hypothesis spread, by hand softmax-curvature: variance <= mean (2 - mean), since every w_i lies in [0, 2]
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const square Real)
(declare-const variance Real)
(declare-const mean Real)
(define-fun share () Real 1.0)
(assert (! (<= square (/ variance 2.0)) :named contraction))
(assert (! (<= variance (* mean (- 2.0 mean))) :named spread))
(assert (! (not (<= square (* share 0.5))) :named negated_conclusion))
(check-sat)
