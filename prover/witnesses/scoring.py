"""What a batch of runs is worth: its error at the best real points of its cells, and the most that the leading term allows nearby."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.operations import Op
from suffice.encodings.problem import Tolerance
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.case import Case
from suffice.prover.emulation import evaluate
from suffice.prover.results import Point
from suffice.prover.witnesses.inputs import Array, Input
from suffice.prover.witnesses.machine import Machine, Trace, make_function, make_machine

Booleans = NDArray[np.bool_]

_COARSE = 11
_FINE = 20
_PROBES = 12
_KINKED = (Op.IF, Op.ABS, Op.MIN, Op.MAX)


@dataclass(frozen=True, slots=True)
class Herd:
    """A batch of runs, a column each. Rows of `codes` and `sides` are inputs.

    `signs`: whether the run's error is to be large above (1) or below (-1). `sides`: where in the cell the real point lies, from 1 for
    its lower end to -1 for its upper one. `values`: the measure, negative where the error has the other sign, -inf for what is no run.
    """

    codes: Array
    sides: Array
    signs: Array
    values: Array

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: Any) -> Herd:
        """Some of the runs."""
        return Herd(self.codes[:, chosen], self.sides[:, chosen], self.signs[chosen], self.values[chosen])


def join(first: Herd, second: Herd) -> Herd:
    """Both."""
    return Herd(
        np.concatenate([first.codes, second.codes], axis=1),
        np.concatenate([first.sides, second.sides], axis=1),
        np.concatenate([first.signs, second.signs]),
        np.concatenate([first.values, second.values]),
    )


@dataclass(frozen=True, slots=True)
class Judge:
    """A case, ready to be run."""

    case: Case
    inputs: tuple[Input, ...]
    program: Machine
    conditions: tuple[Machine, ...]

    @property
    def tolerance(self) -> Tolerance:
        """The measure."""
        assert self.case.problem.tolerance is not None
        return self.case.problem.tolerance

    @property
    def looks_inside(self) -> bool:
        """Whether the worst point of a cell may well lie off its ends: where f jumps or has a kink, or cells are large."""
        nodes = self.case.problem.expression.nodes
        coarse = any(input.has_cells and (not isinstance(input.format, FloatFormat) or input.format.p <= _COARSE) for input in self.inputs)
        return coarse or bool(self.conditions) or any(node.op in _KINKED for node in nodes)

    @property
    def linear_bits(self) -> int | None:
        """How many low bits of the inputs may change while the program is nearly linear; None where that is too few."""
        precision = max((fmt.p for fmt in self.program.formats if isinstance(fmt, FloatFormat)), default=0)
        return (precision - 4) // 2 if precision >= _FINE else None

    def coded(self, points: Array) -> Array:
        """The codes near arbitrary points."""
        return np.array([input.codes(row) for input, row in zip(self.inputs, points, strict=True)])

    def point(self, herd: Herd, k: int) -> Point:
        """The real point of a run."""
        ends = zip(self.inputs, herd.codes[:, k], herd.sides[:, k], strict=True)
        return {input.name: input.exact(float(code), side=float(side)) for input, code, side in ends}

    def overflowing_points(self) -> list[Point]:
        """Points whose first coordinate in question rounds to no number, the others in the middle."""
        centre = self.coded(np.array([[(input.low + input.high) / 2] for input in self.inputs]))[:, 0]
        middle = {input.name: input.exact(float(code), side=0.0) for input, code in zip(self.inputs, centre, strict=True)}
        return [middle | {input.name: end} for input in self.inputs for end in input.overflowing]

    def run(self, codes: Array) -> Trace:
        """The program at codes."""
        return self.program.run(self._named(codes), self._named(np.zeros(codes.shape)))

    def score(self, codes: Array, sides: Array, signs: Array) -> tuple[Herd, Booleans]:
        """Run the program at the given ends of the cells. Also: which runs end in no number, though f has a value."""
        offsets = self._offsets(codes, sides)
        trace = self.program.run(self._named(codes), self._named(offsets))
        return self._herd(codes, sides, signs, offsets, trace)

    def explore(self, codes: Array) -> tuple[Herd, Booleans, Array]:
        """Run the program at codes and choose the ends by the slopes. Also: how large the measure can be near each of them."""
        with np.errstate(all="ignore"):
            trace = self.run(codes)
            adjoints = self.program.adjoints(trace)
            slopes, reach = self.slopes(adjoints, codes), np.zeros(codes.shape[1])
            for half, adjoint in zip(self.program.half_ulps(trace), adjoints, strict=True):
                if adjoint is not None and np.any(half):
                    reach = reach + np.abs(adjoint) * half
            below, above = (slopes * self._offsets(codes, np.full(codes.shape, side)) for side in (1.0, -1.0))
            most, least = np.maximum(below, above).sum(axis=0), np.minimum(below, above).sum(axis=0)
            signs = np.where(trace.distance + most >= -(trace.distance + least), 1.0, -1.0)
            potential = self._measure(reach + np.maximum(most, -least), trace.output - trace.distance)
        herd, wild = self.score(codes, np.where(signs * below >= signs * above, 1.0, -1.0), signs)
        return herd, wild, np.where(np.isfinite(potential) & (herd.values > -np.inf), potential, -np.inf)

    def reach(self, codes: Array, bits: int, random: np.random.Generator) -> Array:
        """How large the measure can be around each column of codes, if every rounding errs there as it does in the worst of some runs
        nearby: unlike half an ulp, that knows which operations are exact.
        """
        spacing = np.array([input.spacing(row) for input, row in zip(self.inputs, codes, strict=True)])
        steps = np.rint(random.uniform(-1, 1, (*codes.shape, _PROBES)) * 2.0**bits)
        steps[:, :, 0] = 0
        probes = self.coded((codes[:, :, None] + steps * spacing[:, :, None]).reshape(len(codes), -1))
        with np.errstate(all="ignore"):
            trace = self.run(probes)
            adjoints = self.program.adjoints(trace)
            slopes = self.slopes(adjoints, probes)
            below, above = (slopes * self._offsets(probes, np.full(probes.shape, side)) for side in (1.0, -1.0))
            most, least = np.maximum(below, above).sum(axis=0), np.minimum(below, above).sum(axis=0)
            high, low = _split(most)[:, 0], _split(least)[:, 0]
            for error, adjoint in zip(trace.errors, adjoints, strict=True):
                if adjoint is not None and np.any(error):
                    shares = _split(np.broadcast_to(adjoint * error, most.shape))
                    high, low = high + shares.max(axis=1), low + shares.min(axis=1)
            reach = self._measure(np.maximum(high, -low), _split(trace.output - trace.distance)[:, 0])
        return np.where(np.isfinite(reach), reach, -np.inf)

    def holds(self, point: Point) -> bool:
        """Whether the preconditions hold at an exact point, nearly surely."""
        near = {name: np.array([float(x)]) for name, x in point.items()}
        apart = {name: np.array([float(Fraction(float(x)) - x)]) for name, x in point.items()}
        return all(bool(np.all(condition.holds(near, apart))) for condition in self.conditions)

    def slopes(self, adjoints: list[Any], codes: Array) -> Array:
        """The derivative by each input."""
        nodes = self.case.problem.expression.nodes
        found = {str(node.payload): adjoint for node, adjoint in zip(nodes, adjoints, strict=True) if node.op is Op.VAR}
        rows = [found.get(input.name) for input in self.inputs]
        return np.array([np.broadcast_to(0.0 if row is None else row, codes.shape[1:]) for row in rows], dtype=np.float64)

    def _offsets(self, codes: Array, sides: Array) -> Array:
        rows = []
        for input, column, side in zip(self.inputs, codes, sides, strict=True):
            below, above = input.rooms(column)
            rows.append(np.where(side == 1, below, np.where(side == -1, -above, ((1 + side) * below - (1 - side) * above) / 2)))
        return np.array(rows).reshape(codes.shape)

    def _named(self, rows: Array) -> dict[str, Array]:
        return {input.name: row for input, row in zip(self.inputs, rows, strict=True)}

    def _herd(self, codes: Array, sides: Array, signs: Array, offsets: Array, trace: Trace) -> tuple[Herd, Booleans]:
        with np.errstate(all="ignore"):
            f = trace.output - trace.distance
            values = self._measure(signs * trace.distance, f)
            allowed = np.isfinite(offsets).all(axis=0)
            for condition in self.conditions:
                allowed &= condition.holds(self._named(codes), self._named(offsets))
            wild = ~np.isfinite(trace.output) & allowed
            if wild.any():
                where = np.flatnonzero(wild)
                exact = codes[:, where].astype(np.longdouble) - offsets[:, where]
                points = {input.name: row for input, row in zip(self.inputs, exact, strict=True)}
                wild[where] = np.isfinite(evaluate(self.case.problem.expression, points))
            values = np.where(allowed & np.isfinite(values) & np.isfinite(trace.output), values, -np.inf)
        return Herd(codes, sides, signs, values), wild

    def _measure(self, distance: Array, f: Array) -> Array:
        """The measure of docs/semantics.md, with the distance's sign."""
        if self.tolerance.is_relative:
            return np.where(distance == 0, 0.0, distance / np.abs(f))
        return distance - float(self.tolerance.relative) * np.abs(f) if self.tolerance.relative else distance


def _split(values: Array) -> Array:
    """A row for each place, a column for each run near it."""
    return values.reshape(-1, _PROBES)


def make_judge(case: Case, inputs: tuple[Input, ...]) -> Judge:
    """The case's program and preconditions, made ready."""
    program = make_machine(case.problem.expression, case.nodes, case.output)
    return Judge(case, inputs, program, tuple(map(make_function, case.problem.preconditions)))
