"""The tolerance of a kernel, for inputs given or for all inputs in a range (docs/kernel_tests.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.device import device as find_device
from suffice.hardware_specs.format import IntFormat, Subnormals
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.proofs.certificate import Certificate
from suffice.prover.kernels.arrays import demand_format, demand_normal, finite, format_of
from suffice.prover.kernels.certificates import certificate_of
from suffice.prover.kernels.contract import FUNCTION_ULPS, FormatGiven, Kernel, kernel
from suffice.prover.kernels.operations import Operation, operation
from suffice.prover.kernels.statements import STATEMENTS, Statement
from suffice.prover.kernels.upper import Array

Formats = FormatGiven | Mapping[str, FormatGiven]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProvedTolerance:
    """What no correct kernel exceeds: |result - exact| <= bound, element by element.

    `bound` is infinite where a correct kernel may overflow. `exact` encloses the exact results (given inputs), or their ranges. A correct
    kernel is one that `kernel` describes, in every order of its sums; `statements` prove it, under `assumptions`.
    """

    op: str
    bound: Array
    exact: Intervals
    kernel: Kernel
    statements: tuple[Statement, ...]
    assumptions: tuple[str, ...]
    inputs: Mapping[str, Array] | None
    options: Mapping[str, Any]

    @property
    def formula(self) -> str:
        """The statements' formulas, one a line."""
        return "\n".join(f"{entry.label}: {entry.formula}" for entry in self.statements)

    @property
    def lemmas(self) -> tuple[str, ...]:
        """The lemmas that two solvers prove (`suffice lemmas NAME`)."""
        return tuple(dict.fromkeys(name for entry in self.statements for name in entry.lemmas))

    def __str__(self) -> str:
        bounded = self.bound[np.isfinite(self.bound)]
        spread = f"bounds from {bounded.min():.3g} to {bounded.max():.3g}" if bounded.size else "no bound: a correct kernel may overflow"
        unbounded = self.bound.size - bounded.size
        without = f", {unbounded} elements without one" if bounded.size and unbounded else ""
        labels = ", ".join(entry.label for entry in self.statements)
        assumed = "; ".join(self.assumptions) or "every correct kernel"
        return f"{self.op}: {self.bound.size} elements, {spread}{without}; by {labels} for {assumed}"

    def certificate(self, element: Sequence[int]) -> Certificate:
        """A certificate that the program in index order keeps to the bound of one element, for the checking kernel (certificates.py)."""
        place = tuple(int(i) for i in element)
        return certificate_of(self.op, self.kernel, self.inputs, self.options, place, float(self.bound[place]))


def proved_tolerance(
    op: str,
    shapes: Mapping[str, Sequence[int]] | Sequence[Sequence[int]] | None = None,
    formats: Formats | None = None,
    *,
    accumulate: FormatGiven | Accumulation | None = None,
    ranges: Mapping[str, tuple[Any, Any]] | tuple[float, float] | None = None,
    inputs: Mapping[str, Any] | Sequence[Any] | None = None,
    device: str | None = None,
    depth: int | None = None,
    function_ulps: int = FUNCTION_ULPS,
    **options: Any,
) -> ProvedTolerance:
    """The elementwise bound of the error of every correct kernel of `op`. Raises SufficeError."""
    rule = operation(op)
    unknown = [name for name in options if name not in rule.options]
    if unknown:
        raise InputError(f"{op} has no option {unknown[0]}", where=op, mend=f"options are {', '.join(rule.options) or 'none'}")
    with keeping_subnormals(), np.errstate(all="ignore"):
        values = None if inputs is None else {name: finite(given, name) for name, given in _named(rule, inputs).items()}
        boxes = _boxes(rule, shapes, ranges) if values is None else {name: point(found) for name, found in values.items()}
        machine = None if device is None else find_device(device)
        described = _formats(rule, formats, inputs)
        chosen = kernel(described, rule.names, accumulate=accumulate, machine=machine, depth=depth, function_ulps=function_ulps)
        for name, found in ({} if values is None else values).items():
            demand_format(found, chosen.operands[name], name)
            if chosen.compute.subnormals is Subnormals.FLUSHED:
                demand_normal(found, chosen.compute, name)
        _check_codes(rule, chosen)
        result = rule.run(chosen, boxes, **options)
        bound = np.broadcast_to(result.error, result.exact.shape)
    return ProvedTolerance(
        op=op, bound=bound, exact=result.exact, kernel=chosen, statements=tuple(STATEMENTS[label] for label in _labels(rule, chosen)),
        assumptions=assumptions_of(rule, chosen), inputs=values, options=dict(options),
    )  # fmt: skip


def _check_codes(rule: Operation, chosen: Kernel) -> None:
    """Only products take codes; other operations would first compute real numbers from them."""
    for name, fmt in chosen.operands.items():
        if isinstance(fmt, IntFormat) and "K3" not in rule.statements[:1]:
            raise InputError(f"{name} comes in integer codes", where=rule.name, mend="give the real numbers that the operation starts from")


def _labels(rule: Operation, chosen: Kernel) -> tuple[str, ...]:
    """The statements of the operation, and that of codes where the result is in them."""
    return tuple(dict.fromkeys((*rule.statements, *(("K11",) if isinstance(chosen.output, IntFormat) else ()))))


def assumptions_of(rule: Operation, chosen: Kernel) -> tuple[str, ...]:
    """What is taken for granted of a correct kernel's arithmetic."""
    lines = [
        _sums(chosen),
        f"other arithmetic in {format_name(chosen.compute)}",
        f"the result rounded once to {format_name(chosen.output)}",
    ]
    if {"K6", "K7", "K8", "K10"} & set(rule.statements) or rule.name == "silu":
        lines.append(f"functions within {chosen.function_ulps} ulp of the exact result (erf and tanh: of 1)")
    if chosen.compute.subnormals is Subnormals.FLUSHED:
        lines.append("no operand is subnormal in the format of arithmetic")
    return tuple(lines)


def _sums(chosen: Kernel) -> str:
    how = chosen.accumulation
    if how.kind is Kind.EXACT:
        return "exact sums of products of codes"
    if how.kind is Kind.GROUPS:
        return f"sums of {how.group} products at once in {format_name(how.accumulator)}, cut to {how.extra_bits} bits more"
    depth = "" if chosen.depth is None else f" of depth {chosen.depth} at most"
    return f"sums in {format_name(how.accumulator)} in {how.order} order{depth}"


def _named(rule: Operation, given: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    """Operands by name."""
    if not isinstance(given, Mapping):
        if not isinstance(given, list | tuple):
            given = (given,)
        given = dict(zip(rule.names, given, strict=False))
    named = {name: entry for name, entry in given.items() if entry is not None}
    wrong = [name for name in named if name not in rule.names] + [name for name in rule.operands if name not in named]
    if wrong:
        raise InputError(f"{wrong[0]} is missing or unknown", where=rule.name, mend=f"operands are {', '.join(rule.names)}")
    return named


def _formats(rule: Operation, formats: Formats | None, inputs: Mapping[str, Any] | Sequence[Any] | None) -> Formats:
    """The formats given, or those of the arrays' own types."""
    if formats is not None:
        return formats
    named = {} if inputs is None else _named(rule, inputs)
    found = {name: format_of(entry if hasattr(entry, "dtype") else np.asarray(entry)) for name, entry in named.items()}
    known = {name: fmt for name, fmt in found.items() if fmt is not None}
    if not known or len(known) < len(found):
        raise InputError("no format is given", where="formats", mend='name it, such as "fp16"')
    return {**known, **{name: known[rule.operands[0]] for name in rule.optional if name not in known}}


def _boxes(
    rule: Operation,
    shapes: Mapping[str, Sequence[int]] | Sequence[Sequence[int]] | None,
    ranges: Mapping[str, tuple[Any, Any]] | tuple[float, float] | None,
) -> dict[str, Intervals]:
    if shapes is None or ranges is None:
        raise InputError(
            "neither inputs nor shapes with ranges are given", where=rule.name, mend="give inputs=..., or shapes and ranges=..."
        )
    named = _named(rule, shapes if isinstance(shapes, Mapping) else tuple(shapes))
    boxes = {}
    for name, shape in named.items():
        if 0 in shape:
            raise InputError("an operand is empty", where=name, mend="give a shape without zeros")
        if isinstance(ranges, Mapping):
            if name not in ranges:
                raise InputError(f"{name} has no range", where="ranges", mend=f"give ranges for {', '.join(named)}")
            ends = ranges[name]
        else:
            ends = ranges
        lo, hi = (np.ascontiguousarray(np.broadcast_to(finite(end, name), tuple(shape))) for end in ends)
        boxes[name] = Intervals(lo, hi)
    return boxes
