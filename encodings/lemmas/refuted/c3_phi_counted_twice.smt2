; wrong: c3_phi_counted_twice
; label: C3
; claim: the total error is Phi_g(Phi_f(e)) + L_g Phi_f(e)
; flaw: Phi_g is already the total error for what comes in: L_g Phi_f counts the same error twice
; hypothesis layers, meaning: f(x) = a x, g(y) = b y, computed without rounding: Phi_f(e) = a e, Phi_g(t) = b t
; instead: c3_composed_error_functions
; counterexample: f(x) = {a} x, g(y) = {b} y, an input error of {e}: the total error is {b} * {a} * {e}, the formula says twice that
(set-logic QF_NRA)
(declare-const a Real)
(declare-const b Real)
(declare-const e Real)
(assert (! (and (> a 0.0) (> b 0.0) (> e 0.0)) :named layers))
(assert (! (not (= (* b a e) (+ (* b (* a e)) (* b (* a e))))) :named negated_claim))
(check-sat)
