"""Branch and bound for S1 over many boxes at once: intervals of float64, rounded outward by the hardware.

`bound_error` is rigorous by itself; the kernel derives the same bound again from the cuts of its tree.
"""

from __future__ import annotations

from suffice.hardware_specs.upward import keeping_subnormals
from suffice.prover.case import Case
from suffice.prover.engine.branching import BranchAndBound, Found, box_ends
from suffice.prover.engine.branching import Effort as Effort
from suffice.prover.engine.branching import Splits as Splits
from suffice.prover.engine.branching import leaf_positions as leaf_positions
from suffice.prover.engine.branching import splits_of as splits_of
from suffice.prover.engine.sweep import Sweep


@keeping_subnormals()
def bound_error(case: Case, effort: Effort) -> Found:
    """A bound of the program's error over the whole box, as tight as the effort allows."""
    names = sorted(case.problem.box)
    sides = [case.problem.box[name] for name in names]
    low, high = box_ends([side.lo for side in sides], [side.hi for side in sides])
    return BranchAndBound(Sweep(case), names, low, high, effort).run()
