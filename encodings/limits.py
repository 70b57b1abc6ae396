"""Limits of what is read: what is within them ends quickly, and fits in a certificate."""

from __future__ import annotations

MAX_TEXT = 250_000
"""Characters of a formula or a file."""

MAX_NODES = 20_000
"""Distinct operations, inputs and constants of an expression."""

MAX_POWER = 1_000
"""Magnitude of the exponent of an integer power."""

MAX_DIGITS = 4_000
"""Decimal digits of a numerator or a denominator."""

MAX_NAME = 64
"""Characters of the name of an input."""
