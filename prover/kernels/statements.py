"""The statements behind the bounds: formula, proof (docs/kernel_tests.md) and the lemmas that solvers prove."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """A numbered statement of docs/kernel_tests.md; `lemmas` are its algebraic cores (`suffice lemmas NAME`)."""

    label: str
    formula: str
    lemmas: tuple[str, ...]


_ENTRIES = (
    Statement("K1", "|fl(z) - z| <= half the spacing at the largest |z|", ("s1_rounding_to_nearest", "s1_standard_model")),
    Statement(
        "K2",
        "|s^ - sum x| <= sum e + min((n - 1) u, (1 + u)^depth - 1) sum (|x| + e), every order",
        ("k_sum_of_two_parts",),
    ),
    Statement(
        "K3",
        "|s^ - sum a b| <= sum (|a| eb + ea |b| + ea eb) + min(n u, (1 + u)^(depth + 1) - 1) sum |a^ b^| + n eta, every order",
        ("s1_rounded_product", "k_sum_of_two_parts"),
    ),
    Statement("K4", "k more roundings: ((1 + u)^k - 1)(|y| + e) + 2 k eta", ("k_product_of_factors",)),
    Statement("K5", "|a^/b^ - a/b| <= (ea + |a/b| eb)/(b - eb)", ("k_computed_quotient",)),
    Statement(
        "K6",
        "exp(x - max), online or not: e^-D (e^drift (1 + t) - 1) + h; log of the sum: E/(S - E)",
        ("k_product_of_factors", "k_logarithm_of_sum"),
    ),
    Statement("K7", "x (1 + g(t))/2, t (1 + d) for t: |x|/2 (sup|s g'(s)| |log(1 + d)| + f + 2u), and 3 roundings", ("k_gated_product",)),
    Statement("K8", "1/sqrt: |(1 + d)^(-1/2) - 1| <= w/(2(1 - w)), |d| <= w; times x - mean, or x r - mean r", ("k_inverse_root",)),
    Statement(
        "K9",
        "variance in two passes, by merging parts in any tree, or as mean of squares less square of mean",
        ("k_shifted_squares", "k_perturbed_product", "k_depth_of_merges", "k_squares_of_merges"),
    ),
    Statement(
        "K10", "attention: scores by K3 and K4, weights by K6, their sum with values by K3, over the sum by K5", ("k_computed_quotient",)
    ),
    Statement(
        "K11",
        "codes: half a step, what three roundings of x/scale + zero move, and the distance beyond the codes",
        ("k_product_of_factors",),
    ),
)

STATEMENTS: dict[str, Statement] = {entry.label: entry for entry in _ENTRIES}
"""By label."""
