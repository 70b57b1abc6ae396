"""The table of layers under one program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import isfinite

from suffice.encodings.enclosures.relaxations.lipschitz import NetworkSlopes
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.hardware_specs.accumulation import Kind
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.catalogue import format_name
from suffice.prover.networks.analysis import Analysis
from suffice.prover.networks.results import LayerRow


def layer_rows(program: NetworkProgram, analysis: Analysis, slopes: Sequence[NetworkSlopes]) -> tuple[LayerRow, ...]:
    """One row for every layer: what it holds, how it changes errors, and what it adds to them."""
    rows = []
    for layer in analysis.layers:
        steps = [step for node, step in program.pairs() if node.layer == layer.name]
        own = [entry for over in slopes for entry in over.layers if entry.name == layer.name]
        rows.append(
            LayerRow(
                name=layer.name,
                range=(Fraction(layer.lo), Fraction(layer.hi)),
                lipschitz=largest(entry.lipschitz_max for entry in own),
                curvature=largest(entry.curvature for entry in own),
                local_error=finite(layer.local_error),
                amplification=finite(layer.amplification),
                contribution=finite(layer.contribution),
                method=layer.method.value,
                weights=next((storage_name(step.weights) for step in steps if step.weights is not None), ""),
                activations=next((storage_name(step.stored) for step in reversed(steps) if step.stored is not None), ""),
                accumulation=next((accumulation_name(step) for step in steps if step.accumulation is not None), ""),
            )
        )
    return tuple(rows)


def finite(number: float | None) -> Fraction | None:
    """The number, None where it is infinite or unknown."""
    return Fraction(number) if number is not None and isfinite(number) else None


def largest(numbers: Iterable[float | None]) -> Fraction | None:
    """The largest of the numbers, None where one is infinite or unknown, or there is none."""
    known = [finite(number) for number in numbers]
    return max((number for number in known if number is not None), default=None) if None not in known else None


def storage_name(stored: Storage | None) -> str:
    """What a tensor is held in."""
    if stored is None:
        return ""
    return stored.name if isinstance(stored, BlockFormat) else format_name(stored)


def accumulation_name(step: Step) -> str:
    """How a step adds: the accumulator and the order or the group."""
    added = step.accumulation
    if added is None:
        return ""
    accumulator = format_name(added.accumulator)
    if added.kind is Kind.EXACT:
        return f"{accumulator}, exact"
    return f"{accumulator}, groups of {added.group}" if added.kind is Kind.GROUPS else f"{accumulator}, {added.order} order"
