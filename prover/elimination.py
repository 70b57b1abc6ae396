"""Linear constraints decided exactly: Fourier-Motzkin elimination that keeps from which constraints each row is made.

What it answers can be checked without it: a solution by putting it in, a refutation by adding up (kernel/farkas.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.proofs.kernel.farkas import Constraint, Linear

MAX_ROWS = 5_000
"""Rows that an elimination may hold."""

ZERO = Fraction(0)


class TooManyRows(Exception):
    """The elimination has grown beyond MAX_ROWS."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A value for every symbol."""

    values: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Refutation:
    """Multipliers of constraints whose sum is a contradiction."""

    multipliers: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Range:
    """What a symbol may be: ends (None: unbounded) and whether each is excluded."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_excluded: bool = False
    high_excluded: bool = False


_End = tuple[Fraction | None, bool]
"""An end, and whether it is excluded."""


@dataclass(frozen=True, slots=True)
class _Row:
    """`form` >= 0 (or > 0, or = 0), the sum of constraints times `origin`."""

    form: Linear
    relation: str
    origin: Linear


@dataclass(frozen=True, slots=True)
class _Eliminated:
    """A symbol and the rows that held it when it was eliminated."""

    symbol: str
    rows: tuple[_Row, ...]


def solve(constraints: Mapping[str, Constraint]) -> Solution | Refutation:
    """A solution of all constraints, or multipliers that show that there is none. Raises TooManyRows."""
    rows = [_Row(known.form, known.relation, {name: Fraction(1)}) for name, known in constraints.items()]
    symbols = sorted({symbol for row in rows for symbol in row.form} - {""})
    rows, steps = _eliminate(rows, symbols)
    for row in rows:
        if _is_false(row):
            sign = -1 if row.form.get("", ZERO) > 0 else 1
            return Refutation({name: sign * multiplier for name, multiplier in row.origin.items()})
    values: dict[str, Fraction] = {}
    for step in reversed(steps):
        values[step.symbol] = _inside(_range(step.symbol, step.rows, values))
    return Solution({symbol: values.get(symbol, ZERO) for symbol in symbols})


def range_of(symbol: str, constraints: Sequence[Constraint]) -> Range | None:
    """The values that a symbol takes over all solutions, exactly; None where there is no solution. Raises TooManyRows."""
    rows = [_Row(known.form, known.relation, {}) for known in constraints]
    rows, _ = _eliminate(rows, sorted({name for row in rows for name in row.form} - {"", symbol}))
    if any(_is_false(row) for row in rows if symbol not in row.form):
        return None
    found = _range(symbol, [row for row in rows if symbol in row.form], {})
    if found.low is None or found.high is None:
        return found
    is_empty = found.low > found.high or (found.low == found.high and (found.low_excluded or found.high_excluded))
    return None if is_empty else found


def _eliminate(rows: list[_Row], symbols: Sequence[str]) -> tuple[list[_Row], list[_Eliminated]]:
    """Rows without the symbols that hold for some values of them, and the steps that lead back."""
    steps: list[_Eliminated] = []
    left = set(symbols)
    while left:
        symbol = _cheapest(left, rows)
        left.remove(symbol)
        held = tuple(row for row in rows if symbol in row.form)
        combined = _without(symbol, held)
        rows = [row for row in rows if symbol not in row.form] + combined
        steps.append(_Eliminated(symbol, held))
        if any(_is_false(row) for row in combined):
            return rows, steps
        if len(rows) > MAX_ROWS:
            raise TooManyRows
    return rows, steps


def _cheapest(symbols: Collection[str], rows: Sequence[_Row]) -> str:
    """The symbol without which there are fewest rows; those of equations come first."""
    equations: set[str] = set()
    lower, upper = dict.fromkeys(symbols, 0), dict.fromkeys(symbols, 0)
    for row in rows:
        if row.relation == "=":
            equations.update(row.form)
        for name, value in row.form.items():
            if name in lower:
                side = lower if value > 0 else upper
                side[name] += 1

    def growth(name: str) -> tuple[bool, int, str]:
        return name not in equations, lower[name] * upper[name] - lower[name] - upper[name], name

    return min(symbols, key=growth)


def _without(symbol: str, rows: Sequence[_Row]) -> list[_Row]:
    equation = next((row for row in rows if row.relation == "="), None)
    if equation is not None:
        return [_combined(symbol, row, equation) for row in rows if row is not equation]
    lower = [row for row in rows if row.form[symbol] > 0]
    upper = [row for row in rows if row.form[symbol] < 0]
    return [_combined(symbol, low, high) for low in lower for high in upper]


def _combined(symbol: str, first: _Row, second: _Row) -> _Row:
    """The sum of two rows in which the symbol cancels; the second is an equation, or has the opposite sign there."""
    factor = -first.form[symbol] / second.form[symbol]
    form, origin = dict(first.form), dict(first.origin)
    for total, part in ((form, second.form), (origin, second.origin)):
        for name, value in part.items():
            total[name] = total.get(name, ZERO) + factor * value
            if not total[name]:
                del total[name]
    relations = {first.relation, second.relation}
    return _Row(form, ">" if ">" in relations else ">=" if ">=" in relations else "=", origin)


def _is_false(row: _Row) -> bool:
    if row.form.keys() - {""}:
        return False
    constant = row.form.get("", ZERO)
    return constant < 0 or (constant == 0 and row.relation == ">") or (constant != 0 and row.relation == "=")


def _range(symbol: str, rows: Sequence[_Row], values: Mapping[str, Fraction]) -> Range:
    """What the rows allow of a symbol, the others having these values."""
    low: _End = (None, False)
    high: _End = (None, False)
    for row in rows:
        rest = sum((value * (values.get(name, ZERO) if name else 1) for name, value in row.form.items() if name != symbol), ZERO)
        end, excluded = -rest / row.form[symbol], row.relation == ">"
        if row.form[symbol] > 0 or row.relation == "=":
            low = max(low, (end, excluded), key=lambda known: (known[0] is not None, known[0] or ZERO, known[1]))
        if row.form[symbol] < 0 or row.relation == "=":
            high = min(high, (end, excluded), key=lambda known: (known[0] is None, known[0] or ZERO, not known[1]))
    return Range(low[0], high[0], low[1], high[1])


def _inside(found: Range) -> Fraction:
    """A number in a range that is not empty: an end of it where that may be."""
    if found.low is not None and not found.low_excluded:
        return found.low
    if found.high is not None and not found.high_excluded:
        return found.high
    if found.low is not None and found.high is not None:
        return (found.low + found.high) / 2
    return found.low + 1 if found.low is not None else found.high - 1 if found.high is not None else ZERO
