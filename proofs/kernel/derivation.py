"""What the kernel derives from evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

INFINITE = "infinite"
"""The value of a witness error whose run ends in NaN or an infinity."""


@dataclass(frozen=True, slots=True)
class Share:
    """One rounding's part in the error bound of a leaf: at most `rounding` is added there and amplified at most `slope` times."""

    name: str
    rounding: Fraction
    slope: Fraction


@dataclass(frozen=True, slots=True)
class Derivation:
    """A proved bound with its label; `facts` and `shares` are the enclosures it rests on, for the SMT-LIB script."""

    value: Fraction | str
    label: str
    facts: dict[str, Fraction] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    leaves: int = 0
