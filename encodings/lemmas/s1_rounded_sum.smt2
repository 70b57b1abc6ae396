; lemma: s1_rounded_sum
; label: S1
; statement: |fl(ah + bh) - (a + b)| <= ea + eb + r
; reading: ah, bh the computed operands, z the computed sum
; hypothesis error_of_a, premise: |ah - a| <= ea
; hypothesis error_of_b, premise: |bh - b| <= eb
; hypothesis rounding, premise: |z - (ah + bh)| <= r
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const ah Real)
(declare-const bh Real)
(declare-const ea Real)
(declare-const eb Real)
(declare-const z Real)
(declare-const r Real)
(define-fun share () Real 1.0)
(assert (! (<= (- ea) (- ah a) ea) :named error_of_a))
(assert (! (<= (- eb) (- bh b) eb) :named error_of_b))
(assert (! (<= (- r) (- z (+ ah bh)) r) :named rounding))
(assert (! (not (<= (- (* share (+ ea eb r))) (- z (+ a b)) (* share (+ ea eb r)))) :named negated_conclusion))
(check-sat)
