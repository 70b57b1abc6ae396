"""Products in Einstein's notation."""

from __future__ import annotations

from math import prod

from suffice.encodings.networks import layers
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import TensorOp
from suffice.errors import InputError


def einsum(b: NetworkBuilder, equation: str, left: Tensor, right: Tensor) -> Tensor:
    """Two operands, every letter at most once in each: axes are sorted into (common, left, summed) and (common, summed, right)."""
    terms, result = _parts(equation, left, right)
    left, terms[0] = _sum_alone(b, left, terms[0], terms[1] + result)
    right, terms[1] = _sum_alone(b, right, terms[1], terms[0] + result)
    common = [c for c in terms[0] if c in terms[1] and c in result]
    summed = [c for c in terms[0] if c in terms[1] and c not in result]
    only = [[c for c in term if c not in other] for term, other in ((terms[0], terms[1]), (terms[1], terms[0]))]
    length = {c: n for term, x in ((terms[1], right), (terms[0], left)) for c, n in zip(term, x.shape, strict=True)}

    def arranged(x: Tensor, term: str, groups: list[list[str]]) -> Tensor:
        order = [term.index(c) for group in (common, *groups) for c in group]
        shape = [length[c] for c in common] + [prod(length[c] for c in group) for group in groups]
        return b.rearrange(x, lambda index: index.transpose(order).reshape(shape))

    product = b.matmul(arranged(left, terms[0], [only[0], summed]), arranged(right, terms[1], [summed, only[1]]))
    letters = common + only[0] + only[1]
    shape = [length[c] for c in letters]
    return b.rearrange(product, lambda index: index.reshape(shape).transpose([letters.index(c) for c in result]))


def _parts(equation: str, left: Tensor, right: Tensor) -> tuple[list[str], str]:
    """The letters of both operands and of the result."""
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    fits = arrow and len(terms) == 2 and all(len(set(term)) == len(term) for term in (*terms, result)) and "." not in equation
    lengths: dict[str, int] = {}
    for term, x in zip(terms, (left, right), strict=False):
        fits = fits and len(term) == len(x.shape) and all(lengths.setdefault(c, n) == n for c, n in zip(term, x.shape, strict=False))
    if not fits or not set(result) <= set(lengths):
        mend = "use two operands, an arrow and no letter twice in one of them"
        raise InputError(f"the equation {equation!r} of {left.shape} and {right.shape}", mend=mend)
    return terms, result


def _sum_alone(b: NetworkBuilder, x: Tensor, term: str, others: str) -> tuple[Tensor, str]:
    """Sum over the letters that stand in this operand only."""
    alone = [axis for axis, letter in enumerate(term) if letter not in others]
    if not alone:
        return x, term
    return layers.reduce_axes(b, TensorOp.SUM, x, alone, False), "".join(c for c in term if c in others)
