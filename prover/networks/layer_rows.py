"""The table of layers under one program."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from suffice.encodings.enclosures.relaxations.lipschitz import LayerSlopes
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.hardware_specs.accumulation import Kind
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.catalogue import format_name
from suffice.prover.networks.analysis import Analysis
from suffice.prover.networks.results import LayerRow


def layer_rows(program: NetworkProgram, analysis: Analysis, slopes: Sequence[LayerSlopes]) -> tuple[LayerRow, ...]:
    """One row for every layer: what it holds, how it changes errors, and what it adds to them."""
    known = {entry.name: entry for entry in slopes}
    rows = []
    for layer in analysis.layers:
        steps = [step for node, step in program.pairs() if node.layer == layer.name]
        slope = known.get(layer.name)
        rows.append(
            LayerRow(
                name=layer.name,
                range=(Fraction(layer.lo), Fraction(layer.hi)),
                lipschitz=finite(slope.lipschitz_max) if slope is not None else None,
                curvature=finite(slope.curvature) if slope is not None else None,
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
