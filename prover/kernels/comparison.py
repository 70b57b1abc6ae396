"""A kernel's result against the proved tolerance: which elements no correct kernel gives, by how much, and whose fault it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.errors import InputError
from suffice.hardware_specs.format import IntFormat
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.prover.kernels.arrays import is_tensor, numbers
from suffice.prover.kernels.tolerances import ProvedTolerance
from suffice.prover.kernels.upper import Array

SHOWN = 5
"""Elements that a message lists."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """`ratio` is at most the distance from the exact result over the bound, element by element: above 1, no correct kernel gives that.

    `unbounded` elements have no bound; `exceeding` is true where the ratio is above 1 or the result is no number where it must be one.
    """

    ratio: Array
    exceeding: NDArray[np.bool_]
    unbounded: int
    message: str

    def __str__(self) -> str:
        return self.message

    @property
    def within(self) -> bool:
        """Whether a correct kernel may have made this."""
        return not bool(self.exceeding.any())

    @property
    def worst(self) -> float:
        """The largest ratio."""
        return float(self.ratio.max(initial=0.0))


def compared(tolerance: ProvedTolerance, actual: Any, reference: Any = None) -> Comparison:
    """The comparison of a result, and of a reference that it was going to be compared with. Raises InputError for a wrong shape."""
    with keeping_subnormals(), np.errstate(all="ignore"):
        found = _result(tolerance, actual, "actual")
        ratio = _ratio(tolerance, found)
        unbounded = int(np.isinf(tolerance.bound).sum())
        if unbounded == tolerance.bound.size > 0:
            raise InputError(
                "no element has a bound: a correct kernel may overflow in each",
                where=tolerance.op,
                mend="use smaller inputs or a wider format",
            )
        exceeding = ratio > 1
        lines = [_verdict(tolerance, found, ratio, exceeding, unbounded)]
        if exceeding.any():
            lines += _worst(tolerance, found, ratio)
        if reference is not None:
            lines.append(_of_reference(tolerance, _result(tolerance, reference, "reference"), exceeding))
        return Comparison(ratio=ratio, exceeding=exceeding, unbounded=unbounded, message="\n".join(lines))


def _result(tolerance: ProvedTolerance, given: Any, where: str) -> Array:
    """The values of a result. Integers stand for the codes of the output's format."""
    found = numbers(given, where)
    if found.shape != tolerance.bound.shape:
        raise InputError(f"shape {found.shape} where {tolerance.bound.shape} is due", where=where, mend="compare results of one shape")
    fmt = tolerance.kernel.output
    if isinstance(fmt, IntFormat) and fmt.scale is not None and _holds_codes(given):
        return np.asarray((found - float(fmt.zero or 0)) * float(fmt.scale))
    return found


def _holds_codes(given: Any) -> bool:
    if is_tensor(given):
        return not given.is_quantized and not given.is_floating_point()
    return np.issubdtype(np.asarray(given).dtype, np.integer)


def _ratio(tolerance: ProvedTolerance, found: Array) -> Array:
    """A lower bound of distance / bound, 0 within the enclosure; NaN and infinities exceed every finite bound."""
    exact, bound = tolerance.exact, tolerance.bound
    with np.errstate(all="ignore"):
        apart = np.maximum(np.maximum(exact.lo - found, found - exact.hi), 0.0)
        apart = np.nextafter(apart, 0.0)
        ratio = np.where(apart == 0, 0.0, np.nextafter(apart / bound, 0.0))
        ratio = np.where(np.isfinite(found), ratio, np.inf)
        return np.asarray(np.where(np.isinf(bound), 0.0, ratio))


def _verdict(tolerance: ProvedTolerance, found: Array, ratio: Array, exceeding: NDArray[np.bool_], unbounded: int) -> str:
    unchecked = f"; {unbounded} have no bound, for a correct kernel may overflow there" if unbounded else ""
    if not exceeding.any():
        return (
            f"{tolerance.op}: all {found.size} elements are within the proved bound (worst {ratio.max(initial=0.0):.3g} of it){unchecked}"
        )
    count = int(exceeding.sum())
    return (
        f"{tolerance.op}: {count} of {found.size} elements exceed what a correct kernel can give "
        f"(worst {ratio.max():.3g} times the proved bound){unchecked}"
    )


def _worst(tolerance: ProvedTolerance, found: Array, ratio: Array) -> list[str]:
    """The elements that are farthest off, with the assumptions that they contradict."""
    order = np.argsort(-ratio, axis=None)[:SHOWN]
    lines = []
    for flat in order:
        place = tuple(int(i) for i in np.unravel_index(int(flat), ratio.shape))
        if not ratio[place] > 1:
            break
        lo, hi, bound = (float(side[place]) for side in (tolerance.exact.lo, tolerance.exact.hi, tolerance.bound))
        lines.append(
            f"  {list(place)}: {float(found[place])!r}, exact result in [{lo!r}, {hi!r}], "
            f"proved bound {bound:.3g}, ratio {ratio[place]:.3g}"
        )
    labels = ", ".join(entry.label for entry in tolerance.statements)
    return [*lines, f"  by {labels} for " + "; ".join(tolerance.assumptions)]


def _of_reference(tolerance: ProvedTolerance, reference: Array, exceeding: NDArray[np.bool_]) -> str:
    """What the enclosure says of a reference."""
    off = _ratio(tolerance, reference)
    wrong = off > 1
    if not wrong.any():
        return f"the reference is within the proved bound everywhere (worst {off.max(initial=0.0):.3g} of it): it is not at fault"
    both = int((wrong & exceeding).sum())
    fault = "and so is the result there" if both else "where the result is within it"
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
    return (
        f"the reference is at fault: {int(wrong.sum())} of its elements are outside the proved bound of the exact result, {fault} "
        f"(worst at {list(place)}, ratio {off[place]:.3g})"
    )
