"""The formats that C has types for, and which of them hold the numbers of others."""

from __future__ import annotations

from functools import cache

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, Format, Rounding

C_TYPES = ("_Float16", "float", "double")
"""ISO/IEC TS 18661-3 and C23 (_Float16), C11 annex F (float and double are binary32 and binary64)."""


@cache
def natives() -> tuple[FloatFormat, ...]:
    """The formats of `C_TYPES`, each of which holds those before it."""
    found = [parse_format(name) for name in ("fp16", "fp32", "fp64")]
    return tuple(fmt for fmt in found if isinstance(fmt, FloatFormat))


@cache
def carrier(fmt: Format) -> int | None:
    """The position of the smallest native format that has all numbers of a format; None where there is none, or the format does not
    round to nearest even as C does.
    """
    if not isinstance(fmt, FloatFormat) or fmt.rounding is not Rounding.NEAREST_EVEN:
        return None
    return next((k for k, native in enumerate(natives()) if _has_all(native, fmt)), None)


def _has_all(native: FloatFormat, fmt: FloatFormat) -> bool:
    return fmt.p <= native.p and fmt.emin - fmt.p >= native.emin - native.p and fmt.max_finite <= native.max_finite
