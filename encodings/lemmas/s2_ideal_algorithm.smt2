; lemma: s2_ideal_algorithm
; label: S2
; statement: without overflow fl(f(rnd x)) has error <= L (u_in M_x + eta_in) + u_out M + eta_out
; reading: x, xh = |x|_max and |rnd x - x|_max; y = |f(rnd x)|, moved = |f(rnd x) - f(x)|, rounded = |fl(f(rnd x)) - f(rnd x)|, total = |fl(f(rnd x)) - f(x)|
; hypothesis triangle, meaning: total <= rounded + moved
; hypothesis lipschitz, premise: moved <= L |rnd x - x|
; hypothesis input, lemma s1_standard_model: |rnd x - x| <= u_in |x| + eta_in
; hypothesis box, premise: |x| <= M_x
; hypothesis output, lemma s1_standard_model: rounded <= u_out |f(rnd x)| + eta_out
; hypothesis values, premise: |f| <= M
; hypothesis constant, meaning: L >= 0
; hypothesis unit_in, meaning: u_in >= 0
; hypothesis unit_out, meaning: u_out >= 0
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const xh Real)
(declare-const y Real)
(declare-const moved Real)
(declare-const rounded Real)
(declare-const total Real)
(declare-const L Real)
(declare-const ui Real)
(declare-const ei Real)
(declare-const uo Real)
(declare-const eo Real)
(declare-const mx Real)
(declare-const my Real)
(define-fun share () Real 1.0)
(assert (! (<= total (+ rounded moved)) :named triangle))
(assert (! (<= moved (* L xh)) :named lipschitz))
(assert (! (<= xh (+ (* ui x) ei)) :named input))
(assert (! (<= x mx) :named box))
(assert (! (<= rounded (+ (* uo y) eo)) :named output))
(assert (! (<= y my) :named values))
(assert (! (>= L 0.0) :named constant))
(assert (! (>= ui 0.0) :named unit_in))
(assert (! (>= uo 0.0) :named unit_out))
(assert (! (not (<= total (* share (+ (* L (+ (* ui mx) ei)) (* uo my) eo)))) :named negated_conclusion))
(check-sat)
