"""Set-valued emulation of a program: an interval of machine numbers for every element goes through every step; tight at one input."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, outward, subtract, widen
from suffice.encodings.enclosures.networks.images import image
from suffice.encodings.networks.graph import SMOOTH, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.errors import DomainError
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.format import ExactFormat, Format
from suffice.hardware_specs.vectorised import fits_float64, round_array
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors import SINGLE_ROUNDINGS, compute_errors, held_format
from suffice.prover.networks.local_errors_rounding import keeps, storing_errors

OVERFLOW = "the program may overflow, or no bound of its error is known"


def machine_sets(program: NetworkProgram, constants: tuple[Constants, ...], box: InputBox) -> tuple[Intervals, ...]:
    """Intervals that hold what the program computes for every node, for all inputs of the box (tight for a point).

    Raises DomainError where the program may overflow.
    """
    found: list[Intervals] = []
    held: list[Storage | None] = []
    for position, (node, step) in enumerate(program.pairs()):
        operands = [found[operand] for operand in node.operands]
        formats = [held[operand] for operand in node.operands]
        if node.op is TensorOp.INPUT:
            computed, own = Intervals(box.lo.reshape(node.shape), box.hi.reshape(node.shape)), None
        else:
            computed = _computed(node, step, operands, constants[position], formats)
            own = held_format(node, step, formats)
        demand_finite(computed, node)
        found.append(stored_set(step.stored, computed, own))
        demand_finite(found[-1], node)
        held.append(own if step.stored is None else step.stored)
    return tuple(found)


def demand_finite(values: Intervals, node: TensorNode) -> None:
    """Raise DomainError where values may be infinite or NaN: no store mends that, also not in a format that saturates."""
    if not (np.isfinite(values.lo).all() and np.isfinite(values.hi).all()):
        raise DomainError(OVERFLOW, where=node.name, mend="use a format with a wider range, or smaller inputs")


def set_deviations(exact: tuple[Intervals, ...], sets: tuple[Intervals, ...]) -> tuple[Intervals, ...]:
    """computed - exact for every node."""
    return tuple(subtract(machine, real) for machine, real in zip(sets, exact, strict=True))


def _computed(node: TensorNode, step: Step, operands: list[Intervals], constants: Constants, held: list[Storage | None]) -> Intervals:
    value = image(node, operands, constants.weight, constants.bias)
    if rounds_once(node, step):
        return rounded_ends(step.compute, value)
    return widen(value, compute_errors(node, step, operands, value, constants, held))


def stored_set(stored: Storage | None, computed: Intervals, held: Storage | None) -> Intervals:
    """What values of these intervals are in memory; `held` is a format whose numbers they are already."""
    if stored is None or keeps(stored, held):
        return computed
    if not isinstance(stored, BlockFormat) and rounds_monotonically(stored):
        return rounded_ends(stored, computed)
    return add(computed, storing_errors(stored, computed, held))


def rounds_once(node: TensorNode, step: Step) -> bool:
    """Whether a step rounds the exact result of its operation correctly, to a format that float64 holds."""
    return node.op in SINGLE_ROUNDINGS and (step.ulps == 0 or node.op not in SMOOTH) and rounds_monotonically(step.compute)


def rounds_monotonically(fmt: Format) -> bool:
    """Whether both ends of an interval can be rounded to the format in float64."""
    return isinstance(fmt, ExactFormat) or fits_float64(fmt)


def rounded_ends(fmt: Format, values: Intervals) -> Intervals:
    """Both ends rounded: rounding is monotone. An end that overflows or is NaN makes the whole line."""
    low, high = round_array(fmt, values.lo), round_array(fmt, values.hi)
    with outward():
        unknown = ~(np.isfinite(low) & np.isfinite(high))
    return Intervals(np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high))
