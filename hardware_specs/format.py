"""What a machine can represent. The numbers of a format are its identity; names live in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from suffice.errors import FormatError


class Rounding(StrEnum):
    """How a real between two neighbours is rounded (IEEE 754-2019, section 4.3)."""

    NEAREST_EVEN = "nearest_even"
    NEAREST_AWAY = "nearest_away"
    TOWARD_ZERO = "toward_zero"
    UP = "up"
    DOWN = "down"


class Overflow(StrEnum):
    """What a result too large for the format becomes."""

    INFINITY = "infinity"
    SATURATE = "saturate"
    NAN = "nan"


class Subnormals(StrEnum):
    """Whether results below the smallest normal number are kept or flushed to zero."""

    KEPT = "kept"
    FLUSHED = "flushed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatFormat:
    """A binary floating-point format: sign, `p` significand bits (the hidden bit counted), exponents `emin` to `emax`.

    `max_finite` is the largest finite number and may lie below (2 - 2^(1-p)) 2^emax where codes are spent on NaN.
    `bits` is the storage width, used only for ordering formats by size.
    """

    p: int
    emin: int
    emax: int
    max_finite: Fraction
    bits: int
    infinities: bool = True
    nan: bool = True
    negative_zero: bool = True
    subnormals: Subnormals = Subnormals.KEPT
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.INFINITY

    def __post_init__(self) -> None:
        if self.p < 1 or self.emin > self.emax:
            raise FormatError(f"float(p={self.p},emin={self.emin},emax={self.emax}) is empty", mend="use p >= 1 and emin <= emax")
        if not Fraction(2) ** self.emax <= self.max_finite < Fraction(2) ** (self.emax + 1):
            raise FormatError(f"max_finite {self.max_finite} does not have exponent emax = {self.emax}")
        if (self.max_finite / Fraction(2) ** (self.emax - self.p + 1)).denominator != 1:
            raise FormatError(f"max_finite {self.max_finite} does not fit in p = {self.p} bits")
        if self.overflow is Overflow.INFINITY and not self.infinities:
            raise FormatError("overflow=infinity in a format without infinities", mend="use overflow=saturate or overflow=nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntFormat:
    """Affine integer codes q in [qmin, qmax] standing for scale * (q - zero); results out of range saturate.

    `scale` and `zero` None mean: any scale and zero point, fixed before the input is seen.
    """

    qmin: int
    qmax: int
    bits: int
    scale: Fraction | None = None
    zero: int | None = None
    rounding: Rounding = Rounding.NEAREST_EVEN

    def __post_init__(self) -> None:
        if self.qmin >= self.qmax:
            raise FormatError(f"integer codes [{self.qmin}, {self.qmax}] are fewer than two")
        if (self.scale is None) != (self.zero is None):
            raise FormatError("scale and zero are given together or not at all")
        if self.scale is not None and self.scale <= 0:
            raise FormatError(f"scale {self.scale} is not positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFormat:
    """Any code of `bits` bits whatever, fixed before the input is seen: at most 2^bits distinct numbers (THEORY T3)."""

    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactFormat:
    """The pseudo-format of all real numbers: no rounding."""


Format = FloatFormat | IntFormat | CodeFormat | ExactFormat
EXACT = ExactFormat()
