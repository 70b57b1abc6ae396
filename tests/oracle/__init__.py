"""An independent oracle: exhaustive truth on small formats, sharing only the plain data types with the project.

`truth.truth` brackets E* and E(P); `truth.contradictions` compares a result with them; `random_problems.cases` draws questions.
"""
