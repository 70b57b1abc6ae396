"""From JSON values to a question about a network: its inputs and tolerance, beside the function and the program."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from .. import limits
from ..failures import Rejection
from ..jsonvalues import choice, fields, listed, number
from .arrays import Exact, decode
from .graph import Node, label, read_network
from .program import Step, read_program


@dataclass(frozen=True, slots=True)
class Box:
    """lo <= x <= hi for every element."""

    name: str
    lo: Exact
    hi: Exact


@dataclass(frozen=True, slots=True)
class Question:
    """A function, a program, a set of inputs, and an absolute tolerance on every output element (None: bounds alone)."""

    nodes: tuple[Node, ...]
    program: tuple[Step, ...]
    boxes: tuple[Box, ...]
    representable: bool
    tolerance: Fraction | None

    @property
    def size(self) -> int:
        """Elements of an input."""
        return self.nodes[0].size


def read_question(network: Any, program: Any, inputs: Any, tolerance: Any) -> Question:
    """NETWORK, PROGRAM, INPUTS and the tolerance together."""
    nodes = read_network(network)
    steps = read_program(program, nodes)
    model, items = fields(inputs, "inputs", "model", "boxes")
    boxes = listed(items, "inputs.boxes", 1, limits.MAX_NETWORK_BOXES)
    if len(boxes) * prod(nodes[0].shape) > limits.MAX_NETWORK_ELEMENTS:
        raise Rejection(f"the inputs have more than {limits.MAX_NETWORK_ELEMENTS} elements")
    absolute = None if tolerance is None else number(tolerance, "tolerance")
    if absolute is not None and absolute < 0:
        raise Rejection("the tolerance is negative")
    return Question(
        nodes, steps, tuple(_read_box(item, nodes[0].size, f"boxes[{k}]") for k, item in enumerate(boxes)),
        choice(model, "inputs.model", ("real", "representable")) == "representable", absolute,
    )  # fmt: skip


def _read_box(item: Any, size: int, where: str) -> Box:
    name, lo, hi = fields(item, where, "name", "lo", "hi")
    low, high = decode(lo, size, f"{where}.lo"), decode(hi, size, f"{where}.hi")
    places = max(low.places, high.places)
    if any(a > b for a, b in zip(low.at(places), high.at(places), strict=True)):
        raise Rejection(f"{where} is empty")
    return Box(label(name, f"{where}.name"), low, high)


def read_input(value: Any, question: Question, where: str) -> tuple[Exact, Box]:
    """An input that lies in the set, and the box that holds it: {"box": position, "values": ARRAY}."""
    position, values = fields(value, where, "box", "values")
    if type(position) is not int or not 0 <= position < len(question.boxes):
        raise Rejection(f"{where}.box is no box of the inputs")
    box = question.boxes[position]
    point = decode(values, question.size, f"{where}.values")
    places = max(point.places, box.lo.places, box.hi.places)
    ends = zip(box.lo.at(places), point.at(places), box.hi.at(places), strict=True)
    if any(not low <= x <= high for low, x, high in ends):
        raise Rejection(f"{where} lies outside its box")
    return point, box
