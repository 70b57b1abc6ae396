; wrong: c2_lipschitz_on_the_image
; label: C2
; claim: C2 with Lip(g; f(X)) over pairs of image points in place of sup|Dg|
; flaw: an image that is not convex hides slopes of g that the curve's bending meets
; hypothesis bend, meaning: f(t) = (t, c t^2) on [0, 1], g(x, y) = y: kappa(f) = c, kappa(g) = 0, g(f(t)) = c t^2
; hypothesis lipschitz, by hand image-curve: on the image |g - g'| = c |t^2 - t'^2| <= 2 c |t - t'|, so that lip = 2 c is a Lipschitz bound there
; instead: c2_curvature_composition
; counterexample: f(t) = (t, {c} t^2) on [0, 1], g(x, y) = y: kappa(g.f) = {c}, but the bound is at most {lip} * {c}
(set-logic QF_NRA)
(declare-const c Real)
(declare-const lip Real)
(assert (! (> c 0.0) :named bend))
(assert (! (= lip (* 2.0 c)) :named lipschitz))
(assert (! (not (<= c (* lip c))) :named negated_claim))
(check-sat)
