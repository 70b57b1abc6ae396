"""Single members of families, written out as ordinary problems by hand: parameters as constants, folds unrolled. No code of the kernel."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, cast

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.formatdata import format_from_json
from suffice.proofs.problemdata import problem_from_json

from .documents import Json

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.branching import Program, branching_truth
from oracle.rounding import Piece, Value, cells, convert, numbers, round_real, to_fraction
from oracle.runs import apply
from oracle.truth import Truth

Numbers = dict[str, Fraction]

Shape = Sequence[Fraction]
"""Where a function of one number turns."""


def affine(form: Json, parameters: Numbers) -> Fraction:
    """The value of an affine form."""
    return Fraction(form[""]) + sum((Fraction(c) * parameters[name] for name, c in form.items() if name), Fraction(0))


class Unrolled:
    """A list of nodes with a format for each, grown by whole expressions."""

    def __init__(self) -> None:
        self.nodes: list[Json] = []
        self.formats: list[Json] = []

    def push(self, node: Json, fmt: Json) -> int:
        """One node; equal ones in equal formats are kept apart, which changes nothing."""
        self.nodes.append(node)
        self.formats.append(fmt)
        return len(self.nodes) - 1

    def extend(self, nodes: Json, fmt: Json, names: dict[str, Any]) -> int:
        """An expression: a name stands for a number, another name, or (as an int) a node that is rounded again where it is read."""
        places = []
        for node in nodes:
            op, *rest = node
            if op == "var":
                meaning = names[rest[0]]
                if isinstance(meaning, Fraction):
                    places.append(self.push(["const", str(meaning)], fmt))
                elif isinstance(meaning, int):
                    places.append(self.push(["cast", meaning], fmt))
                else:
                    places.append(self.push(["var", meaning], fmt))
            elif op == "const":
                places.append(self.push(node, fmt))
            elif op == "pow":
                places.append(self.push(["pow", places[rest[0]], rest[1]], fmt))
            else:
                places.append(self.push([op, *(places[a] for a in rest)], fmt))
        return places[-1]


def member(family: Json, formats: Json, parameters: Numbers, size: int | None) -> tuple[Any, Program]:
    """The ordinary problem of these parameters and this size, and its program."""
    box = {name: [str(affine(end, parameters)) for end in ends] for name, ends in family["box"].items()}
    sources = dict.fromkeys(box, formats["input"])
    known: dict[str, Any] = {**parameters, **{name: name for name in box}}
    unrolled = Unrolled()
    fold = family.get("fold")
    if fold is not None:
        assert size is not None
        state = unrolled.push(["cast", unrolled.extend(fold["start"], formats["compute"], known)], formats["accumulate"])
        copies: dict[str, list[str]] = {}
        sources = {name: fmt for name, fmt in sources.items() if name not in fold["elements"]}
        for k in range(size):
            own = {name: f"{name}_{k}" for name in fold["elements"]}
            copies |= {own[name]: box[name] for name in own}
            sources |= dict.fromkeys(own.values(), formats["input"])
            if "step" in fold:
                after = unrolled.extend(fold["step"], formats["compute"], known | own | {fold["state"]: state})
                state = unrolled.push(["cast", after], formats["accumulate"])
            else:
                term = unrolled.extend(fold["term"], formats["compute"], known | own)
                state = unrolled.push(["add", state, term], formats["accumulate"])
        box = {name: ends for name, ends in box.items() if name not in fold["elements"]} | copies
        known |= {fold["state"]: state, fold["size"]: Fraction(size)}
    unrolled.extend(family["expression"], formats["compute"], known)
    tolerance = {kind: str(affine(form, parameters)) for kind, form in family["tolerance"].items()}
    document = {"expression": _live(unrolled), "box": box, "tolerance": tolerance, "inputs": family["inputs"]}
    if "preconditions" in family:
        document["preconditions"] = [_condition(condition, known) for condition in family["preconditions"]]
    program = Program(
        inputs={name: format_from_json(fmt, "input") for name, fmt in sources.items()},
        nodes=[format_from_json(fmt, "node") for fmt in unrolled.formats],
        output=format_from_json(formats["output"], "output"),
        accuracy={},
    )
    return problem_from_json(document, "member"), program


def _condition(nodes: Json, known: dict[str, Any]) -> list[Json]:
    plain = Unrolled()
    plain.extend(nodes, None, known)
    return plain.nodes


def _live(unrolled: Unrolled) -> list[Json]:
    """The nodes and formats that the last node is made of."""
    live = {len(unrolled.nodes) - 1}
    for k in range(len(unrolled.nodes) - 1, -1, -1):
        if k in live and unrolled.nodes[k][0] not in ("const", "var"):
            node = unrolled.nodes[k]
            live.update(node[1:2] if node[0] == "pow" else node[1:])
    kept = sorted(live)
    places = {k: j for j, k in enumerate(kept)}
    unrolled.formats = [unrolled.formats[k] for k in kept]
    nodes = []
    for k in kept:
        op, *rest = unrolled.nodes[k]
        if op in ("const", "var"):
            nodes.append([op, *rest])
        else:
            nodes.append([op, *(places[a] for a in rest[:1]), *rest[1:]] if op == "pow" else [op, *(places[a] for a in rest)])
    return nodes


def truth_of(family: Json, formats: Json, parameters: Numbers, size: int | None) -> Truth:
    """Brackets of the floor and of the program's error, by visiting every cell."""
    problem, program = member(family, formats, parameters, size)
    return branching_truth(problem, program, program.output)


def run_member(family: Json, formats: Json, parameters: Numbers, size: int, steps: list[Numbers]) -> tuple[Value, Fraction]:
    """The program's answer, and f, where step k has the elements `steps[k]`, and the first step the other inputs; rational operations."""
    fold = family["fold"]
    compute, accumulate = (format_from_json(formats[key], key) for key in ("compute", "accumulate"))
    source, output = (format_from_json(formats[key], key) for key in ("input", "output"))

    def both(nodes: Json, names: dict[str, tuple[Value, Fraction]]) -> tuple[Value, Fraction]:
        values: list[tuple[Value, Fraction]] = []
        for op, *rest in nodes:
            if op == "var":
                held, real = names[rest[0]]
                values.append((convert(held, compute), real))
            elif op == "const":
                values.append((round_real(Fraction(rest[0]), compute), Fraction(rest[0])))
            else:
                payload = rest[1] if op == "pow" else None
                operands = rest[:1] if op == "pow" else rest
                node = _expression_node(op, payload)
                exact = _exact(op, [values[a][1] for a in operands], payload)
                values.append((apply(node, [values[a][0] for a in operands], compute), exact))
        return values[-1]

    fixed = {name: (t, t) for name, t in parameters.items()}
    names = {name: (round_real(x, source), x) for name, x in steps[0].items()} | fixed
    held, real = both(fold["start"], names)
    held = convert(held, accumulate)
    terms: dict[int, tuple[Value, Fraction]] = {}
    for step in steps[:size]:
        if id(step) not in terms:
            terms[id(step)] = both(fold["term"], {name: (round_real(x, source), x) for name, x in step.items()} | fixed)
        term, exact = terms[id(step)]
        held, real = apply(_expression_node("add", None), [held, term], accumulate), real + exact
    n = Fraction(size)
    answer, value = both(family["expression"], names | {fold["state"]: (held, real), fold["size"]: (n, n)})
    return convert(answer, output), value


@dataclass(frozen=True, slots=True)
class Exactly:
    """E* and E(P) of a member; None where infinite."""

    floor: Fraction | None
    program: Fraction | None


def fold_truth(family: Json, formats: Json, parameters: Numbers, size: int, term: Shape, value: Shape) -> Exactly:
    """E* and E(P) of a fold of one element x (and perhaps one more input z), every code visited, all ranges exact.

    Elements of different steps are independent, so that the state runs through the sum of the ranges of its parts. `term` and `value`
    say where the term turns as a function of x, and the expression as one of the state; between, both are monotone.
    """
    source, output = (cast(FloatFormat, format_from_json(formats[key], key)) for key in ("input", "output"))
    pieces = {name: _codes(family, source, name, parameters) for name in family["box"]}
    floors: list[Fraction | None] = []
    errors: list[Fraction | None] = []
    for own in pieces.get("z", {"": [Piece(Fraction(0), Fraction(0))]}).values():
        for codes in product(pieces["x"].values(), repeat=size):
            ranges = [
                _range_of_value(family, parameters, size, z, [_range_of_term(family, parameters, x, term) for x in xs], value)
                for z in own for xs in product(*codes)
            ]  # fmt: skip
            image = min(lo for lo, _ in ranges), max(hi for _, hi in ranges)
            steps = [{"x": _inside(of[0]), "z": _inside(own[0])} if "z" in pieces else {"x": _inside(of[0])} for of in codes]
            answer = run_member(family, formats, parameters, size, steps)[0]
            errors.append(_worst(family, to_fraction(answer), image))
            floors.append(_least(family, output, image))
    return Exactly(None if None in floors else max(filter(_known, floors)), None if None in errors else max(filter(_known, errors)))


def _known(value: Fraction | None) -> bool:
    return value is not None


def _codes(family: Json, source: FloatFormat, name: str, parameters: Numbers) -> dict[Value, list[Piece]]:
    lo, hi = (affine(end, parameters) for end in family["box"][name])
    if family["inputs"] == "representable":
        return {v: [Piece(v, v)] for v in numbers(source, lo, hi)}
    return cells(source, lo, hi)


def _inside(piece: Piece) -> Fraction:
    return (piece.lo + piece.hi) / 2


def _between(lo: Fraction, hi: Fraction, turns: Shape) -> list[Fraction]:
    return [lo, hi, *(t for t in turns if lo < t < hi)]


def _range_of_term(family: Json, parameters: Numbers, piece: Piece, turns: Shape) -> tuple[Fraction, Fraction]:
    values = [real(family["fold"]["term"], parameters | {"x": x}) for x in _between(piece.lo, piece.hi, turns)]
    return min(values), max(values)


def _range_of_value(
    family: Json, parameters: Numbers, size: int, z: Piece, terms: list[tuple[Fraction, Fraction]], turns: Shape
) -> tuple[Fraction, Fraction]:
    values = []
    for own in (z.lo, z.hi):
        names = parameters | {"z": own}
        start = real(family["fold"]["start"], names)
        lo, hi = start + sum(lo for lo, _ in terms), start + sum(hi for _, hi in terms)
        values += [real(family["expression"], names | {"s": s, "n": Fraction(size)}) for s in _between(lo, hi, turns)]
    return min(values), max(values)


def _worst(family: Json, answer: Fraction | None, image: tuple[Fraction, Fraction]) -> Fraction | None:
    """The largest measure of an answer over the closure of an image."""
    if answer is None:
        return None
    if not is_relative(family):
        return max(abs(answer - end) for end in image)
    if image[0] <= 0 <= image[1]:
        return None if answer else Fraction(image[0] < image[1])
    return max(abs(answer - end) / abs(end) for end in image)


def _least(family: Json, output: FloatFormat, image: tuple[Fraction, Fraction]) -> Fraction | None:
    """The least over all numbers of the output format: those in the image, the next on either side, and 0."""
    known = _numbers(output)
    first, last = bisect_left(known, image[0]), bisect_right(known, image[1])
    tried = {Fraction(0), *known[max(first - 1, 0) : last + 1]}
    found = [worst for number in tried if (worst := _worst(family, number, image)) is not None]
    return min(found) if found else None


@cache
def _numbers(output: FloatFormat) -> list[Fraction]:
    return sorted(numbers(output, -output.max_finite, output.max_finite))


def real(nodes: Json, names: Numbers) -> Fraction:
    """The value of a rational expression."""
    values: list[Fraction] = []
    for op, *rest in nodes:
        if op in ("var", "const"):
            values.append(names[rest[0]] if op == "var" else Fraction(rest[0]))
        else:
            values.append(_exact(op, [values[a] for a in (rest[:1] if op == "pow" else rest)], rest[1] if op == "pow" else None))
    return values[-1]


def is_relative(family: Json) -> bool:
    """Whether the measure is the relative error."""
    return bool(family["tolerance"]["relative"] != {"": "0"})


def _expression_node(op: str, payload: int | None) -> Any:
    return Node(Op(op), (), payload)


def _exact(op: str, x: list[Fraction], payload: int | None) -> Fraction:
    match op:
        case "add":
            return x[0] + x[1]
        case "sub":
            return x[0] - x[1]
        case "mul":
            return x[0] * x[1]
        case "div":
            return x[0] / x[1]
        case "neg":
            return -x[0]
        case "abs":
            return abs(x[0])
        case "max":
            return max(x)
        case "min":
            return min(x)
        case "pow":
            assert payload is not None
            return x[0] ** payload
    raise AssertionError(op)


def measured(family: Json, answer: Value, value: Fraction) -> Fraction | None:
    """The measure of an answer, None where it is infinite."""
    number = to_fraction(answer)
    if number is None:
        return None
    return _worst(family, number, (value, value))
