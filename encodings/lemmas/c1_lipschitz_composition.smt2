; lemma: c1_lipschitz_composition
; label: C1
; statement: Lip(g.f; X) <= Lip(g; f(X)) Lip(f; X)
; reading: d0 = |x - y|, d1 = |f(x) - f(y)|, d2 = |g(f(x)) - g(f(y))| for any two points x, y of X, in any norms; lf = Lip(f; X), lg = Lip(g; f(X))
; hypothesis inner, premise: |f(x) - f(y)| <= lf |x - y|
; hypothesis outer, premise: |g(y1) - g(y2)| <= lg |y1 - y2| on f(X)
; hypothesis outer_constant, meaning: a Lipschitz constant is not negative
; sharp: share = 99/100
; beside: c1_product_is_equality
(set-logic QF_NRA)
(declare-const d0 Real)
(declare-const d1 Real)
(declare-const d2 Real)
(declare-const lf Real)
(declare-const lg Real)
(define-fun share () Real 1.0)
(assert (! (<= d1 (* lf d0)) :named inner))
(assert (! (<= d2 (* lg d1)) :named outer))
(assert (! (>= lg 0.0) :named outer_constant))
(assert (! (not (<= d2 (* share lg lf d0))) :named negated_conclusion))
(check-sat)
