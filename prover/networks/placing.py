"""Programs of networks: one format for everything, or one for each layer (docs/networks.md says what a program does)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.networks.graph import BINARY, NORMALISING, UNARY, Network, TensorNode, TensorOp
from suffice.encodings.networks.program import LayerFormats, NetworkProgram, Step, Storage
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products, summation
from suffice.hardware_specs.block_format import block_format, block_formats
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import Device, accumulation_for
from suffice.hardware_specs.device import device as find_device
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat
from suffice.prover.networks.constants import scale_above, symmetric_scales
from suffice.prover.networks.local_errors import held_format
from suffice.prover.networks.local_errors_rounding import keeps
from suffice.prover.networks.local_errors_sums import fit_exactly

Ranges = Sequence[Intervals] | Mapping[int, Intervals]

MARGIN = Fraction(1, 64)
"""The share of its width by which the range of integer codes is widened, so that computed values rarely saturate."""

_FUNCTIONS: dict[TensorOp, tuple[str, ...]] = {
    TensorOp.SOFTMAX: ("exp",),
    TensorOp.LOG_SOFTMAX: ("exp", "log"),
    TensorOp.LAYER_NORM: ("rsqrt",),
    TensorOp.RMS_NORM: ("rsqrt",),
}
"""Names of the functions inside operations, in a device's table of accuracies."""


def uniform(
    network: Network,
    fmt: str | Storage,
    *,
    device: str = "generic",
    output: str | Storage | None = None,
    input: str | Storage | None = None,
    ranges: Ranges | None = None,
) -> NetworkProgram:
    """The program that holds every tensor in one format. `input` and `output` may have others.

    Integer codes need `ranges`, those of every node over all inputs asked about.
    """
    return place(network, dict.fromkeys(network.layers, fmt), default=fmt, device=device, output=output, input=input, ranges=ranges)


def place(
    network: Network,
    layers: Mapping[str, LayerFormats | str | Storage],
    *,
    default: LayerFormats | str | Storage = "fp32",
    device: str = "generic",
    output: str | Storage | None = None,
    input: str | Storage | None = None,
    ranges: Ranges | None = None,
) -> NetworkProgram:
    """The program that holds each layer (a module path of the network) in formats of its own, the input and other layers in `default`."""
    unknown = next((name for name in layers if name not in network.layers), None)
    if unknown is not None:
        raise InputError(f"no layer {unknown!r}", where=network.name, mend=f"its layers are {', '.join(map(repr, network.layers))}")
    machine = find_device(device)
    given = {name: layers.get(name, default) for name in (*network.layers, "")}
    made = {name: layer_formats(chosen, device) for name, chosen in given.items()}
    others = layer_formats(default, device)
    held: list[Storage | None] = []
    steps: list[Step] = []
    for position, node in enumerate(network.nodes):
        chosen = made.get(node.layer, others)
        target: Storage | None = chosen.activations if node.stored and node.op is not TensorOp.CONSTANT else None
        if node.op is TensorOp.INPUT:
            target = storage(input) if input is not None else others.activations
        if position == len(network.nodes) - 1 and output is not None:
            target = storage(output)
        wanted = given.get(node.layer, default)
        own_sums = isinstance(wanted, LayerFormats) and wanted.accumulation is not None
        step = step_of(node, chosen, None if own_sums else machine, [held[operand] for operand in node.operands])
        step = replace(step, stored=definite(target, ranges, position, node.name))
        own = held_format(node, step, [held[operand] for operand in node.operands])
        held.append(own if step.stored is None else step.stored)
        steps.append(step)
    return NetworkProgram(network=network, steps=tuple(steps))


def storage(given: str | Storage) -> Storage:
    """A format or block format by its name. Raises FormatError."""
    if not isinstance(given, str):
        return given
    blocks = {fmt.name for fmt in block_formats()}
    return block_format(given) if given.strip().lower() in blocks or given.lower().startswith(("mx", "nvfp")) else parse_format(given)


def layer_formats(fmt: LayerFormats | str | Storage, device: str = "generic") -> LayerFormats:
    """What a layer held in one format uses: arithmetic, biases and sums in fp32, or fp64 for wider formats than fp32."""
    if isinstance(fmt, LayerFormats):
        return fmt
    held = storage(fmt)
    compute = _arithmetic(held)
    bias = held if isinstance(held, FloatFormat) and held.bits > 8 else compute
    weights: Storage = held
    if isinstance(held, IntFormat):
        weights = replace(held, qmin=max(held.qmin, -held.qmax), scale=Fraction(1), zero=0)
    added = _accumulation(find_device(device), weights, held, compute)
    return LayerFormats(weights=weights, activations=held, compute=compute, accumulation=added, bias=bias)


def definite(target: Storage | None, ranges: Ranges | None, position: int, where: str) -> Storage | None:
    """The format itself; integer codes without a scale get that of the range of their tensor, 0 always among their numbers."""
    if not isinstance(target, IntFormat) or target.scale is not None:
        return target
    if ranges is None:
        raise FormatError("integer codes need a scale", where=where, mend="give the ranges of the nodes")
    lo, hi = (Fraction(float(end)) for end in (ranges[position].lo.min(), ranges[position].hi.max()))
    margin = MARGIN * (hi - lo)
    lo, hi = min(lo - margin, Fraction(0)) if lo < 0 else Fraction(0), max(hi + margin, Fraction(0)) if hi > 0 else Fraction(0)
    scale = scale_above((hi - lo) / (target.qmax - target.qmin))
    zero = min(max(round(target.qmin - lo / scale), target.qmin), target.qmax)
    return replace(target, scale=scale, zero=zero)


def _arithmetic(held: Storage) -> Format:
    if isinstance(held, ExactFormat):
        return held
    fp32 = parse_format("fp32")
    return parse_format("fp64") if isinstance(held, FloatFormat) and not keeps(fp32, held) else fp32


def _sums(chosen: LayerFormats, machine: Device | None, left: Storage | None, right: Storage | None) -> Accumulation:
    """How products of these formats are added: as the device says, or where a layer says it itself, so, as far as the formats allow it."""
    if machine is not None:
        return _accumulation(machine, left, right, chosen.compute)
    added = chosen.accumulation
    assert added is not None
    if added.kind is Kind.EXACT:
        codes = isinstance(left, IntFormat) and isinstance(right, IntFormat)
        return added if codes else _accumulation(None, left, right, chosen.compute)
    exponents = tuple(fmt.emin if isinstance(fmt, FloatFormat) else 0 for fmt in (left, right))
    return replace(added, products_fit=fit_exactly(left, right, added.accumulator), smallest_exponents=(exponents[0], exponents[1]))


def _accumulation(machine: Device | None, left: Storage | None, right: Storage | None, compute: Format) -> Accumulation:
    """The device's way of adding products of these formats; where it has none, additions in the format of the arithmetic, in any order."""
    if machine is not None and left is not None and right is not None:
        try:
            return accumulation_for(machine, left, right)
        except FormatError:
            pass
    if not isinstance(compute, FloatFormat):
        raise FormatError("sums in a format that has no additions", mend="compute in a float format")
    fit = fit_exactly(left, right, compute)
    return Accumulation(kind=Kind.ADDITIONS, accumulator=compute, order=Order.ANY, products=Products.EITHER, products_fit=fit)


def step_of(node: TensorNode, chosen: LayerFormats, machine: Device | None, held: list[Storage | None]) -> Step:
    compute, weights = chosen.compute, chosen.weights
    match node.op:
        case TensorOp.CONSTANT:
            plain = node.parameter and isinstance(weights, FloatFormat | ExactFormat)
            return Step(compute=compute, weights=weights if plain else compute)
        case TensorOp.LINEAR:
            assert node.weight is not None
            scales = symmetric_scales(node.weight, weights.qmax) if isinstance(weights, IntFormat) else ()
            added = _sums(chosen, machine, weights, held[0])
            adder = added.accumulator if isinstance(added.accumulator, FloatFormat) else compute
            bias = chosen.bias if keeps(adder, chosen.bias) else adder
            return Step(compute=compute, weights=weights, scales=scales, bias=bias, accumulation=added)
        case TensorOp.MATMUL:
            return Step(compute=compute, accumulation=_sums(chosen, machine, held[0], held[1]))
        case op if op in NORMALISING or op in (TensorOp.SUM, TensorOp.MEAN):
            return Step(compute=compute, accumulation=_sum(compute, held[0], node), ulps=_ulps(machine, node.op))
        case op if op in UNARY or op in BINARY:
            return Step(compute=compute, ulps=_ulps(machine, op))
    return Step(compute=compute)


def _sum(compute: Format, held: Storage | None, node: TensorNode) -> Accumulation | None:
    if not isinstance(compute, FloatFormat):
        return None
    plain = summation(compute)
    if node.op in NORMALISING or (held is not None and keeps(compute, held)):
        return plain
    return replace(plain, products_fit=False)


def _ulps(machine: Device | None, op: TensorOp) -> int:
    table = dict(machine.functions.ulps) if machine is not None and machine.functions is not None else {}
    return max(table.get(name, 0) for name in _FUNCTIONS.get(op, (op.value,)))
