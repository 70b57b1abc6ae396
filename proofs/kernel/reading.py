"""From bytes to a question and claims: strict JSON, every limit enforced before any arithmetic."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from math import gcd
from typing import Any

from . import limits
from .failures import Rejection
from .formats import Code, Exact, Float, Format, Int, exponent_of, is_free, power_of_two
from .question import Node, Point, Program, Question

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

ARITY = {
    "pi": 0, "e": 0, "add": 2, "sub": 2, "mul": 2, "div": 2, "neg": 1, "abs": 1, "min": 2, "max": 2, "sqrt": 1, "fma": 3,
    "exp": 1, "expm1": 1, "log": 1, "log1p": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1,
    "sinh": 1, "cosh": 1, "tanh": 1,
}  # fmt: skip
"""Operations whose nodes hold nothing but positions."""

ROUNDINGS = ("nearest_even", "nearest_away", "toward_zero", "up", "down")


def load(data: bytes) -> Any:
    """Parse JSON without floating-point numbers, duplicate keys, deep nesting (which the parser refuses) or huge integers."""
    if len(data) > limits.MAX_BYTES:
        raise Rejection(f"the file has {len(data)} bytes, more than {limits.MAX_BYTES}")
    try:
        return json.loads(
            data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float, parse_int=_small_int, object_pairs_hook=_no_duplicates
        )
    except UnicodeDecodeError:
        raise Rejection("the file is not UTF-8") from None
    except RecursionError:
        raise Rejection("the file is nested too deeply") from None
    except ValueError as error:
        raise Rejection(f"the file is not JSON: {error}") from None


def _no_float(text: str) -> Any:
    raise Rejection(f"{text[:40]} is not an exact number: write it as a string of digits")


def _small_int(text: str) -> int:
    if len(text) > 30:
        raise Rejection(f"an integer of {len(text)} digits")
    return int(text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Rejection(f"an object has a key twice among {', '.join(quoted(key) for key, _ in pairs[:8])}")
    return result


def fields(value: Any, where: str, *names: str) -> list[Any]:
    """The values of an object that has exactly these keys."""
    if not isinstance(value, dict):
        raise Rejection(f"{where} is not an object")
    if set(value) != set(names):
        odd = sorted(set(value) ^ set(names))
        named = ", ".join(key if _NAME.fullmatch(key) else quoted(key) for key in odd[:8])
        raise Rejection(f"{where} has missing or unknown keys: {named}")
    return [value[name] for name in names]


def quoted(value: Any) -> str:
    """What a file says, on one line of plain letters."""
    return ascii(value[:40] if isinstance(value, str) else type(value).__name__)


def integer(value: Any, where: str, low: int, high: int) -> int:
    """A JSON integer within limits."""
    if type(value) is not int or not low <= value <= high:
        raise Rejection(f"{where} is not an integer from {low} to {high}")
    return value


def boolean(value: Any, where: str) -> bool:
    """A JSON boolean."""
    if type(value) is not bool:
        raise Rejection(f"{where} is not true or false")
    return value


def choice(value: Any, where: str, options: tuple[str, ...]) -> str:
    """One of several words."""
    if not isinstance(value, str) or value not in options:
        raise Rejection(f"{where} is not one of {', '.join(options)}")
    return value


def listed(value: Any, where: str, low: int, high: int) -> list[Any]:
    """A JSON array of limited length."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise Rejection(f"{where} is not an array of {low} to {high} items")
    return value


def number(value: Any, where: str) -> Fraction:
    """A rational written in lowest terms."""
    if not isinstance(value, str) or len(value) > 2 * limits.MAX_DIGITS + 2 or not _NUMBER.fullmatch(value) or value == "-0":
        raise Rejection(f"{where} is not a number written as an integer or a fraction of at most {limits.MAX_DIGITS} digits")
    top, _, bottom = value.partition("/")
    if max(len(top), len(bottom)) > limits.MAX_DIGITS:
        raise Rejection(f"{where} has more than {limits.MAX_DIGITS} digits")
    n, d = int(top), int(bottom or 1)
    if gcd(n, d) != 1 or (bottom and d == 1):
        raise Rejection(f"{where} is not in lowest terms")
    return Fraction(n, d)


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


def read_nodes(value: Any) -> tuple[Node, ...]:
    """The expression: topological order, every node used, none twice."""
    nodes = tuple(_read_node(item, k) for k, item in enumerate(listed(value, "expression", 1, limits.MAX_NODES)))
    used = {argument for node in nodes for argument in node.args} | {len(nodes) - 1}
    if len(used) != len(nodes):
        raise Rejection("the expression has a node that is not used")
    if len(set(nodes)) != len(nodes):
        raise Rejection("the expression has the same node twice")
    return nodes


def _read_node(item: Any, position: int) -> Node:
    where = f"expression[{position}]"
    op = item[0] if isinstance(item, list) and item else None
    if op == "const" and len(item) == 2:
        return Node("const", (), number(item[1], where))
    if op == "var" and len(item) == 2:
        if not isinstance(item[1], str) or not _NAME.fullmatch(item[1]):
            raise Rejection(f"{where} is not a name of an input")
        return Node("var", (), item[1])
    if op == "pow" and len(item) == 3:
        return Node("pow", (_earlier(item[1], position),), integer(item[2], where, -limits.MAX_EXPONENT, limits.MAX_EXPONENT))
    if isinstance(op, str) and ARITY.get(op) == len(item) - 1:
        return Node(op, tuple(_earlier(argument, position) for argument in item[1:]))
    raise Rejection(f"{where} is not a node of version 1")


def _earlier(argument: Any, position: int) -> int:
    return integer(argument, f"an argument of expression[{position}]", 0, position - 1)


def read_point(value: Any, where: str, names: tuple[str, ...]) -> Point:
    """One number for each input."""
    return {
        name: number(item, f"{where}.{name}")
        for name, item in zip(names, fields(value, where, *names), strict=True)
    }


def read_question(problem: Any, formats: Any) -> Question:
    """PROBLEM and FORMATS together."""
    expression, box, tolerance, inputs = fields(problem, "problem", "expression", "box", "tolerance", "inputs")
    nodes = read_nodes(expression)
    intervals = _read_box(box, nodes)
    absolute, relative = (number(item, "tolerance") for item in fields(tolerance, "tolerance", "absolute", "relative"))
    if absolute < 0 or relative < 0:
        raise Rejection("the tolerance is negative")
    names = ("input", "compute", "output") + (("instances",) if isinstance(formats, dict) and "instances" in formats else ())
    asked = fields(formats, "formats", *names)
    source, compute = _definite(asked[0], "formats.input"), _definite(asked[1], "formats.compute")
    output = read_format(asked[2], "formats.output")
    if isinstance(output, Code) and not isinstance(compute, Exact):
        raise Rejection("an output of any code is computed in exact")
    free = any(is_free(fmt) for fmt in (source, compute, output))
    if len(asked) == 4 and not free:
        raise Rejection("formats.instances stands only beside integer codes with free scale")
    program = None
    if len(asked) == 4:
        program = _read_instances(asked[3], nodes, tuple(sorted(intervals)), source, compute, output)
    elif not free:
        assert not isinstance(output, Code)
        program = Program(dict.fromkeys(intervals, source), (compute,) * len(nodes), output)
    return Question(
        nodes=nodes, box=intervals, absolute=absolute, relative=relative,
        representable=choice(inputs, "problem.inputs", ("real", "representable")) == "representable",
        input=source, compute=compute, output=output, program=program,
    )  # fmt: skip


def _read_box(value: Any, nodes: tuple[Node, ...]) -> dict[str, tuple[Fraction, Fraction]]:
    if not isinstance(value, dict) or not all(_NAME.fullmatch(name) for name in value):
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


def _definite(value: Any, where: str) -> Format:
    fmt = read_format(value, where)
    if isinstance(fmt, Code):
        raise Rejection(f"{where} cannot be any code")
    return fmt


def _read_instances(
    value: Any, nodes: tuple[Node, ...], names: tuple[str, ...], source: Format, compute: Format, output: Format | Code
) -> Program:
    inputs, node_formats, result = fields(value, "instances", "inputs", "nodes", "output")
    given = {
        name: _instance(item, f"instances.inputs.{name}", source)
        for name, item in zip(names, fields(inputs, "instances.inputs", *names), strict=True)
    }
    steps = tuple(
        _instance(item, f"instances.nodes[{k}]", compute)
        for k, item in enumerate(listed(node_formats, "instances.nodes", len(nodes), len(nodes)))
    )
    return Program(given, steps, _instance(result, "instances.output", output))


def _instance(value: Any, where: str, of: Format | Code) -> Format:
    fmt = _definite(value, where)
    if isinstance(of, Int) and of.is_free:
        if isinstance(fmt, Int) and not fmt.is_free and (of.qmin, of.qmax, of.rounding) == (fmt.qmin, fmt.qmax, fmt.rounding):
            return fmt
    elif fmt == of:
        return fmt
    raise Rejection(f"{where} is not an instance of the format asked about")
