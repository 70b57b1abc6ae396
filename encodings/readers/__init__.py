"""From what people write to a problem: numbers, infix text, FPCore, TOML files, SymPy."""
