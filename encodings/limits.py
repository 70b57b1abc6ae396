"""Limits of what is read: what is within them ends quickly, and fits in a certificate."""

from __future__ import annotations

MAX_TEXT = 4_000_000
"""Characters of a file."""

MAX_FORMULA = 250_000
"""Characters of an infix formula."""

MAX_NODES = 200_000
"""Distinct operations, inputs and constants of an expression."""

MAX_POWER = 1_000
"""Magnitude of the exponent of an integer power."""

MAX_DIGITS = 4_000
"""Decimal digits of a numerator or a denominator."""

MAX_NAME = 64
"""Characters of the name of an input."""
