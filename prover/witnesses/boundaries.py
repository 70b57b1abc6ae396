"""Where a program changes branches: codes next to each other on the two sides of a comparison."""

from __future__ import annotations

import numpy as np

from suffice.encodings.operations import Op
from suffice.prover.witnesses.inputs import Array
from suffice.prover.witnesses.scoring import Judge

_COMPARISONS = (Op.LT, Op.LE, Op.EQ)
_PAIRS = 128
_HALVINGS = 64


def codes_at_boundaries(judge: Judge, codes: Array, random: np.random.Generator) -> Array:
    """Columns of codes on both sides of every comparison, by bisection between codes of the sample that lie on different sides."""
    nodes = judge.case.problem.expression.nodes
    found = [codes[:, :0]]
    for left, right in {node.args for node in nodes if node.op in _COMPARISONS}:
        above = _is_above(judge, codes, left, right)
        low, high = np.flatnonzero(~above), np.flatnonzero(above)
        if not len(low) or not len(high):
            continue
        below = codes[:, random.choice(low, _PAIRS)]
        beyond = codes[:, random.choice(high, _PAIRS)]
        for _ in range(_HALVINGS):
            middle = judge.coded(below + (beyond - below) / 2)
            upper = _is_above(judge, middle, left, right)
            below, beyond = np.where(upper, below, middle), np.where(upper, middle, beyond)
        found += [below, beyond]
    return np.concatenate(found, axis=1)


def _is_above(judge: Judge, codes: Array, left: int, right: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    values = judge.run(codes).values
    return np.broadcast_to(values[left] > values[right], codes.shape[1:])
