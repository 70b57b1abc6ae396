"""From JSON values to a question: formats, expressions, and what is asked about them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from . import limits
from .failures import Rejection
from .formats import Code, Exact, Float, Format, Int, exponent_of, is_free, power_of_two
from .jsonvalues import NAME, boolean, choice, fields, integer, listed, number, optional
from .question import ELEMENTARY, LOGICAL, Box, Node, Point, Program, Question

ARITY = {
    "pi": 0, "e": 0, "add": 2, "sub": 2, "mul": 2, "div": 2, "neg": 1, "abs": 1, "min": 2, "max": 2, "sqrt": 1, "fma": 3,
    "exp": 1, "expm1": 1, "log": 1, "log1p": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1,
    "sinh": 1, "cosh": 1, "tanh": 1, "exp2": 1, "log2": 1, "log10": 1, "cbrt": 1, "asinh": 1, "acosh": 1, "atanh": 1,
    "hypot": 2, "atan2": 2, "powr": 2, "cast": 1, "lt": 2, "le": 2, "eq": 2, "and": 2, "or": 2, "not": 1, "if": 3,
}  # fmt: skip
"""Operations whose nodes hold nothing but positions."""

TAKES_TRUTHS = {"and": (0, 1), "or": (0, 1), "not": (0,), "if": (0,)}
"""The operands that are true or false; all others are numbers."""

ROUNDINGS = ("nearest_even", "nearest_away", "toward_zero", "up", "down")


def read_format(value: Any, where: str) -> Format | Code:
    """A FORMAT."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "exact":
        fields(value, where, "kind")
        return Exact()
    if kind == "code":
        _, bits = fields(value, where, "kind", "bits")
        return Code(integer(bits, f"{where}.bits", 1, 64))
    if kind == "int":
        return _read_int(value, where)
    if kind == "float":
        return _read_float(value, where)
    raise Rejection(f"{where}.kind is not float, int, code or exact")


def _read_int(value: Any, where: str) -> Int:
    _, qmin, qmax, scale, zero, rounding = fields(value, where, "kind", "qmin", "qmax", "scale", "zero", "rounding")
    low = integer(qmin, f"{where}.qmin", -limits.MAX_CODE, limits.MAX_CODE)
    high = integer(qmax, f"{where}.qmax", low + 1, limits.MAX_CODE)
    mode = choice(rounding, f"{where}.rounding", ROUNDINGS)
    if scale is None and zero is None:
        return Int(low, high, None, None, mode)
    step = number(scale, f"{where}.scale")
    if step <= 0:
        raise Rejection(f"{where}.scale is not positive")
    return Int(low, high, step, integer(zero, f"{where}.zero", -limits.MAX_CODE, limits.MAX_CODE), mode)


def _read_float(value: Any, where: str) -> Float:
    _, p, emin, emax, max_finite, infinities, nan, negative_zero, subnormals, rounding, overflow = fields(
        value, where, "kind", "p", "emin", "emax", "max_finite", "infinities", "nan", "negative_zero", "subnormals", "rounding", "overflow"
    )
    limit = limits.MAX_FORMAT_EXPONENT
    fmt = Float(
        p=integer(p, f"{where}.p", 1, limits.MAX_SIGNIFICAND),
        emin=integer(emin, f"{where}.emin", -limit, limit),
        emax=integer(emax, f"{where}.emax", -limit, limit),
        max_finite=number(max_finite, f"{where}.max_finite"),
        infinities=boolean(infinities, f"{where}.infinities"),
        nan=boolean(nan, f"{where}.nan"),
        negative_zero=boolean(negative_zero, f"{where}.negative_zero"),
        subnormals=choice(subnormals, f"{where}.subnormals", ("kept", "flushed")),
        rounding=choice(rounding, f"{where}.rounding", ROUNDINGS),
        overflow=choice(overflow, f"{where}.overflow", ("infinity", "saturate", "nan")),
    )
    if fmt.max_finite <= 0 or exponent_of(fmt.max_finite) != fmt.emax or fmt.emin > fmt.emax:
        raise Rejection(f"{where}: emin, emax and max_finite contradict each other")
    if (fmt.max_finite / power_of_two(fmt.emax - fmt.p + 1)).denominator != 1:
        raise Rejection(f"{where}.max_finite is not a number of the format")
    if (fmt.overflow == "infinity" and not fmt.infinities) or (fmt.overflow == "nan" and not fmt.nan):
        raise Rejection(f"{where}.overflow gives a value that the format does not have")
    return fmt


def read_nodes(value: Any, where: str = "expression", *, logical: bool = False) -> tuple[Node, ...]:
    """An expression whose value is a number, or true or false: topological order, every node used."""
    listed(value, where, 1, limits.MAX_NODES)
    nodes: list[Node] = []
    for k, item in enumerate(value):
        node = _read_node(item, k, f"{where}[{k}]")
        truths = TAKES_TRUTHS.get(node.op, ())
        if any((nodes[argument].op in LOGICAL) != (place in truths) for place, argument in enumerate(node.args)):
            raise Rejection(f"{where}[{k}] takes a number for true or false, or the other way round")
        nodes.append(node)
    used = {argument for node in nodes for argument in node.args} | {len(nodes) - 1}
    if len(used) != len(nodes):
        raise Rejection(f"{where} has a node that is not used")
    if (nodes[-1].op in LOGICAL) != logical:
        raise Rejection(f"the value of {where} is not {'true or false' if logical else 'a number'}")
    return tuple(nodes)


def _read_node(item: Any, position: int, where: str) -> Node:
    op = item[0] if isinstance(item, list) and item else None
    if op == "const" and len(item) == 2:
        return Node("const", (), number(item[1], where))
    if op == "var" and len(item) == 2:
        if not isinstance(item[1], str) or not NAME.fullmatch(item[1]):
            raise Rejection(f"{where} is not a name of an input")
        return Node("var", (), item[1])
    if op == "pow" and len(item) == 3:
        return Node("pow", (_earlier(item[1], position, where),), integer(item[2], where, -limits.MAX_EXPONENT, limits.MAX_EXPONENT))
    if isinstance(op, str) and ARITY.get(op) == len(item) - 1:
        return Node(op, tuple(_earlier(argument, position, where) for argument in item[1:]))
    raise Rejection(f"{where} is not a node of version 1")


def _earlier(argument: Any, position: int, where: str) -> int:
    return integer(argument, f"an argument of {where}", 0, position - 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The formats of a question: of its inputs and output as they are asked about, and of the concrete program."""

    inputs: dict[str, Format]
    output: Format | Code
    accuracy: dict[str, Fraction]
    program: Program | None


def read_point(value: Any, where: str, names: tuple[str, ...]) -> Point:
    """One number for each input."""
    return {name: number(item, f"{where}.{name}") for name, item in zip(names, fields(value, where, *names), strict=True)}


def read_question(problem: Any, formats: Any) -> Question:
    """PROBLEM and FORMATS together."""
    given = optional(problem, "preconditions")
    expression, box, tolerance, inputs, *conditions = fields(problem, "problem", "expression", "box", "tolerance", "inputs", *given)
    nodes = read_nodes(expression)
    preconditions = read_preconditions(conditions[0], len(nodes)) if conditions else ()
    intervals = _read_box(box, (*nodes, *(node for condition in preconditions for node in condition)))
    absolute, relative = (number(item, "tolerance") for item in fields(tolerance, "tolerance", "absolute", "relative"))
    if absolute < 0 or relative < 0:
        raise Rejection("the tolerance is negative")
    asked = read_asked(formats, nodes, tuple(intervals))
    return Question(
        nodes=nodes, box=intervals, preconditions=preconditions, absolute=absolute, relative=relative,
        representable=choice(inputs, "problem.inputs", ("real", "representable")) == "representable",
        inputs=asked.inputs, output=asked.output, accuracy=asked.accuracy, program=asked.program,
    )  # fmt: skip


def read_preconditions(value: Any, taken: int) -> tuple[tuple[Node, ...], ...]:
    """Conditions of a problem that has so many nodes besides."""
    conditions = []
    for k, item in enumerate(listed(value, "problem.preconditions", 1, limits.MAX_NODES)):
        conditions.append(read_nodes(item, f"preconditions[{k}]", logical=True))
        taken += len(conditions[-1])
        if taken > limits.MAX_NODES:
            raise Rejection(f"the problem has more than {limits.MAX_NODES} nodes")
    return tuple(conditions)


def _read_box(value: Any, nodes: tuple[Node, ...]) -> Box:
    if not isinstance(value, dict) or not all(NAME.fullmatch(name) for name in value):
        raise Rejection("problem.box is not an object of named intervals")
    if len(value) > limits.MAX_INPUTS:
        raise Rejection(f"the problem has more than {limits.MAX_INPUTS} inputs")
    intervals = {}
    for name in sorted(value):
        lo, hi = (number(end, f"box.{name}") for end in listed(value[name], f"box.{name}", 2, 2))
        if lo > hi:
            raise Rejection(f"box.{name} is empty")
        intervals[name] = (lo, hi)
    missing = {node.payload for node in nodes if node.op == "var"} - set(intervals)
    if missing:
        raise Rejection(f"the input {min(map(str, missing))} has no interval")
    return intervals


def read_asked(value: Any, nodes: tuple[Node, ...], names: tuple[str, ...]) -> Asked:
    """FORMATS of an expression and its inputs."""
    given = optional(value, "inputs", "operations", "accuracy", "instances")
    of_input, of_compute, of_output, *rest = fields(value, "formats", "input", "compute", "output", *given)
    found = dict(zip(given, rest, strict=True))
    source, compute = _definite(of_input, "formats.input"), _definite(of_compute, "formats.compute")
    output = read_format(of_output, "formats.output")
    inputs = dict.fromkeys(names, source) | (_read_inputs(found["inputs"], names, source) if "inputs" in found else {})
    operations = _read_operations(found["operations"], nodes, compute) if "operations" in found else {}
    steps = tuple(Exact() if node.op in LOGICAL else operations.get(k, compute) for k, node in enumerate(nodes))
    if isinstance(output, Code) and (operations or not isinstance(compute, Exact)):
        raise Rejection("an output of any code is computed in exact")
    program = None
    free = any(is_free(fmt) for fmt in (source, compute, output, *inputs.values(), *operations.values()))
    if "instances" in found:
        if not free:
            raise Rejection("formats.instances stands only beside integer codes with free scale")
        program = _read_instances(found["instances"], inputs, steps, output)
    elif not free:
        assert not isinstance(output, Code)
        program = Program(inputs, steps, output)
    return Asked(inputs, output, _read_accuracy(found["accuracy"], nodes) if "accuracy" in found else {}, program)


def _definite(value: Any, where: str) -> Format:
    fmt = read_format(value, where)
    if isinstance(fmt, Code):
        raise Rejection(f"{where} cannot be any code")
    return fmt


def _read_inputs(value: Any, names: tuple[str, ...], source: Format) -> dict[str, Format]:
    """Formats of single inputs, each another than that of all."""
    given = optional(value, *names)
    inputs = {
        name: _definite(item, f"formats.inputs.{name}")
        for name, item in zip(given, fields(value, "formats.inputs", *given), strict=True)
    }  # fmt: skip
    if not inputs or source in inputs.values():
        raise Rejection("formats.inputs names no input, or gives one the format of all")
    return inputs


def _read_operations(value: Any, nodes: tuple[Node, ...], compute: Format) -> dict[int, Format]:
    """Formats of single nodes: in the order of their first nodes, each once and another than that of all."""
    operations: dict[int, Format] = {}
    formats: list[Format] = []
    firsts: list[int] = []
    for k, item in enumerate(listed(value, "formats.operations", 1, len(nodes))):
        where = f"formats.operations[{k}]"
        fmt, positions = listed(item, where, 2, 2)
        formats.append(_definite(fmt, where))
        places = [integer(place, where, 0, len(nodes) - 1) for place in listed(positions, where, 1, len(nodes))]
        if places != sorted(set(places)) or not operations.keys().isdisjoint(places):
            raise Rejection(f"{where} names a node twice, or not in order")
        if any(nodes[place].op in LOGICAL for place in places):
            raise Rejection(f"{where} gives a format to what is true or false")
        operations |= dict.fromkeys(places, formats[-1])
        firsts.append(places[0])
    if firsts != sorted(firsts) or compute in formats or len(set(formats)) != len(formats):
        raise Rejection("formats.operations has a format twice, formats.compute, or formats out of order")
    return operations


def _read_accuracy(value: Any, nodes: tuple[Node, ...]) -> dict[str, Fraction]:
    """Errors of elementary functions that occur, in units in the last place."""
    given = optional(value, *sorted({node.op for node in nodes} & ELEMENTARY))
    accuracy = {
        name: number(item, f"formats.accuracy.{name}")
        for name, item in zip(given, fields(value, "formats.accuracy", *given), strict=True)
    }  # fmt: skip
    if not accuracy or not all(Fraction(1, 2) <= ulps <= limits.MAX_ULPS for ulps in accuracy.values()):
        raise Rejection(f"formats.accuracy names no function, or an error that is not from 1/2 to {limits.MAX_ULPS} ulps")
    return accuracy


def _read_instances(value: Any, asked: dict[str, Format], steps: tuple[Format, ...], output: Format | Code) -> Program:
    inputs, nodes, result = fields(value, "instances", "inputs", "nodes", "output")
    given = {
        name: _instance(item, f"instances.inputs.{name}", asked[name])
        for name, item in zip(asked, fields(inputs, "instances.inputs", *asked), strict=True)
    }
    concrete = tuple(
        _instance(item, f"instances.nodes[{k}]", steps[k])
        for k, item in enumerate(listed(nodes, "instances.nodes", len(steps), len(steps)))
    )  # fmt: skip
    return Program(given, concrete, _instance(result, "instances.output", output))


def _instance(value: Any, where: str, of: Format | Code) -> Format:
    fmt = _definite(value, where)
    if isinstance(of, Int) and of.is_free:
        if isinstance(fmt, Int) and not fmt.is_free and (of.qmin, of.qmax, of.rounding) == (fmt.qmin, fmt.qmax, fmt.rounding):
            return fmt
    elif fmt == of:
        return fmt
    raise Rejection(f"{where} is not an instance of the format asked about")
