; lemma: t3_counting_step
; label: T3
; statement: N intervals of radius E that cover an interval have 2 N E >= its length: from N to N + 1
; reading: [a, b] is covered by N + 1 intervals; z is the centre of one that holds a; the point x lies beyond it, and what the others must cover from x on is [x, b]
; hypothesis first, premise: the interval around z holds a: z - E <= a
; hypothesis induction, by hand counting: if z + E < x <= b, the other N cover [x, b], and b - x <= 2 N E
; hypothesis number, meaning: N >= 0
; hypothesis radius, meaning: E >= 0
; sharp: share = 99/100
; beside: t3_radius_for_diameter
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const z Real)
(declare-const N Real)
(declare-const E Real)
(define-fun excess () Real (- (- b a) (* 2.0 (+ N 1.0) E)))
(define-fun x () Real (+ a (* 2.0 E) (/ excess 2.0)))
(define-fun share () Real 1.0)
(assert (! (<= (- z E) a) :named first))
(assert (! (=> (and (< (+ z E) x) (<= x b)) (<= (- b x) (* 2.0 N E))) :named induction))
(assert (! (>= N 0.0) :named number))
(assert (! (>= E 0.0) :named radius))
(assert (! (not (<= (- b a) (* share 2.0 (+ N 1.0) E))) :named negated_conclusion))
(check-sat)
