; lemma: k_logarithm_of_sum
; label: S1
; statement: |log Sh - log S| <= E/(S - E) where |Sh - S| <= E < S
; reading: change = log Sh - log S = (Sh - S)/xi
; hypothesis error, premise: |Sh - S| <= E
; hypothesis positive, premise: S - E > 0
; hypothesis between, by hand mean-value: change = (Sh - S)/xi with xi between S and Sh
; sharp: share = 99/100
(set-logic QF_NRA)
(declare-const S Real)
(declare-const Sh Real)
(declare-const E Real)
(declare-const xi Real)
(declare-const change Real)
(define-fun share () Real 1.0)
(assert (! (<= (- E) (- Sh S) E) :named error))
(assert (! (> (- S E) 0.0) :named positive))
(assert (! (and (= (* change xi) (- Sh S)) (or (<= S xi Sh) (<= Sh xi S))) :named between))
(assert (! (not (<= (ite (>= change 0.0) change (- change)) (* share (/ E (- S E))))) :named negated_conclusion))
(check-sat)
