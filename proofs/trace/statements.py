"""The statements of the theory in a sentence each, for readers of a trace."""

from __future__ import annotations

STATEMENTS: dict[str, tuple[str, str]] = {
    "T0": (
        "minimax",
        "All inputs with one code get one answer, so on the cell of a code the error is decided by that answer and by the range "
        "of f on the cell.",
    ),
    "T1": (
        "output gap",
        "Where f(x) lies between two numbers of the output format, every answer is as far off as the nearer of them.",
    ),
    "T2": (
        "input collision",
        "Inputs that round to the same code get the same answer, so half of the distance between their values of f is lost.",
    ),
    "T3": (
        "counting",
        "N answers that come within E of every value of f reach over a range of at most 2 N E, so E is at least the range divided by 2 N.",
    ),
    "T4": (
        "slope floor",
        "Where the slope along a segment keeps its sign and is at least l, f runs through a range of l times its length.",
    ),
    "T5": (
        "curvature floor",
        "Where the second derivative along a segment of length D is at least 2 k, f runs through a range of at least k D^2 / 4.",
    ),
    "T6": (
        "curvature in a cell",
        "Where the second derivative is at least 2 k on a full cell of width W, every answer is off by k W^2 / 8 somewhere in it.",
    ),
    "T7": (
        "range",
        "Where f leaves the range of the output format, every answer is off by at least the distance to its end.",
    ),
    "T8": (
        "relative error",
        "No one answer is relatively close to two values that are relatively far apart, nor to a value far from every output number.",
    ),
    "S1": (
        "program",
        "On each leaf of a cover of the box, the error is at most the sum, over all roundings, of the rounding's size times the "
        "largest slope of the result with respect to it.",
    ),
    "S2": (
        "ideal algorithm",
        "The correctly rounded f of the rounded input is off by what rounding moves the input, times the slope, and by one "
        "rounding of the result.",
    ),
    "W": (
        "witness run",
        "The program is run at one input in exact arithmetic, every operation rounded as its format says.",
    ),
}
"""Label to name and meaning."""

CELL_STATEMENTS = {"T2", "T6", "T8"}
"""Statements about the cells of one format, which say nothing about other formats."""


def described(label: str) -> tuple[str, str]:
    """Name and meaning of a label, also of several joined by "+"."""
    known = [STATEMENTS[part] for part in label.split("+") if part in STATEMENTS]
    return ", ".join(name for name, _ in known), " ".join(meaning for _, meaning in known)
