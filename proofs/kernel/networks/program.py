"""The program: a format for every tensor and a way of adding for every sum (docs/networks.md, "What a program does")."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from .. import limits
from ..failures import Rejection
from ..formats import Code, Float, Format, Int, size_of
from ..jsonvalues import boolean, choice, fields, integer, listed, optional
from ..reading import read_format
from .arrays import Exact, decode
from .graph import Node

ORDERS = ("any", "sequential", "pairwise", "odd_even", "even_odd_chains")
ADDING = ("linear", "matmul", "sum", "mean", "softmax", "log_softmax", "layer_norm", "rms_norm")
"""Operations that need an accumulation."""


@dataclass(frozen=True, slots=True)
class Accumulation:
    """How terms are added up: docs/devices.md. `accumulator` is the format of partial sums, integer codes for exact ones."""

    kind: str
    accumulator: Float | Int
    order: str = "any"
    products: str = "either"
    group: int = 1
    extra_bits: int = 0
    presummed: int = 1
    flushes_inputs: bool = False
    smallest_exponents: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """How one node is computed."""

    compute: Format
    stored: Format | None = None
    weights: Format | None = None
    bias: Format | None = None
    scales: Exact | None = None
    accumulation: Accumulation | None = None
    ulps: int = 0

    @property
    def result(self) -> Format:
        """What the result is held in."""
        return self.compute if self.stored is None else self.stored


def read_program(value: Any, nodes: tuple[Node, ...]) -> tuple[Step, ...]:
    """A step for every node."""
    given, items = fields(value, "program", "formats", "steps")
    formats = [_read_format(f, f"formats[{i}]") for i, f in enumerate(listed(given, "program.formats", 1, limits.MAX_NETWORK_FORMATS))]
    if len(set(formats)) != len(formats):
        raise Rejection("program.formats has a format twice")
    steps = listed(items, "program.steps", len(nodes), len(nodes))
    used: set[int] = set()
    program = tuple(_read_step(item, node, formats, used, f"steps[{k}]") for k, (item, node) in enumerate(zip(steps, nodes, strict=True)))
    if len(used) != len(formats):
        raise Rejection("program.formats has a format that no step uses")
    return program


def _read_format(value: Any, where: str) -> Format:
    fmt = read_format(value, where)
    if isinstance(fmt, Code):
        raise Rejection(f"{where} cannot be any code")
    if isinstance(fmt, Int):
        if fmt.scale is None:
            raise Rejection(f"{where} needs a scale")
        if size_of(fmt.scale) > limits.MAX_NETWORK_SCALE_BITS:
            raise Rejection(f"{where}.scale has more than {limits.MAX_NETWORK_SCALE_BITS} bits")
        if fmt.scale.denominator & (fmt.scale.denominator - 1):
            raise Rejection(f"{where}.scale is not a whole number over a power of two")
    most = limits.MAX_NETWORK_SIGNIFICAND
    if isinstance(fmt, Float) and (fmt.p > most or fmt.emax < -most):
        raise Rejection(f"{where} has more than {most} significand bits, or only numbers below 2^-{most}")
    return fmt


def _read_step(item: Any, node: Node, formats: list[Format], used: set[int], where: str) -> Step:
    names = optional(item, "stored", "weights", "bias", "scales", "accumulation", "ulps")
    compute, *rest = fields(item, where, "compute", *names)
    found = dict(zip(names, rest, strict=True))

    def at(position: Any, name: str) -> Format:
        place = integer(position, f"{where}.{name}", 0, len(formats) - 1)
        used.add(place)
        return formats[place]

    _check_keys(node, found, where)
    step = Step(
        compute=at(compute, "compute"),
        stored=at(found["stored"], "stored") if "stored" in found else None,
        weights=at(found["weights"], "weights") if "weights" in found else None,
        bias=at(found["bias"], "bias") if "bias" in found else None,
        scales=_scales(found["scales"], node, f"{where}.scales") if "scales" in found else None,
        accumulation=_read_accumulation(found["accumulation"], at, f"{where}.accumulation") if "accumulation" in found else None,
        ulps=integer(found.get("ulps", 0), f"{where}.ulps", int("ulps" in found), limits.MAX_ULPS),
    )
    if isinstance(step.compute, Int):
        raise Rejection(f"{where}.compute is a format of integer codes")
    if step.scales is not None and not (isinstance(step.weights, Int) and step.weights.scale == 1):
        raise Rejection(f"{where}.scales belong to integer codes of scale 1")
    return step


def _check_keys(node: Node, found: dict[str, Any], where: str) -> None:
    """Exactly the keys that the operation has a use for."""
    demanded = {
        "weights": node.op in ("linear", "constant"), "bias": node.bias is not None, "accumulation": node.op in ADDING,
    }  # fmt: skip
    for name, is_demanded in demanded.items():
        if is_demanded != (name in found):
            raise Rejection(f"{where} {'needs' if is_demanded else 'has no use for'} {name}")
    if "scales" in found and node.op != "linear":
        raise Rejection(f"{where} has no use for scales")


def _scales(value: Any, node: Node, where: str) -> Exact:
    groups, out, _ = node.weight_shape
    text = value if isinstance(value, str) else ""
    count = prod((groups, out)) if len(text.partition(":")[2]) > 11 * out else out
    scales = decode(value, count, where)
    if min(scales.numbers) <= 0:
        raise Rejection(f"{where} holds a scale that is not positive")
    return scales


def _read_accumulation(value: Any, at: Any, where: str) -> Accumulation:
    kind = choice(value.get("kind") if isinstance(value, dict) else None, f"{where}.kind", ("exact", "additions", "groups"))
    if kind == "exact":
        _, accumulator = fields(value, where, "kind", "accumulator")
        codes = at(accumulator, "accumulation.accumulator")
        if not isinstance(codes, Int) or codes.scale != 1 or codes.zero != 0:
            raise Rejection(f"{where}.accumulator of exact sums is not integer codes of scale 1")
        return Accumulation("exact", codes)
    _, accumulator, order, products, group, extra, presummed, flushes, exponents = fields(
        value, where, "kind", "accumulator", "order", "products", "group", "extra_bits", "presummed", "flushes_inputs", "smallest_exponents"
    )
    fmt = at(accumulator, "accumulation.accumulator")
    if not isinstance(fmt, Float) or (kind == "additions" and not fmt.is_nearest):
        raise Rejection(f"{where}.accumulator is not a float format{' that rounds to nearest' if kind == 'additions' else ''}")
    limit = limits.MAX_FORMAT_EXPONENT
    low, high = (integer(e, where, -limit, limit) for e in listed(exponents, f"{where}.smallest_exponents", 2, 2))
    result = Accumulation(
        kind, fmt, choice(order, f"{where}.order", ORDERS), choice(products, f"{where}.products", ("rounded", "fused", "either")),
        integer(group, f"{where}.group", 1, 1 << 20), integer(extra, f"{where}.extra_bits", 2 - fmt.p, 1 << 12),
        integer(presummed, f"{where}.presummed", 1, 1 << 20), boolean(flushes, f"{where}.flushes_inputs"), (low, high),
    )  # fmt: skip
    _check_accumulation(result, where)
    return result


def _check_accumulation(a: Accumulation, where: str) -> None:
    assert isinstance(a.accumulator, Float)
    if a.group % a.presummed or (a.order == "pairwise" and a.group != 4) or (a.order in ORDERS[3:] and a.group % 2):
        raise Rejection(f"{where}.group does not fit its order")
    fmt = a.accumulator
    is_single = fmt.p <= 24 and fmt.emin >= -126 and fmt.emax <= 127
    if a.kind == "groups" and (not is_single or fmt.subnormals == "flushed" or a.flushes_inputs):
        raise Rejection(f"{where}.accumulator of groups has numbers beyond fp32, or flushes subnormals")
    if a.kind == "groups" and a.order not in ("any", "sequential"):
        raise Rejection(f"{where}.order is none of groups")

