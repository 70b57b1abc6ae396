; lemma: t8_full_binade
; label: T8
; statement: a full normal binade in f(X) forces a relative error of u / (1 + u)
; reading: f = s (1 + u) halfway between the floats s = 2^e and s (1 + 2u), u = 2^-p; z the answer, r its relative error
; hypothesis floats, by hand spacing: no float lies between s and s (1 + 2u)
; hypothesis error, premise: |z - f| <= r f
; hypothesis scale, meaning: s > 0
; hypothesis unit, meaning: u > 0
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const z Real)
(declare-const s Real)
(declare-const u Real)
(declare-const r Real)
(define-fun f () Real (* s (+ 1.0 u)))
(define-fun share () Real 1.0)
(assert (! (or (<= z s) (>= z (* s (+ 1.0 (* 2.0 u))))) :named floats))
(assert (! (<= (- (* r f)) (- z f) (* r f)) :named error))
(assert (! (> s 0.0) :named scale))
(assert (! (> u 0.0) :named unit))
(assert (! (not (>= r (* share (/ u (+ 1.0 u))))) :named negated_conclusion))
(check-sat)
