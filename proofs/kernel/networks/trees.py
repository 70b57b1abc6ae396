"""A sharper bound of what additions lose, from intervals of the terms (docs/networks.md, "Any order, term by term").

Terms are added by a binary tree, rounding to nearest without flushing; E bounds the error of the whole and of every part. M_i is the
largest magnitude that a sum of i of the terms may have: the i largest max(t, 0), or the i largest max(-t, 0). An addition over s terms
rounds a number of magnitude at most M_s + E. It stands above s - 2 additions over fewer terms, so in the order of s the r-th has
s <= r + 1, and

    error <= sum over products of half(t_k) (0 if products fit) + sum over i = 2 .. n of half(M_i + E),

n the number of terms that are not surely 0. In a chain, in the order of the index, M_i is the largest magnitude of the first i terms' sum.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from operator import mul

from ..formats import Float
from .program import Accumulation
from .rounding import half
from .spans import Spans


def has_sharper_bound(acc: Accumulation) -> bool:
    """Whether terms are added by a binary tree without flushing."""
    fmt = acc.accumulator
    return acc.kind == "additions" and isinstance(fmt, Float) and fmt.subnormals == "kept" and not acc.flushes_inputs


def tree_error(
    acc: Accumulation, row: list[int], x: Spans, bias: tuple[int, int] | None, known: int, scale: tuple[int, int], *, fits: bool
) -> int:
    """The bound for the sum of row_i x_i and the bias, no larger than `known`; `scale` has the places of x and those of the row."""
    fmt = acc.accumulator
    assert isinstance(fmt, Float)
    places, shift = scale
    first, second = list(map(mul, row, x.lo)), list(map(mul, row, x.hi))
    lows, highs = list(map(min, first, second)), list(map(max, first, second))
    products = 0 if fits else _halves(fmt, [-(-max(-lo, hi) >> shift) for lo, hi in zip(lows, highs, strict=True)], places)
    if products is None:
        return known
    if bias is not None:
        lows.append(bias[0] << shift)
        highs.append(bias[1] << shift)
    if acc.order == "sequential":
        sums = [-(-max(-lo, hi) >> shift) for lo, hi in zip(accumulate(lows), accumulate(highs), strict=True)]
        terms = zip(lows, highs, strict=True)
        reaches = [reach + known for reach, (lo, hi) in zip(sums, terms, strict=True) if lo or hi][1:]
    else:
        reaches = [reach + known for reach in _largest_sums(lows, highs, shift)]
    additions = _halves(fmt, reaches, places)
    return known if additions is None else min(known, products + additions)


def _largest_sums(lows: list[int], highs: list[int], shift: int) -> list[int]:
    """M_2, M_3, ..., M_n."""
    count = sum(1 for lo, hi in zip(lows, highs, strict=True) if lo or hi)
    above = sorted((hi for hi in highs if hi > 0), reverse=True)
    below = sorted((-lo for lo in lows if lo < 0), reverse=True)
    above += [0] * (count - len(above))
    below += [0] * (count - len(below))
    sums = map(max, accumulate(above), accumulate(below))
    return [-(-reach >> shift) for reach in sums][1:]


def _halves(fmt: Float, sizes: list[int], places: int) -> int | None:
    """The sum of half(m); None where one may overflow. It depends on the binade of m alone, or is m itself where that is less."""
    total = 0
    for bits, count in Counter([(size - 1).bit_length() for size in sizes if size > 0]).items():
        error = half(fmt, 0, 1 << bits, places)
        if error is None:
            error = half(fmt, 0, max(size for size in sizes if (size - 1).bit_length() == bits), places)
        if error is None:
            return None
        total += count * error
    return total
