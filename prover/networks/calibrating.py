"""Integer codes that hold what a program computes, not only what the exact network does: then no value saturates, or hardly any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, hull
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram, Storage
from suffice.errors import DomainError
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.prover.networks.constants import constants
from suffice.prover.networks.forward import propagate
from suffice.prover.networks.placing import uniform

ROUNDS = 2
"""How often the ranges are widened by the errors of the program that they led to."""


def calibrated(
    network: Network,
    fmt: str | Storage,
    inputs: InputSet,
    tightened: Sequence[Mapping[int, Intervals]],
    *,
    device: str = "generic",
    output: str | Storage | None = None,
    input: str | Storage | None = None,
) -> NetworkProgram:
    """The program that `uniform` makes, its scales chosen from the ranges of computed values over all boxes.

    `tightened` gives the ranges of every node over each box. Where no bound of the error is known, the ranges stay as they were.
    """
    ranges = hulls(tightened)
    program = uniform(network, fmt, device=device, output=output, input=input, ranges=ranges)
    for _ in range(ROUNDS):
        try:
            with keeping_subnormals(), np.errstate(all="ignore"):
                held = constants(program)
                reached = [
                    dict(enumerate(node.reached for node in propagate(program, held, box, inputs.model, exact)))
                    for box, exact in zip(inputs.boxes, tightened, strict=True)
                ]
        except DomainError:
            return program
        program = uniform(network, fmt, device=device, output=output, input=input, ranges=hulls(reached))
    return program


def hulls(ranges: Sequence[Mapping[int, Intervals]]) -> dict[int, Intervals]:
    """For every node the hull of its ranges."""
    found = dict(ranges[0])
    for other in ranges[1:]:
        found = {position: hull(one, other[position]) for position, one in found.items()}
    return found
