"""Random dot products for tests: numbers of a format in narrow and wide ranges, subnormal, cancelling and overflowing ones among them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.hardware_specs.accumulation import Accumulation
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device, devices
from suffice.hardware_specs.format import FloatFormat

Array = NDArray[np.float64]


def float_format(name: str) -> FloatFormat:
    """A float format of the catalogue."""
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    return fmt


def float_accumulations() -> dict[str, tuple[Accumulation, FloatFormat, FloatFormat]]:
    """Every accumulation of every device for two plain float formats of at most 32 bits, with the formats; equal ones once."""
    found: dict[str, tuple[Accumulation, FloatFormat, FloatFormat]] = {}
    for machine in devices():
        for entry in machine.accumulations:
            names = [name for name in entry.inputs if name not in ("int8", "uint8", "int4", "fp64") and name not in machine.blocks]
            for pair in {(name, name) for name in names} | ({(names[0], names[-1])} if entry.mixed and names else set()):
                left, right = map(float_format, pair)
                described = (accumulation_for(device(machine.name), left, right), left, right)
                if described not in found.values():
                    found[f"{machine.name} {pair[0]} {pair[1]}"] = described
    return dict(sorted(found.items()))


def random_numbers(rng: np.random.Generator, fmt: FloatFormat, shape: tuple[int, ...]) -> Array:
    """Numbers of the format; each row (first axis) has a range of exponents of its own, one in four at an end of the format; some zeros."""
    low, high = fmt.emin - fmt.p + 1, fmt.emax
    width = rng.choice([0, 2, 8, 30], size=(shape[0], *([1] * (len(shape) - 1))))
    place = rng.choice([0, 1, 2, 3, 4, 5], size=width.shape)
    centre = np.where(
        place == 0, fmt.emin - 1, np.where(place == 1, high - 1, rng.integers(max(low, -12), min(high, 12) + 1, size=width.shape))
    )
    powers = np.clip(centre + rng.integers(-width, width + 1, size=shape), low, high)
    units = np.maximum(powers, fmt.emin) - fmt.p + 1
    significands = rng.integers(1, 1 << fmt.p, size=shape) >> np.maximum(fmt.emin - powers, 0)
    numbers = np.minimum(np.ldexp(significands.astype(np.float64), units), float(fmt.max_finite))
    signs = rng.choice([-1.0, 1.0], size=shape)
    few_zeros = rng.random(shape) > 0.05
    signed: Array = numbers * signs * few_zeros
    return signed


def cancelling(rng: np.random.Generator, numbers: Array) -> Array:
    """The same rows, some of them with a second half that repeats the first negated."""
    half = numbers.shape[-1] // 2
    mirrored = numbers.copy()
    chosen = rng.random(numbers.shape[0]) < 0.3
    mirrored[chosen, half : 2 * half] = -numbers[chosen, :half][:, ::-1]
    return mirrored


def fractions(row: Array) -> list[Fraction]:
    """The numbers of a row, exactly."""
    return [Fraction(float(x)) for x in row]
