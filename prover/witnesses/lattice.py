"""Runs whose roundings all err the same way, found as close vectors of a lattice.

Near a place the value before each rounding is nearly linear in the codes of the inputs and of earlier results. In units of the last
place these codes are integers, so a step of the inputs by d and of the results by n turns the error of result k from e_k into
e_k + n_k - L_k(d, n) with L_k linear: a lattice, whose vector close to what the errors should change by (Lenstra-Lenstra-Lovasz, then
Babai's nearest plane) is a run with nearly the largest error. What is not linear shows when the runs are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from suffice.encodings.expression import Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.hardware_specs.format import FloatFormat, Rounding
from suffice.prover.witnesses.inputs import Array, Input
from suffice.prover.witnesses.machine import half_ulp
from suffice.prover.witnesses.scoring import Judge
from suffice.prover.witnesses.slopes import partials

_PROBES = 64
"""Neighbours that show which operations round at all."""

_GRAIN = 1 << 12
"""The unit of the lattice's shortest scale."""

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)


@dataclass(frozen=True, slots=True)
class Lattice:
    """The runs around a place: its codes, how far they may move in ulps, and for every rounding its error in ulps there, the least and
    the most that it can be, and the change of the measure by an ulp of it, in the columns of the basis.

    Rows of the basis: a step of each input that is free, reduced together with the steps of the results.
    """

    place: Array
    spacing: Array
    reach: Array
    grain: float
    basis: Array
    errors: Array
    least: Array
    most: Array
    weights: Array
    scale: float

    def runs(self, random: np.random.Generator, count: int) -> tuple[Array, Array]:
        """Codes, a column each, near random places in reach, and whether the error is to be large above (1) or below (-1)."""
        signs = random.choice([-1.0, 1.0], count)
        margin = random.uniform(0.0, 0.3, count) * random.random((len(self.errors), count)) 
        upward = signs * self.weights[:, None] > 0
        wanted = np.where(upward, self.most[:, None] - margin, self.least[:, None] + margin)
        changes = (wanted - self.errors[:, None]) * (np.abs(self.weights) * self.scale)[:, None]
        free = self.reach > 0
        centres = random.uniform(-1, 1, (int(free.sum()), count)) * self.reach[free, None] * self.grain
        found = _nearest_plane(self.basis, np.concatenate([centres, changes]))
        steps = np.zeros((len(self.place), count))
        steps[free] = np.rint(found[: len(centres)] / self.grain)
        codes: Array = self.place[:, None] + steps * self.spacing[:, None]
        return codes, signs


def _nearest_plane(basis: Array, targets: Array) -> Array:
    """Vectors of the lattice near each target (Babai); columns are vectors, of the basis as of the targets."""
    orthonormal, triangle = np.linalg.qr(basis)
    rest = orthonormal.T @ targets
    taken = np.zeros(rest.shape)
    for k in range(len(rest) - 1, -1, -1):
        taken[k] = np.rint(rest[k] / triangle[k, k])
        rest[:k] -= np.outer(triangle[:k, k], taken[k])
    found: Array = basis @ taken
    return found


def make_lattice(judge: Judge, codes: Array, bits: int, random: np.random.Generator) -> Lattice | None:
    """The lattice around a run; None where nothing rounds or moves."""
    columns = [_settle(input, float(code), bits) for input, code in zip(judge.inputs, codes, strict=True)]
    place, spacing, reach = (np.array(column) for column in zip(*columns, strict=True))
    steps = np.rint(random.uniform(-1, 1, (len(place), _PROBES)) * reach[:, None])
    steps[:, 0] = 0
    probes = place[:, None] + steps * spacing[:, None]
    trace = judge.run(probes)
    adjoints = judge.program.adjoints(trace)
    free = np.flatnonzero(reach > 0)
    nodes = judge.case.problem.expression.nodes
    forms: list[Any] = []
    rows: list[Array] = []
    errors: list[Array] = []
    weights: list[float] = []
    size = len(free) + len(nodes)
    names = {judge.inputs[i].name: k for k, i in enumerate(free)}
    with np.errstate(all="ignore"):
        for position, (node, fmt, error) in enumerate(zip(nodes, judge.program.formats, trace.errors, strict=True)):
            form = _form(node, position, trace.values, forms, names, spacing[free], size)
            ulp = 2 * float(half_ulp(fmt, _first(trace.values[position])))
            if isinstance(fmt, FloatFormat) and fmt.rounding not in _NEAREST:
                ulp /= 2
            adjoint = _first(adjoints[position]) if adjoints[position] is not None else 0.0
            if node.args and ulp > 0 and np.any(error) and np.ndim(error):
                row = -form / ulp
                row[len(free) + len(rows)] = 1.0
                form = np.zeros(size)
                form[len(free) + len(rows)] = ulp
                rows.append(row)
                errors.append(np.asarray(error) / ulp)
                weights.append(float(adjoint * ulp))
            forms.append(form)
    if not rows or not len(free):
        return None
    matrix = np.array(rows)[:, : len(free) + len(rows)]
    weight = np.array(weights)
    sizes = np.abs(weight)
    if not np.all(np.isfinite(matrix)) or not np.all(np.isfinite(weight)) or not sizes.max() > 0:
        return None
    sizes = np.maximum(sizes, sizes.max() * 2.0**-12)
    base = np.array([error[0] for error in errors])
    middle = np.array([np.round(2 * np.mean(error)) / 2 if np.max(np.abs(error)) > 0.5 + 1e-9 else 0.0 for error in errors])
    middle = np.clip(middle, -0.5, 0.5)
    m, n = len(rows), len(free)
    log_eta = np.mean(np.log2(sizes)) - bits * (n + m) / m
    scale = _GRAIN * 2.0**-log_eta
    full = np.zeros((n + m, n + m))
    full[:n, :n] = np.diag(np.full(n, float(_GRAIN)))
    full[n:] = matrix * (sizes * scale)[:, None]
    whole = [[int(round(x)) for x in column] for column in full.T]
    reduced = flint.fmpz_mat(whole).lll()
    basis = np.array([[float(int(x)) for x in row] for row in reduced.tolist()]).T
    return Lattice(place, spacing, reach, float(_GRAIN), basis, base, middle - 0.5, middle + 0.5, np.sign(weight) * sizes, scale)


def _first(value: Any) -> Any:
    return np.asarray(value).reshape(-1)[0]


def _form(node: Node, position: int, values: list[Any], forms: list[Any], names: dict[str, int], spacing: Array, size: int) -> Any:
    """How a node's value before rounding changes with the steps of inputs and results."""
    result = np.zeros(size)
    if node.op is Op.VAR:
        place = names.get(str(node.payload))
        if place is not None:
            result[place] = spacing[place]
    elif node.args and not OPERATIONS[node.op].logical:
        exponent = node.payload if isinstance(node.payload, int) else 0
        slopes = partials(node.op, [_first(values[a]) for a in node.args], _first(values[position]), exponent)
        for argument, slope in zip(node.args, slopes, strict=True):
            result = result + slope * forms[argument]
    return result


def _settle(input: Input, code: float, bits: int) -> tuple[float, float, float]:
    """A code with room around it within its binade and the box, its spacing, and the room in ulps."""
    room = 2.0**bits
    spacing = float(input.spacing(np.array([code]))[0])
    low, high = input.low, input.high
    if code != 0:
        first = 2.0 ** np.floor(np.log2(abs(code)))
        inner, outer = np.sign(code) * first, np.sign(code) * 2 * first
        low, high = max(low, min(inner, outer)), min(high, max(inner, outer))
    room = np.floor(min(room, (high - low) / spacing / 2))
    settled = min(max(code, low + room * spacing), high - room * spacing)
    return settled, spacing, room
