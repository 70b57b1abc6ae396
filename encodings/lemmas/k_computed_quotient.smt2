; lemma: k_computed_quotient
; label: S1
; statement: |ah/bh - a/b| <= (ea + |a/b| eb)/(b - eb) where b > eb
; reading: ah, bh the computed operands
; hypothesis error_of_a, premise: |ah - a| <= ea
; hypothesis error_of_b, premise: |bh - b| <= eb
; hypothesis divisor, premise: b - eb > 0
; hypothesis exact_quotient, meaning: q = a/b
; hypothesis quotient, meaning: qh = ah/bh
; sharp: share = 99/100
; beside: k_quotient_over_the_exact_divisor
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const ah Real)
(declare-const bh Real)
(declare-const ea Real)
(declare-const eb Real)
(declare-const q Real)
(declare-const qh Real)
(define-fun share () Real 1.0)
(assert (! (<= (- ea) (- ah a) ea) :named error_of_a))
(assert (! (<= (- eb) (- bh b) eb) :named error_of_b))
(assert (! (> (- b eb) 0.0) :named divisor))
(assert (! (= (* q b) a) :named exact_quotient))
(assert (! (= (* qh bh) ah) :named quotient))
(assert (! (not (<= (ite (>= (- qh q) 0.0) (- qh q) (- (- qh q))) (* share (/ (+ ea (* (ite (>= q 0.0) q (- q)) eb)) (- b eb))))) :named negated_conclusion))
(check-sat)
