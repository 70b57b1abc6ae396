"""Zonotopes: every node as an affine form of the input's deviations and of the errors of linearisation.

    node in { centre + sum_k e_k generators_k + d : |e_k| <= 1, |d| <= radius elementwise }

The e_k are shared by all nodes, so that what two nodes have in common cancels when they meet again. The first come from the input, one
for every element with width; a linearised node adds one for every element of its radius while the limit allows, the widest first, and
keeps the rest in its own radius, which nothing else shares. Rounding goes into the radius, by the a-priori bounds of rounding.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, outward, point, widen
from suffice.encodings.enclosures.relaxations.linearise import Linearised
from suffice.encodings.enclosures.relaxations.rounding import greatest, raised, row_total, slack, underflow
from suffice.hardware_specs.upward import Array


@dataclass(frozen=True, slots=True)
class AffineForm:
    """centre (size,), generators (k, size), radius (size,)."""

    centre: Array
    generators: Array
    radius: Array

    def range(self) -> Intervals:
        """The interval hull; infinite where the form is not finite."""
        reach = self.reach()
        known = np.isfinite(self.centre) & np.isfinite(reach)
        return widen(point(np.where(known, self.centre, 0.0)), np.where(known, reach, np.inf))

    def reach(self) -> Array:
        """An upper bound of |node - centre|."""
        return raised(row_total(self.generators) + self.radius, 2)


def input_form(lo: Array, hi: Array) -> AffineForm:
    """One generator for every element that has a width."""
    middle = 0.5 * lo + 0.5 * hi
    with outward() as up:
        reach = np.maximum(up.add(hi, -middle), up.add(middle, -lo)).reshape(-1)
    places = np.flatnonzero(reach > 0)
    generators = np.zeros((len(places), reach.size))
    generators[np.arange(len(places)), places] = reach[places]
    return AffineForm(middle.reshape(-1), generators, np.zeros(reach.size))


def carry(rule: Linearised, operands: Sequence[AffineForm], fresh_from: int, most: int) -> AffineForm:
    """The form of a linearised node. New generators are numbered from `fresh_from` on, at most `most` of them."""
    if rule.map is None:
        form = AffineForm(rule.offset, np.zeros((0, rule.offset.size)), np.zeros(rule.offset.size))
    else:
        form = through(rule, operands)
    return freshened(form, rule.radius, fresh_from, most)


def through(rule: Linearised, operands: Sequence[AffineForm]) -> AffineForm:
    """map(operands) + offset, rounding included."""
    act = rule.map
    assert act is not None
    count = max(len(form.generators) for form in operands)
    middle = act.push([form.centre[None] for form in operands])[0]
    generators = act.push([padded(form.generators, count) for form in operands]) if count else np.zeros((0, middle.size))
    own = act.sizes([form.radius[None] for form in operands])[0]
    if not act.push_terms:
        return AffineForm(middle + rule.offset, generators, own + slack(1) * np.abs(rule.offset))
    terms = act.push_terms + count + 1
    reaches = [np.abs(form.centre) + row_total(form.generators) for form in operands]
    sizes = act.sizes([reach[None] for reach in reaches])[0] + np.abs(rule.offset)
    factors = (rule.offset, *reaches, *(form.radius for form in operands))
    lost = underflow(act.push_terms, act.largest, *(greatest(factor) for factor in factors)) * (count + 2)
    rounding = raised(sizes, terms) * slack(act.push_terms + 2)
    return AffineForm(middle + rule.offset, generators, raised(own + rounding + lost, act.push_terms + 4))


def freshened(form: AffineForm, errors: Array, fresh_from: int, most: int) -> AffineForm:
    """Add independent errors, the widest as generators."""
    places = np.flatnonzero(errors > 0)
    if len(places) > most:
        places = np.sort(places[np.argsort(-errors[places], kind="stable")[:most]])
    generators = padded(form.generators, fresh_from + len(places)) if len(places) else form.generators
    if len(places):
        generators[fresh_from + np.arange(len(places)), places] = errors[places]
    kept = errors.copy()
    kept[places] = 0.0
    return AffineForm(form.centre, generators, raised(form.radius + kept, 2))


def padded(generators: Array, count: int) -> Array:
    """With rows of zeros up to `count`, as a new array."""
    rows = np.zeros((count, generators.shape[1]))
    rows[: len(generators)] = generators
    return rows
