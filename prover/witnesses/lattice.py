"""Runs whose roundings all err to the same side, found as close vectors of a lattice.

Near a place the value before each rounding is nearly linear in the codes of the inputs and of earlier results. Counted in units of the
last place, a step d of the inputs and n of the results changes the error of result k by n_k - L_k(d, n), L_k linear: the changes that
are possible form a lattice, and a vector of it near the changes that are wanted (Lenstra-Lenstra-Lovasz reduction, then Babai's nearest
plane) is a run with nearly the largest error. What is not linear shows when the run is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from suffice.encodings.operations import OPERATIONS, Op
from suffice.prover.witnesses.inputs import Array, Input
from suffice.prover.witnesses.machine import Trace, is_nearest, ulp
from suffice.prover.witnesses.scoring import Judge
from suffice.prover.witnesses.slopes import partials

_PROBES = 32
"""Neighbours that show which operations round at all, and to which sides."""

_GRAIN = 1 << 12
"""By how much the lattice's vectors are enlarged before they are rounded to integers."""

_LEAST_WEIGHT = 2.0**-12
"""A rounding that matters less than the most important one by this factor is kept in the lattice as if it mattered so much."""

_MARGIN = 0.3
"""Wanted errors stay up to so many ulps within their range, for beyond its end the error jumps to the other end."""

MOST_ROUNDINGS = 120
"""Reducing the lattice takes too long for more."""


@dataclass(frozen=True, slots=True)
class Roundings:
    """The roundings near a place, a row each: how the number rounded and the result change by a step of each input and each result, in
    ulps; the error there, the least and the most that it can be, in ulps; and the change of the program's value by an error of an ulp.
    """

    steps: Array
    errors: Array
    least: Array
    most: Array
    weights: Array


@dataclass(frozen=True, slots=True)
class Lattice:
    """The runs around a place: its codes, how far it is to the next code and how many ulps there is room for, both 0 where an input is
    fixed; whether the value grows with an input (1) or not (-1); a reduced basis, a vector in each column, and the unit of its rows.
    """

    place: Array
    spacing: Array
    room: Array
    slopes: Array
    roundings: Roundings
    basis: Array
    units: Array

    def runs(self, random: np.random.Generator, count: int) -> tuple[Array, Array, Array]:
        """Codes, sides and signs (those of a Herd) of runs near random centres within the room."""
        signs = random.choice([-1.0, 1.0], count)
        free = self.room > 0
        inputs = int(free.sum())
        known = self.roundings
        margins = _MARGIN * random.random(count) * random.random((len(known.errors), count))
        upward = signs * known.weights[:, None] > 0
        wanted = np.where(upward, known.most[:, None] - margins, known.least[:, None] + margins)
        centres = random.uniform(-1, 1, (inputs, count)) * self.room[free, None]
        targets = np.concatenate([centres, wanted - known.errors[:, None]]) * self.units[:, None]
        steps = np.zeros((len(self.place), count))
        steps[free] = np.rint(_nearest_plane(self.basis, targets)[:inputs] / self.units[:inputs, None])
        return self.place[:, None] + steps * self.spacing[:, None], signs * self.slopes[:, None], signs


def make_lattice(judge: Judge, codes: Array, bits: int, random: np.random.Generator) -> Lattice | None:
    """The lattice around a run, for steps of so many bits; None where nothing rounds or moves, or too much
    does, or where the numbers are too large or too small.
    """
    settled = [_settle(input, float(code), bits) for input, code in zip(judge.inputs, codes, strict=True)]
    place, spacing, room = (np.array(column) for column in zip(*settled, strict=True))
    steps = np.rint(random.uniform(-1, 1, (len(place), _PROBES)) * room[:, None])
    steps[:, 0] = 0
    probes = place[:, None] + steps * spacing[:, None]
    trace = judge.run(probes)
    adjoints = judge.program.adjoints(trace)
    with np.errstate(all="ignore"):
        roundings = _find_roundings(judge, trace, adjoints, {judge.inputs[k].name: spacing[k] for k in np.flatnonzero(room)})
    if roundings is None:
        return None
    sizes = np.abs(roundings.weights)
    sizes = np.maximum(sizes, sizes.max() * _LEAST_WEIGHT)
    count, free = len(sizes), int((room > 0).sum())
    # The volume of the lattice is such that its vectors move the inputs by about 2^bits ulps.
    with np.errstate(all="ignore"):
        unit = 2.0 ** (np.mean(np.log2(sizes)) - bits * (free + count) / count)
        units = np.concatenate([np.ones(free), sizes / unit]) * _GRAIN
        basis = np.concatenate([np.eye(free, len(units)), roundings.steps]) * units[:, None]
    if not np.all(np.isfinite(basis)):
        return None
    slopes = np.where(judge.slopes(adjoints, probes)[:, 0] < 0, -1.0, 1.0)
    return Lattice(place, spacing, room, slopes, roundings, _reduced(basis), units)


def _find_roundings(judge: Judge, trace: Trace, adjoints: Sequence[Any], spacings: dict[str, float]) -> Roundings | None:
    """What is known of each operation that rounds; each has a step of its own, like each input that is free."""
    program = judge.program
    nodes = program.expression.nodes
    values = [_first(value) for value in trace.values]
    rounding = [
        bool(node.args) and adjoint is not None and np.ndim(error) > 0 and bool(np.any(error))
        for node, error, adjoint in zip(nodes, trace.errors, adjoints, strict=True)
    ]
    count, free = sum(rounding), list(spacings)
    if not free or not 0 < count <= MOST_ROUNDINGS:
        return None
    axes = np.eye(len(free) + count)
    forms: list[Array] = []
    rows: list[Array] = []
    errors, least, weights = [], [], []
    for position, node in enumerate(nodes):
        form = np.zeros(len(axes))
        if node.op is Op.VAR and node.payload in spacings:
            form = axes[free.index(str(node.payload))] * spacings[str(node.payload)]
        elif node.args and not OPERATIONS[node.op].logical:
            exponent = node.payload if isinstance(node.payload, int) else 0
            slopes = partials(node.op, [values[a] for a in node.args], values[position], exponent)
            form = sum((slope * forms[a] for a, slope in zip(node.args, slopes, strict=True)), form)
        if rounding[position]:
            spacing = float(ulp(program.formats[position], values[position]))
            axis = axes[len(free) + len(rows)]
            seen = trace.errors[position] / spacing
            rows.append(axis - form / spacing)
            errors.append(seen[0])
            least.append(-0.5 if is_nearest(program.formats[position]) else -1.0 if seen.min() < 0 else 0.0)
            weights.append(_first(adjoints[position]) * spacing)
            form = axis * spacing
        forms.append(form)
    found = Roundings(np.array(rows), np.array(errors), np.array(least), np.array(least) + 1, np.array(weights))
    usable = np.all(np.isfinite(found.steps)) and np.all(np.isfinite(found.weights)) and np.all(np.isfinite(found.errors))
    return found if usable and np.any(found.weights) else None


def _reduced(basis: Array) -> Array:
    """A reduced basis of the same lattice."""
    integers = flint.fmpz_mat([[int(x) for x in np.rint(column)] for column in basis.T]).lll()
    return np.array([[float(int(x)) for x in row] for row in integers.tolist()]).T


def _nearest_plane(basis: Array, targets: Array) -> Array:
    """Vectors of the lattice near each target (Babai); a vector in each column."""
    orthonormal, triangle = np.linalg.qr(basis)
    rest = orthonormal.T @ targets
    taken = np.zeros(rest.shape)
    for k in range(len(rest) - 1, -1, -1):
        taken[k] = np.rint(rest[k] / triangle[k, k])
        rest[:k] -= np.outer(triangle[:k, k], taken[k])
    found: Array = basis @ taken
    return found


def _first(value: Any) -> Any:
    return np.asarray(value).reshape(-1)[0]


def _settle(input: Input, code: float, bits: int) -> tuple[float, float, float]:
    """A code with room on both sides within its binade and the box, its spacing, and the room in ulps."""
    widest = max(abs(input.low), abs(input.high))
    if widest == 0:
        return code, 0.0, 0.0
    sign = 1.0 if code > 0 or (code == 0 and input.high > 0) else -1.0
    magnitude = max(abs(code), widest * _SMALLEST)
    binade = 2.0 ** np.floor(np.log2(magnitude))
    if magnitude == binade == widest:
        binade /= 2
    ends = sorted((sign * binade, sign * 2 * binade))
    low, high = max(ends[0], input.low), min(ends[1], input.high)
    spacing = float(input.spacing(np.array([sign * 1.5 * binade]))[0])
    room = max(np.floor(min(2.0**bits, (high - low) / spacing / 2)), 0.0)
    return (min(max(code, low + room * spacing), high - room * spacing), spacing, room) if room else (code, 0.0, 0.0)


_SMALLEST = 2.0**-40
"""Zero is settled at so small a part of the box."""
