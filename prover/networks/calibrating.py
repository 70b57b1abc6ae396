"""Scales of integer codes for a program: of the exact ranges, or wide enough for what the program itself computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.hardware_specs.format import IntFormat
from suffice.prover.networks.analysis import Analysis, analyse

ROUNDS = 3
"""How often ranges are widened by the errors found with the scales so far."""


def calibrated(
    place: Callable[[Mapping[int, Intervals]], NetworkProgram],
    inputs: InputSet,
    exact: Sequence[Mapping[int, Intervals]],
    hulls: Mapping[int, Intervals],
) -> tuple[NetworkProgram, Analysis]:
    """The program with the least bound, and its analysis. `place` makes a program from ranges of nodes.

    Codes that hold the exact range only are fine, but results that err beyond it saturate, which costs the distance; codes that hold
    the errors too are coarser.
    """
    program = place(hulls)
    best = program, analyse(program, inputs, exact)
    if not any(isinstance(step.stored, IntFormat) for step in program.steps):
        return best
    last = best[1]
    for _ in range(ROUNDS):
        if not isfinite(last.bound):
            return best
        program = place(reached(last))
        last = analyse(program, inputs, exact)
        if last.bound < best[1].bound:
            best = program, last
    return best


def reached(analysis: Analysis) -> dict[int, Intervals]:
    """What the program computes at every node: the exact range, widened by the largest deviation."""
    return {
        position: Intervals(np.array([node.lo - node.deviation]), np.array([node.hi + node.deviation]))
        for position, node in enumerate(analysis.nodes)
    }
