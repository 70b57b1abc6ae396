; lemma: t8_subnormals
; label: T8
; statement: halfway between subnormals the relative error is at least half their spacing over |f(x)|
; reading: h = the spacing, k h and (k + 1) h the two numbers, f = (k + 1/2) h, z the answer, r its relative error
; hypothesis floats, by hand spacing: no number lies between k h and (k + 1) h
; hypothesis error, premise: |z - f| <= r f
; hypothesis spacing, meaning: h > 0
; hypothesis index, meaning: k >= 0
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const z Real)
(declare-const h Real)
(declare-const k Real)
(declare-const r Real)
(define-fun f () Real (* (+ k 0.5) h))
(define-fun share () Real 1.0)
(assert (! (or (<= z (* k h)) (>= z (* (+ k 1.0) h))) :named floats))
(assert (! (<= (- (* r f)) (- z f) (* r f)) :named error))
(assert (! (> h 0.0) :named spacing))
(assert (! (>= k 0.0) :named index))
(assert (! (not (>= r (* share (/ h (* 2.0 f))))) :named negated_conclusion))
(check-sat)
