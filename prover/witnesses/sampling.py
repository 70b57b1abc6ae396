"""New codes to try: samples of the whole box, moves across it, and changes of low digits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import floor, log2

import numpy as np

from suffice.prover.results import Point
from suffice.prover.witnesses.inputs import Array, Input
from suffice.prover.witnesses.scoring import Herd

_MOST_CORNERS = 512

_BINADES = 64
"""So many powers of two below the ends of the box, or around its end next to zero, are sampled alike."""

_PRESSURE = 3
"""Rank r of n is copied with density (r/n)^(1/3 - 1)."""

_CROSSED = 0.2
"""The part of the copies that take each input from one of two runs."""

_SHIFTED = 0.1
"""How often a point moves within its cell."""

_FAR = 0.1
"""The part of the moves that are a part of the box and not some ulps."""

_FREE_BITS = 40
_SKEW = 0.5
"""Moves by ulps have up to so many bits; the exponent of the uniform number that says how many."""


def first_codes(inputs: Sequence[Input], hints: Sequence[Point], random: np.random.Generator, count: int) -> Array:
    """Corners, faces, uniform points, points with a uniform exponent, and what lies around the hints."""
    marks = [_landmarks(input) for input in inputs]
    parts = [_corners(inputs)]
    rows = []
    for input, landmarks in zip(inputs, marks, strict=True):
        lo, hi = input.low, input.high
        uniform = random.uniform(lo, hi, count)
        shrink = np.exp2(-random.uniform(0, _BINADES, count))
        towards = 0.0 if lo <= 0 <= hi else lo if abs(lo) < abs(hi) else hi
        scaled = towards + (np.where(random.random(count) < 0.5, lo, hi) - towards) * shrink
        marked = landmarks[random.integers(0, len(landmarks), count)]
        kind = random.random(count)
        share = np.repeat([0.0, 0.3, 0.7], [count // 3, count // 3, count - 2 * (count // 3)])
        rows.append(np.where(kind < share, marked, np.where(kind > 0.75, scaled, uniform)))
    parts.append(np.array(rows))
    for hint in hints:
        centre = np.array([[float(hint[input.name])] for input in inputs])
        widths = np.array([[input.high - input.low] for input in inputs])
        noise = random.standard_normal((len(inputs), 128)) * np.exp2(-random.uniform(2, 50, 128))
        noise[:, 0] = 0
        parts.append(centre + widths * noise)
    return _coded(inputs, np.concatenate(parts, axis=1))


def _corners(inputs: Sequence[Input]) -> Array:
    corners = list(product(*({input.low, input.high} for input in inputs))) if len(inputs) <= 9 else []
    return np.array(corners[:_MOST_CORNERS]).T.reshape(len(inputs), -1)


def _landmarks(input: Input) -> Array:
    """Ends, middle, zero and powers of two of a side."""
    marks = [input.low, input.high, (input.low + input.high) / 2]
    if input.low <= 0 <= input.high:
        marks.append(0.0)
    for end in {abs(input.low), abs(input.high)} - {0.0}:
        top = floor(log2(end))
        marks += [sign * 2.0**k for k in range(top - 7, top + 1) for sign in (-1, 1)]
    return np.array([mark for mark in marks if input.low <= mark <= input.high])


def _coded(inputs: Sequence[Input], points: Array) -> Array:
    return np.array([input.codes(row) for input, row in zip(inputs, points, strict=True)])


def moved(inputs: Sequence[Input], codes: Array, random: np.random.Generator, count: int, step: int) -> Array:
    """Neighbours of good places, some way across the box in some of the inputs, nearer at every step."""
    base = codes[:, random.integers(0, codes.shape[1], count)]
    widths = np.array([[input.high - input.low] for input in inputs])
    scale = np.exp2(-random.uniform(step, 3 * step + 6, count))
    noise = random.standard_normal(base.shape) * scale * (random.random(base.shape) < max(0.5, 1 / len(inputs)))
    return _coded(inputs, base + widths * noise)


def varied(inputs: Sequence[Input], elite: Herd, random: np.random.Generator, count: int, *, inside: bool) -> tuple[Array, Array, Array]:
    """Codes, sides and signs of changed copies of good runs, the best copied most; `inside`: sides change too.

    Some are crossed with another run. Then some inputs move by a few ulps, or a few thousand, or a part of the box.
    """
    n = len(inputs)
    parents = (len(elite) * random.random(count) ** _PRESSURE).astype(np.int64)
    codes, sides, signs = elite.codes[:, parents], elite.sides[:, parents], elite.signs[parents]
    crossed = int(count * _CROSSED) if n > 1 else 0
    others = elite.codes[:, random.integers(0, len(elite), crossed)]
    codes[:, :crossed] = np.where(random.random((n, crossed)) < 0.5, others, codes[:, :crossed])
    changes = random.random(codes.shape) < np.linspace(1.0, 0.2, count)
    changes[random.integers(0, n, count - crossed), np.arange(crossed, count)] = True
    for row, (input, change) in enumerate(zip(inputs, changes, strict=True)):
        which = np.flatnonzero(change)
        codes[row, which] = input.codes(codes[row, which] + _moves(input, codes[row, which], random))
    if inside:
        other = np.where(random.random(sides.shape) < 0.5, -sides, random.uniform(-1, 1, sides.shape))
        sides = np.where(random.random(sides.shape) < _SHIFTED, other, sides)
    return codes, sides, signs


def _moves(input: Input, codes: Array, random: np.random.Generator) -> Array:
    """Steps of 1 to 2^40 ulps, small ones more often than by chance, and a few across the box."""
    size = 2.0 ** (random.random(len(codes)) ** _SKEW * input.free_bits(_FREE_BITS))
    steps = np.ceil(random.random(len(codes)) * size)
    moves: Array = np.where(random.random(len(codes)) < 0.5, steps, -steps) * input.spacing(codes)
    far = int(len(codes) * _FAR)
    moves[:far] = random.standard_normal(far) * (input.high - input.low) * 2.0 ** (-30 * random.random(far))
    return moves
