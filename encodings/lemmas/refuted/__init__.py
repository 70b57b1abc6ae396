"""Wrong variants of the lemmas: satisfiable scripts, whose models are counterexamples."""
