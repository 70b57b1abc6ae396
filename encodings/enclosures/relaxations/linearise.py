"""Every node as a linear map of its operands, an offset and a radius: node in L(operands) + offset +- radius over their ranges.

* affine nodes: exactly, with no radius;
* functions of one operand: the narrowest band of two parallel lines (lines.py);
* products: a b = a0 b + b0 a - a0 b0 + (a - a0)(b - b0), the last at most the product of the radii;
* quotients, norms, softmax: the mean value form f(c) + J (x - c) with J between the ends of the interval Jacobian, its middle as the map;
* a maximum: its operand with the highest middle, and how far the others can rise above it.

An element whose rest is no narrower than its hull becomes the hull, with zeros in the map: nothing would be gained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    add,
    centre,
    divide,
    multiply,
    negate,
    outward,
    point,
    radius,
    radius_within,
    square,
    subtract,
)
from suffice.encodings.enclosures.arrays.linear import products
from suffice.encodings.enclosures.networks.rowwise import row_image, row_jacobian
from suffice.encodings.enclosures.relaxations.lines import narrowest_band
from suffice.encodings.enclosures.relaxations.maps import LinearMap, affine_offset, by_rows, exact_map, matrix_products, scaled
from suffice.encodings.networks.graph import NORMALISING, UNARY, TensorNode, TensorOp
from suffice.hardware_specs.upward import Array


@dataclass(frozen=True, slots=True)
class Linearised:
    """node in map(operands) + offset +- radius, arrays laid flat; no map: a box."""

    map: LinearMap | None
    offset: Array
    radius: Array


def linearise(node: TensorNode, operands: Sequence[Intervals], image: Intervals) -> Linearised:
    """The node over the ranges of its operands, which must be finite; `image` encloses the node there."""
    exact = exact_map(node, [operand.shape for operand in operands])
    if exact is not None:
        return Linearised(exact, affine_offset(node), np.zeros(node.size))
    match node.op:
        case TensorOp.CONSTANT:
            return boxed(image)
        case op if op in UNARY:
            return unary_band(node, operands[0], image)
        case TensorOp.MULTIPLY:
            return elementwise_product(operands[0], operands[1], image)
        case TensorOp.MATMUL:
            return matrix_product(operands[0], operands[1])
        case TensorOp.DIVIDE:
            return quotient(operands[0], operands[1], image)
        case TensorOp.MAX:
            return maximum_of_row(operands[0], image)
        case op if op in NORMALISING:
            return mean_value_of_rows(node, operands[0], image)
    return boxed(image)


def boxed(image: Intervals) -> Linearised:
    """The hull alone."""
    middle = centre(image)
    return Linearised(None, middle.reshape(-1), radius(image, middle).reshape(-1))


def unary_band(node: TensorNode, x: Intervals, image: Intervals) -> Linearised:
    """The narrowest band."""
    lines = narrowest_band(node, x)
    return elementwise((lines.upper_slope,), Intervals(lines.lower_offset, lines.upper_offset), image)


def elementwise(slopes: Sequence[Array], rest: Intervals, image: Intervals) -> Linearised:
    """sum of slope * operand + rest, or the hull."""
    hull = ~(radius(rest) < radius(image))
    chosen = Intervals(np.where(hull, image.lo, rest.lo), np.where(hull, image.hi, rest.hi))
    middle = centre(chosen)
    kept = [np.where(hull, 0.0, slope).reshape(-1) for slope in slopes]
    return Linearised(scaled(*kept), middle.reshape(-1), radius(chosen, middle).reshape(-1))


def elementwise_product(a: Intervals, b: Intervals, image: Intervals) -> Linearised:
    """a0 b + b0 a - a0 b0 + [-ra rb, ra rb]."""
    a_middle, b_middle = centre(a), centre(b)
    a_radius, b_radius = radius(a, a_middle), radius(b, b_middle)
    with outward() as up:
        remainder = up.multiply(a_radius, b_radius)
    rest = add(negate(multiply(point(a_middle), point(b_middle))), Intervals(-remainder, remainder))
    return elementwise((b_middle, a_middle), rest, image)


def matrix_product(a: Intervals, b: Intervals) -> Linearised:
    """a0 b + a b0 - a0 b0 +- ra rb, as matrices."""
    a_middle, b_middle = centre(a), centre(b)
    remainder = products(point(radius(a, a_middle)), point(radius(b, b_middle))).hi
    rest = add(negate(products(point(a_middle), point(b_middle))), Intervals(-remainder, remainder))
    middle = centre(rest)
    return Linearised(matrix_products(a_middle, b_middle), middle.reshape(-1), radius(rest, middle).reshape(-1))


def quotient(a: Intervals, b: Intervals, image: Intervals) -> Linearised:
    """The mean value form with the derivatives 1/b and -a/b^2."""
    middles = centre(a), centre(b)
    slopes = divide(1.0, b), negate(divide(a, square(b)))
    rest = divide(point(middles[0]), point(middles[1]))
    for operand, middle, slope in zip((a, b), middles, slopes, strict=True):
        chosen = centre(slope)
        with outward() as up:
            reach = up.multiply(radius_within(up, slope, chosen), radius_within(up, operand, middle))
        rest = add(subtract(rest, multiply(point(chosen), point(middle))), Intervals(-reach, reach))
    return elementwise(tuple(centre(slope) for slope in slopes), rest, image)


def maximum_of_row(x: Intervals, image: Intervals) -> Linearised:
    """x_j + [0, d] for the j with the highest middle, d = max(0, max over k != j of hi_k - lo_j)."""
    length = x.shape[-1]
    lo, hi = x.lo.reshape(-1, length), x.hi.reshape(-1, length)
    places = np.arange(len(lo)), (0.5 * lo + 0.5 * hi).argmax(axis=1)
    others = hi.copy()
    others[places] = -np.inf
    with outward() as up:
        rise = np.maximum(up.add(others.max(axis=1), -lo[places]), 0.0)
    hull = ~(0.5 * rise < radius(image).reshape(-1))
    rest = Intervals(np.where(hull, image.lo.reshape(-1), 0.0), np.where(hull, image.hi.reshape(-1), rise))
    matrices = np.zeros((len(lo), 1, length))
    matrices[places[0], 0, places[1]] = np.where(hull, 0.0, 1.0)
    middle = centre(rest)
    return Linearised(by_rows(matrices), middle, radius(rest, middle))


def mean_value_of_rows(node: TensorNode, x: Intervals, image: Intervals) -> Linearised:
    """f(c) + J (x - c) on every row."""
    length = x.shape[-1]
    rows = x.reshape(-1, length)
    middle = centre(rows)
    jacobian = row_jacobian(node, rows)
    chosen = centre(jacobian)
    reach = products(point(radius(jacobian, chosen)), point(radius(rows, middle)[..., None])).hi[..., 0]
    moved = products(point(chosen), point(middle[..., None])).reshape(-1, length)
    rest = add(subtract(row_image(node, point(middle)), moved), Intervals(-reach, reach))
    hulls = image.reshape(-1, length)
    worse = ~(radius(rest) < radius(hulls))
    rest = Intervals(np.where(worse, hulls.lo, rest.lo), np.where(worse, hulls.hi, rest.hi))
    centres = centre(rest)
    return Linearised(by_rows(np.where(worse[..., None], 0.0, chosen)), centres.reshape(-1), radius(rest, centres).reshape(-1))
