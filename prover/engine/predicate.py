"""Preconditions over boxes of real inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.hardware_specs.upward import Array, Upward
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.constants import pair_of, real_ends
from suffice.prover.engine.intervals import Truths
from suffice.prover.engine.operate import TRUTHS, Numbers, operate, truth


class Predicate:
    """An expression that is true or false of real inputs."""

    def __init__(self, expression: Expression, up: Upward) -> None:
        self._nodes, self._up = expression.nodes, up
        self._constants = {k: pair_of(*real_ends(node)) for k, node in enumerate(self._nodes) if node.op in (Op.CONST, Op.PI, Op.E)}

    def is_surely_false(self, low: Mapping[str, Array], high: Mapping[str, Array]) -> NDArray[np.bool_]:
        """For every box, whether no point satisfies the predicate."""
        pairs: Numbers = []
        truths: dict[int, Truths] = {}
        signs = [iv.UNKNOWN] * len(self._nodes)
        for k, node in enumerate(self._nodes):
            if node.op in TRUTHS:
                truths[k] = truth(node, pairs, truths)
                pairs.append(None)
            elif node.op is Op.VAR:
                pairs.append((-low[str(node.payload)], high[str(node.payload)]))
            else:
                pairs.append(self._constants[k] if k in self._constants else operate(self._up, node, pairs, truths, signs))
        return ~truths[len(self._nodes) - 1][0]
