"""What a correct kernel may do, as data: the formats of its operands, arithmetic, sums and results, and the accuracy of its functions.

A kernel that leaves a rounding out, or computes in a format that has all numbers of the one given here, is correct as well: every statement
adds up bounds of roundings, and such a kernel's terms are not larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, holds, products_fit
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import Device, accumulation_for
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals, power_of_two
from suffice.hardware_specs.vectorised import fits_float64
from suffice.prover.kernels.upper import Array, above, add

FormatGiven = str | Format

FUNCTION_ULPS = 4
"""Accuracy of exp, log, erf, tanh, rsqrt that is assumed where none is given."""

WIDE_EMIN = -126
"""Functions in formats of at least fp32's exponents may flush subnormal results."""

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
_ROLES = ("inputs", "output", "compute", "multiply", "scores", "probabilities", "intermediates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A correct kernel's formats and freedoms.

    `operands` are the formats that inputs arrive in (by name), `multiply` a narrower one to which factors of products are rounded first
    (tf32), `accumulation` how products and sums are added, `compute` the format of all other arithmetic, `output` that of the result, to
    which it is rounded once. `intermediates` (attention: scores and probabilities apart) are formats to which stored intermediate values
    may be rounded once more. No term passes through more than `depth` additions (None: as many as there can be). `function_ulps` is the
    accuracy of functions in units of the last place.
    """

    operands: Mapping[str, Format]
    output: Format
    compute: FloatFormat
    accumulation: Accumulation
    multiply: FloatFormat | None = None
    scores: FloatFormat | None = None
    probabilities: FloatFormat | None = None
    intermediates: FloatFormat | None = None
    function_ulps: int = FUNCTION_ULPS
    depth: int | None = None

    @property
    def unit(self) -> Fraction:
        """u of the arithmetic."""
        return unit_of(self.compute)

    @property
    def merging_unit(self) -> Fraction:
        """u of sums that are interleaved with other arithmetic."""
        accumulator = self.accumulation.accumulator
        return max(self.unit, unit_of(accumulator)) if isinstance(accumulator, FloatFormat) else self.unit

    @property
    def tiny(self) -> Fraction:
        """eta of the arithmetic."""
        return underflow_of(self.compute)

    @property
    def merging_tiny(self) -> Fraction:
        """eta of sums that are interleaved with other arithmetic: what enters them need be no number of the accumulator."""
        accumulator = self.accumulation.accumulator
        return max(self.tiny, underflow_of(accumulator)) if isinstance(accumulator, FloatFormat) else self.tiny

    @property
    def function_unit(self) -> Fraction:
        """The relative error of a function (for erf and tanh, the absolute one)."""
        return max(2 * self.function_ulps, 1) * self.unit

    @property
    def function_tiny(self) -> Fraction:
        """The absolute error that a function may have beside it where its result is subnormal."""
        flushed = power_of_two(self.compute.emin)
        return flushed if self.compute.emin <= WIDE_EMIN else max(self.tiny, self.function_ulps * 2 * self.tiny)


def unit_of(fmt: FloatFormat) -> Fraction:
    """u: |fl(z) - z| <= u |z| + eta (THEORY section 4)."""
    return power_of_two(-fmt.p if fmt.rounding in _NEAREST else 1 - fmt.p)


def underflow_of(fmt: FloatFormat) -> Fraction:
    """eta."""
    if fmt.subnormals is Subnormals.FLUSHED:
        return power_of_two(fmt.emin)
    return unit_of(fmt) * power_of_two(fmt.emin)


def unless_overflow(kernel: Kernel, error: Array, reach: Array) -> Array:
    """The error, infinite where an intermediate value of size `reach` may overflow."""
    largest = kernel.compute.max_finite
    accumulator = kernel.accumulation.accumulator
    if isinstance(accumulator, FloatFormat):
        largest = min(largest, accumulator.max_finite)
    return np.asarray(np.where(reach <= -above(-largest), error, np.inf))


def half(fmt: Format, magnitude: Array) -> Array:
    """The largest |fl(z) - z| over |z| <= magnitude (K1); infinite where the result may overflow. Not for integer codes, which saturate."""
    if isinstance(fmt, ExactFormat):
        return np.zeros_like(magnitude)
    assert isinstance(fmt, FloatFormat)
    finite = np.where(np.isfinite(magnitude), magnitude, 1.0)
    significand, exponent = np.frexp(finite)
    binade = np.maximum(exponent - 1 - (significand == 0.5), fmt.emin)
    shift = fmt.p if fmt.rounding in _NEAREST else fmt.p - 1
    spacing = np.maximum(np.ldexp(1.0, binade - shift), np.finfo(np.float64).smallest_subnormal)
    if fmt.subnormals is Subnormals.FLUSHED:
        spacing = np.maximum(spacing, np.ldexp(1.0, fmt.emin))
    if fmt.rounding in _NEAREST:
        spacing = np.minimum(spacing, magnitude)
    found = np.where(magnitude == 0, 0.0, spacing)
    largest = above(fmt.max_finite)
    if fmt.overflow is Overflow.SATURATE:
        return np.asarray(np.maximum(found, np.where(magnitude > largest, add(magnitude, -largest), 0.0)))
    return np.asarray(np.where(magnitude <= largest, found, np.inf))


def kernel(
    formats: FormatGiven | Mapping[str, FormatGiven],
    names: tuple[str, ...],
    *,
    accumulate: FormatGiven | Accumulation | None = None,
    machine: Device | None = None,
    depth: int | None = None,
    function_ulps: int = FUNCTION_ULPS,
) -> Kernel:
    """The kernel that these formats describe.

    `formats` names one for everything that is stored, or maps roles to them: operands by name or `inputs` for all, `output`, `compute`,
    `multiply`, `scores`, `probabilities`, `intermediates`. Where no compute format is given it is fp32, or fp64 beside fp64. Sums are those
    of `accumulate`, or of the `machine` for the first two operands, else exact between integer codes and in the compute format otherwise.
    Raises FormatError and InputError.
    """
    given = _given(formats, names)
    operands = {name: given.get(name, given.get("inputs", given.get("output"))) for name in names}
    missing = [name for name, fmt in operands.items() if fmt is None]
    if missing:
        raise InputError(f"{missing[0]} has no format", where="formats", mend="give inputs=... or a format of its own")
    known: dict[str, Format] = {name: fmt for name, fmt in operands.items() if fmt is not None}
    for name, fmt in known.items():
        if isinstance(fmt, IntFormat) and fmt.scale is None:
            raise FormatError(f"{name} has codes without a scale", where="formats", mend='give one, as in "int8(scale=1/64,zero=0)"')
    compute = _float(given.get("compute") or _wide(known.values()), "compute")
    first, second = (list(known.values()) * 2)[:2]
    if accumulate is None and machine is not None:
        accumulate = accumulation_for(machine, given.get("multiply", first), given.get("multiply", second))
    accumulation = _accumulation(accumulate, first, second, compute, given.get("multiply"))
    if (
        isinstance(accumulation.accumulator, FloatFormat)
        and accumulation.accumulator != compute
        and not holds(compute, accumulation.accumulator)
    ):
        raise FormatError("arithmetic does not hold the sums", where="compute", mend="give a compute format with all numbers of the sums'")
    return Kernel(
        operands=known,
        output=_stored(given.get("output", first)),
        compute=compute,
        accumulation=accumulation,
        multiply=_optional(given, "multiply"),
        scores=_optional(given, "scores") or _optional(given, "intermediates"),
        probabilities=_optional(given, "probabilities") or _optional(given, "intermediates"),
        intermediates=_optional(given, "intermediates"),
        function_ulps=function_ulps,
        depth=depth,
    )


def _given(formats: FormatGiven | Mapping[str, FormatGiven], names: tuple[str, ...]) -> dict[str, Format]:
    if not isinstance(formats, Mapping):
        return {"inputs": _format(formats)}
    for role in formats:
        if role not in (*names, *_ROLES):
            raise InputError(f"no role is called {role}", where="formats", mend=f"known are {', '.join((*names, *_ROLES))}")
    return {role: _format(text) for role, text in formats.items()}


def _format(given: FormatGiven) -> Format:
    return parse_format(given) if isinstance(given, str) else given


def _wide(formats: Iterable[Format]) -> FloatFormat:
    wide = parse_format("fp32")
    assert isinstance(wide, FloatFormat)
    if any(isinstance(fmt, FloatFormat) and fmt.p > wide.p for fmt in formats):
        return _float(parse_format("fp64"), "compute")
    return wide


def _float(fmt: Format, role: str) -> FloatFormat:
    if not isinstance(fmt, FloatFormat) or not fits_float64(fmt):
        raise FormatError("arithmetic needs a float format that float64 holds", where=role, mend="use fp32, say")
    return fmt


def _optional(given: Mapping[str, Format], role: str) -> FloatFormat | None:
    return _float(given[role], role) if role in given else None


def _stored(fmt: Format) -> Format:
    if not isinstance(fmt, ExactFormat) and not fits_float64(fmt):
        raise FormatError("the result needs a format that float64 holds, with a definite scale", where="output", mend="give scale and zero")
    return fmt


def _accumulation(
    given: FormatGiven | Accumulation | None, first: Format, second: Format, compute: FloatFormat, multiply: Format | None
) -> Accumulation:
    left, right = (first, second) if multiply is None else (multiply, multiply)
    if isinstance(given, Accumulation):
        return replace(given, products_fit=given.products_fit and products_fit(left, right, given.accumulator))
    if given == "exact" or (given is None and isinstance(first, IntFormat) and isinstance(second, IntFormat)):
        return Accumulation(kind=Kind.EXACT, accumulator=IntFormat(qmin=-(1 << 31), qmax=(1 << 31) - 1))
    accumulator = _float(compute if given is None else _format(given), "accumulate")
    exponents = tuple(fmt.emin if isinstance(fmt, FloatFormat) else 0 for fmt in (left, right))
    return Accumulation(
        kind=Kind.ADDITIONS, accumulator=accumulator, products_fit=products_fit(left, right, accumulator),
        smallest_exponents=(exponents[0], exponents[1]),
    )  # fmt: skip
