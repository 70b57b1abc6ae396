"""Microseconds per call and largest width, in units, of the kernel's elementary functions: python benchmarks/kernel_functions.py"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from timeit import repeat

sys.path.insert(0, str(Path(__file__).parent.parent))
from suffice.proofs.kernel import composed, elementary

NAMES = ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
COMPOSED = ("exp2", "log2", "log10", "cbrt", "asinh", "acosh", "atanh")
PRECISIONS = (64, 128, 300, 1200, 4096)
POINTS = 200


def main() -> None:
    """Print a table: a row for each function, a column for each precision."""
    print("function".ljust(10), *(f"{bits} bits".rjust(16) for bits in PRECISIONS))
    for name in (*NAMES, *COMPOSED):
        print(name.ljust(10), *(measure(name, bits).rjust(16) for bits in PRECISIONS))


def measure(name: str, bits: int) -> str:
    """The mean time of a call at arguments between 0 and 1 (1 and 2 for acosh), the best of five rounds, and the largest width."""
    rng, function = Random(1), getattr(composed if name in COMPOSED else elementary, name)
    least = 1 << bits if name == "acosh" else 1
    points = [rng.getrandbits(bits) + least for _ in range(POINTS)]
    seconds = min(repeat(lambda: [function(x, bits) for x in points], number=1, repeat=5))
    width = max(hi - lo for lo, hi in (function(x, bits) for x in points))
    return f"{seconds / POINTS * 1e6:.1f} us, {width}"


if __name__ == "__main__":
    main()
