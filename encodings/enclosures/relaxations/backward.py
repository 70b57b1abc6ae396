"""Linear relaxation by back-substitution (CROWN: Zhang et al., Efficient neural network robustness certification, NeurIPS 2018).

For rows of coefficients over the elements of one node, an affine function of the input is sought that lies below them on the box. From the
last node to the first the invariant is

    row . target >= sum over nodes n of A_n . n + constant - allowance,

where A_n are float64 numbers, any numbers. A node is replaced by its linear map, or by the line below it where its coefficient is
positive and the line above it where it is negative. What the coefficients lose by rounding, times the magnitude of the values they
multiply, goes into the allowance, which is rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, centre, magnitude, radius
from suffice.encodings.enclosures.relaxations.linearise import Linearised
from suffice.encodings.enclosures.relaxations.lines import Lines
from suffice.encodings.enclosures.relaxations.rounding import dot, greatest, raised, slack, underflow
from suffice.encodings.networks.graph import Network
from suffice.hardware_specs.upward import Array

Rule = Linearised | Lines
"""What replaces a node; arrays laid flat."""


@dataclass(slots=True)
class Substitution:
    """The rows on their way to the input: coefficients of the nodes still to be replaced, the constant term and its allowance."""

    coefficients: dict[int, Array]
    constant: Array
    allowance: Array

    def add_constant(self, part: Array, sizes: Array, terms: int) -> None:
        """Add computed sums of so many products, whose absolute values add up to `sizes` at most."""
        self.constant = self.constant + part
        self.allow(slack(terms) * sizes + 2.0**-52 * np.abs(self.constant))

    def allow(self, error: Array) -> None:
        """Add an upper bound of an error, itself the sum of two rounded products at most."""
        self.allowance = raised(self.allowance + error, 4)

    def add_coefficients(self, operand: int, rows: Array, sizes_of_operand: Array) -> None:
        """Add coefficients on an operand, which may have some already."""
        if operand in self.coefficients:
            rows = self.coefficients[operand] + rows
            self.allow(2.0**-52 * dot(np.abs(rows), sizes_of_operand))
        self.coefficients[operand] = rows


def lower_bounds(network: Network, rules: Mapping[int, Rule], ranges: Mapping[int, Intervals], target: int, rows: Array) -> Array:
    """Lower bounds over the box of rows . target, `rows` (m, size), -inf where none is found. Rules for all nodes before are needed."""
    nodes = network.nodes
    state = Substitution({target: rows}, np.zeros(len(rows)), np.zeros(len(rows)))
    with np.errstate(all="ignore"):
        for position in range(target, 0, -1):
            current = state.coefficients.pop(position, None)
            if current is None:
                continue
            rule, operands = rules[position], nodes[position].operands
            sizes = [magnitude(ranges[operand]).reshape(-1) for operand in operands]
            if isinstance(rule, Lines):
                _replace_by_lines(state, current, rule, operands[0], sizes[0])
            else:
                _replace_by_map(state, current, rule, operands, sizes)
        if 0 in state.coefficients:
            _replace_input(state, state.coefficients[0], ranges[0])
        found = np.nextafter(state.constant - state.allowance, -np.inf)
    return np.where(np.isnan(found), -np.inf, found)


def _replace_by_lines(state: Substitution, current: Array, lines: Lines, operand: int, operand_sizes: Array) -> None:
    above, below = np.maximum(current, 0.0), np.minimum(current, 0.0)
    absolute = np.abs(current)
    lower_offset, upper_offset = lines.lower_offset.reshape(-1), lines.upper_offset.reshape(-1)
    lower_slope, upper_slope = lines.lower_slope.reshape(-1), lines.upper_slope.reshape(-1)
    offset = np.maximum(np.abs(lower_offset), np.abs(upper_offset))
    slope = np.maximum(np.abs(lower_slope), np.abs(upper_slope))
    state.add_constant(above @ lower_offset + below @ upper_offset, dot(absolute, offset), 2 * offset.size + 1)
    rows = above * lower_slope + below * upper_slope
    pull = lines.picked.pull if lines.picked is not None else None
    sizes = lines.picked.push([operand_sizes[None]])[0] if lines.picked is not None else operand_sizes
    state.allow(2.0**-52 * dot(np.abs(rows), sizes))
    state.allow(_lost(absolute, 2, sizes, greatest(slope), greatest(offset)))
    state.add_coefficients(operand, rows if pull is None else pull(rows)[0], operand_sizes)


def _replace_by_map(state: Substitution, current: Array, rule: Linearised, operands: Sequence[int], sizes: Sequence[Array]) -> None:
    absolute = np.abs(current)
    size = current.shape[1]
    state.add_constant(current @ rule.offset, dot(absolute, np.abs(rule.offset)), size)
    state.allow(dot(absolute, rule.radius))
    state.allow(_lost(absolute, size, np.ones(size), greatest(rule.offset), greatest(rule.radius)))
    if rule.map is None:
        return
    if rule.map.pull_terms:
        reach = raised(rule.map.sizes([values[None] for values in sizes])[0], rule.map.push_terms + 1)
        reach = reach + underflow(rule.map.push_terms + 1, rule.map.largest, *(greatest(values) for values in sizes))
        state.allow(slack(rule.map.pull_terms) * dot(absolute, reach))
        for values in sizes:
            state.allow(_lost(absolute, rule.map.pull_terms, values, rule.map.largest))
    for operand, rows, values in zip(operands, rule.map.pull(current), sizes, strict=True):
        state.add_coefficients(operand, rows, values)


def _replace_input(state: Substitution, current: Array, box: Intervals) -> None:
    middle = centre(box)
    reach = radius(box, middle).reshape(-1)
    absolute, middle = np.abs(current), middle.reshape(-1)
    state.add_constant(current @ middle, dot(absolute, np.abs(middle)), current.shape[1])
    state.allow(dot(absolute, reach))
    state.allow(_lost(absolute, current.shape[1], np.ones(len(middle)), greatest(middle), greatest(reach)))


def _lost(absolute: Array, terms: int, values: Array, *largest: float) -> Array:
    """What underflow takes from coefficients of so many terms each, times the values that they multiply, and from such products' sums."""
    each = underflow(terms, greatest(absolute), *largest)
    return np.full(len(absolute), 4.0 * each * (1.0 + float(values.sum())))


def range_of(network: Network, rules: Mapping[int, Rule], ranges: Mapping[int, Intervals], target: int, *, rows_at_once: int) -> Intervals:
    """Bounds of every element of a node, laid flat, `rows_at_once` elements together."""
    size = network.nodes[target].size
    lo, hi = np.empty(size), np.empty(size)
    for start in range(0, size, rows_at_once):
        count = min(rows_at_once, size - start)
        rows = np.zeros((2 * count, size))
        places = np.arange(count)
        rows[places, start + places], rows[count + places, start + places] = 1.0, -1.0
        found = lower_bounds(network, rules, ranges, target, rows)
        lo[start : start + count], hi[start : start + count] = found[:count], -found[count:]
    return Intervals(lo, hi)
