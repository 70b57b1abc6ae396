; lemma: t7_range
; label: T7
; statement: f(x) > max F + eps or f(x) < min F - eps: every output is farther than eps
; reading: f = f(x), z the answer
; hypothesis largest, meaning: z <= max F
; hypothesis least, meaning: z >= min F
; hypothesis beyond, premise: f(x) > max F + eps or f(x) < min F - eps
(set-logic QF_NRA)
(declare-const f Real)
(declare-const z Real)
(declare-const top Real)
(declare-const low Real)
(declare-const eps Real)
(assert (! (<= z top) :named largest))
(assert (! (>= z low) :named least))
(assert (! (or (> f (+ top eps)) (< f (- low eps))) :named beyond))
(assert (! (not (or (> (- z f) eps) (< (- z f) (- eps)))) :named negated_conclusion))
(check-sat)
