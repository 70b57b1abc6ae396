; lemma: s1_sterbenz
; label: S1
; statement: y/2 <= x <= 2y, x and y numbers of the format, subnormals kept: x - y is one (Sterbenz)
; reading: in units of the finer of the two spacings (by hand spacing): x, y whole numbers, B = 2^p; x - y is then a whole number below 2^p in size, and so a number of the format
; hypothesis significand, by hand spacing: the smaller of x and y is below 2^p units
; hypothesis at_least_half, premise: y <= 2x
; hypothesis at_most_twice, premise: x <= 2y
(set-logic QF_LIA)
(declare-const x Int)
(declare-const y Int)
(declare-const B Int)
(assert (! (or (< x B) (< y B)) :named significand))
(assert (! (<= y (* 2 x)) :named at_least_half))
(assert (! (<= x (* 2 y)) :named at_most_twice))
(assert (! (not (and (< (- x y) B) (< (- y x) B))) :named negated_conclusion))
(check-sat)
