; lemma: c3_error_step
; label: C3
; statement: E_i <= L_i E_(i-1) + e_i, with L_i a Lipschitz bound on the image widened by a ball of E_(i-1)
; reading: x the exact and xh the computed value before layer g, z the computed value after it; total = |z - g(x)|, added = |z - g(xh)|, passed = |g(xh) - g(x)|, before = |xh - x|
; hypothesis triangle, meaning: |z - g(x)| <= |z - g(xh)| + |g(xh) - g(x)|
; hypothesis rounding, premise: the layer adds at most e on the value that really reaches it
; hypothesis lipschitz, premise: |g(xh) - g(x)| <= l |xh - x|, both points within e0 of the image
; hypothesis error_before, premise: |xh - x| <= e0
; hypothesis constant, meaning: a Lipschitz constant is not negative
; sharp: share = 99/100
; beside: c3_image_not_widened
(set-logic QF_NRA)
(declare-const total Real)
(declare-const added Real)
(declare-const passed Real)
(declare-const before Real)
(declare-const l Real)
(declare-const e0 Real)
(declare-const e Real)
(define-fun share () Real 1.0)
(assert (! (<= total (+ added passed)) :named triangle))
(assert (! (<= added e) :named rounding))
(assert (! (<= passed (* l before)) :named lipschitz))
(assert (! (<= before e0) :named error_before))
(assert (! (>= l 0.0) :named constant))
(assert (! (not (<= total (* share (+ (* l e0) e)))) :named negated_conclusion))
(check-sat)
