"""From an expression to what others read: infix text, LaTeX, FPCore, SMT-LIB, SymPy."""
