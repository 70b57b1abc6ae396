"""What a machine can represent. The numbers of a format are its identity; names live in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from suffice.errors import FormatError

MAX_PRECISION = 4096
"""Largest p."""

MAX_EXPONENT = 1 << 20
"""Largest |emin| and |emax|."""

MAX_INTEGER_BITS = 64
"""Widest integer codes."""

MAX_CODE_BITS = 4096
"""Widest code of the kind `code(bits=...)`."""


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


def power_of_two(exponent: int) -> Fraction:
    """2^exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def scale_by_power(significand: int, exponent: int) -> Fraction:
    """significand 2^exponent."""
    return Fraction(significand << exponent) if exponent >= 0 else Fraction(significand, 1 << -exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatFormat:
    """A binary floating-point format: sign, `p` significand bits (the hidden bit counted), exponents `emin` to `emax`.

    `max_finite` is the largest finite number and may lie below (2 - 2^(1-p)) 2^emax where codes are spent on NaN.
    `bits` is the storage width, used only for ordering formats by size; 0 stands for the natural width
    1 + (p - 1) + exponent bits.
    """

    p: int
    emin: int
    emax: int
    max_finite: Fraction
    bits: int = 0
    infinities: bool = True
    nan: bool = True
    negative_zero: bool = True
    subnormals: Subnormals = Subnormals.KEPT
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.INFINITY

    def __post_init__(self) -> None:
        if self.p < 1 or self.emin > self.emax:
            raise FormatError(f"float(p={self.p},emin={self.emin},emax={self.emax}) is empty", mend="use p >= 1 and emin <= emax")
        if self.p > MAX_PRECISION or max(abs(self.emin), abs(self.emax)) > MAX_EXPONENT:
            raise FormatError(
                f"float(p={self.p},emin={self.emin},emax={self.emax}) is too large",
                mend=f"use p <= {MAX_PRECISION} and exponents within +-{MAX_EXPONENT}",
            )
        significand = self.max_finite * power_of_two(self.p - 1 - self.emax)
        if not 1 << (self.p - 1) <= significand < 1 << self.p:
            raise FormatError(f"max_finite does not have exponent emax = {self.emax}", mend=self._max_finite_range())
        if significand.denominator != 1:
            raise FormatError(f"max_finite does not fit in p = {self.p} bits", mend=f"use a multiple of 2^{self.emax - self.p + 1}")
        if self.overflow is Overflow.INFINITY and not self.infinities:
            raise FormatError("overflow=infinity in a format without infinities", mend="use overflow=saturate or overflow=nan")
        if self.overflow is Overflow.NAN and not self.nan:
            raise FormatError("overflow=nan in a format without NaN", mend="use overflow=saturate")
        if self.bits < 0:
            raise FormatError(f"bits={self.bits} is negative")
        if self.bits == 0:
            object.__setattr__(self, "bits", self._natural_bits())

    def _max_finite_range(self) -> str:
        return f"use 2^{self.emax} <= max_finite < 2^{self.emax + 1}"

    def _natural_bits(self) -> int:
        """Sign, stored significand, and a field for the exponents, zero's code and (with infinities) the topmost code."""
        exponent_codes = self.emax - self.emin + 2 + self.infinities
        return self.p + (exponent_codes - 1).bit_length()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntFormat:
    """Affine integer codes q in [qmin, qmax] standing for scale * (q - zero); results out of range saturate.

    `scale` and `zero` None mean: any scale and zero point, fixed before the input is seen. `bits` 0 stands for the fewest
    bits that hold so many codes.
    """

    qmin: int
    qmax: int
    bits: int = 0
    scale: Fraction | None = None
    zero: int | None = None
    rounding: Rounding = Rounding.NEAREST_EVEN

    def __post_init__(self) -> None:
        if self.qmin >= self.qmax:
            raise FormatError(f"integer codes [{self.qmin}, {self.qmax}] are fewer than two")
        if self.qmax - self.qmin >= 1 << MAX_INTEGER_BITS or not 0 <= self.bits <= MAX_INTEGER_BITS:
            raise FormatError("integer codes are too wide", mend=f"use at most {MAX_INTEGER_BITS} bits")
        if (self.scale is None) != (self.zero is None):
            raise FormatError("scale and zero are given together or not at all", mend="give both or neither")
        if self.scale is not None and self.scale <= 0:
            raise FormatError("scale is not positive", mend="use scale > 0")
        if self.bits == 0:
            object.__setattr__(self, "bits", (self.qmax - self.qmin).bit_length())


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFormat:
    """Any code of `bits` bits whatever, fixed before the input is seen: at most 2^bits distinct numbers (THEORY T3)."""

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_CODE_BITS:
            raise FormatError(f"code(bits={self.bits}) is out of limits", mend=f"use 1 <= bits <= {MAX_CODE_BITS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactFormat:
    """The pseudo-format of all real numbers: no rounding."""


Format = FloatFormat | IntFormat | CodeFormat | ExactFormat
EXACT = ExactFormat()
