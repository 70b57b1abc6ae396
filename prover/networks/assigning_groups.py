"""What gets one format together in a network: the weights of a layer; activations that only movements, relu or max lie between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from suffice.encodings.networks.graph import Network, TensorNode, TensorOp
from suffice.encodings.networks.program import LayerFormats, NetworkProgram
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.device import device as find_device
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
from suffice.prover.networks.local_errors import EXACT_OPS
from suffice.prover.networks.placing import Ranges, layer_formats, place, storage

SCALE_BITS = 32
"""Bits of one scale of integer codes."""


class Kind(StrEnum):
    """What a format is chosen for."""

    WEIGHTS = "weights"
    ACTIVATIONS = "activations"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatGroup:
    """Tensors that get one format: weights of one layer, or activations of `layers` (and the input, if `has_input`).

    `members` are positions of nodes; `costs` are those of the whole group in each of `formats`.
    """

    kind: Kind
    layers: tuple[str, ...]
    has_input: bool = False
    members: tuple[int, ...]
    formats: tuple[Format, ...]
    costs: tuple[Fraction, ...]

    @property
    def name(self) -> str:
        """How the group is called: `weights of 0`."""
        named = [*(["the input"] if self.has_input else []), *(layer or "(model)" for layer in self.layers)]
        return f"{self.kind} of {named[0]}" if len(named) == 1 else f"{self.kind} of {named[0]} to {named[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """A network with the groups that get formats; `weights` and `activations` give the group of a node, where it has one.

    `ranges` are what scales of integer codes are chosen by. `output` is the output's format where that is no choice.
    """

    network: Network
    device: str
    groups: tuple[FormatGroup, ...]
    weights: Mapping[int, int]
    activations: Mapping[int, int]
    ranges: Ranges
    output: Format | None = None

    def program(self, assignment: Sequence[Format], ranges: Ranges | None = None) -> NetworkProgram:
        """The program in which every group has its format."""
        chosen = {(group.kind, layer): fmt for group, fmt in zip(self.groups, assignment, strict=True) for layer in group.layers}
        fallback = next(fmt for group, fmt in zip(self.groups, assignment, strict=True) if group.has_input)
        layers = {
            name: together(chosen.get((Kind.WEIGHTS, name), chosen.get((Kind.ACTIVATIONS, name), fallback)),
                           chosen.get((Kind.ACTIVATIONS, name), fallback))
            for name in self.network.layers
        }  # fmt: skip
        return place(
            self.network,
            layers,
            default=together(fallback, fallback),
            device=self.device,
            input=fallback,
            output=self.output,
            ranges=self.ranges if ranges is None else ranges,
        )

    def cost(self, assignment: Sequence[Format]) -> Fraction:
        """What an assignment costs."""
        return sum((group.costs[group.formats.index(fmt)] for group, fmt in zip(self.groups, assignment, strict=True)), Fraction(0))

    def uniform(self, fmt: Format) -> tuple[Format, ...] | None:
        """One format for every group; None where some group does not leave it open (the input may have one of its own)."""
        if any(fmt not in group.formats for group in self.groups if not group.has_input):
            return None
        return tuple(fmt if fmt in group.formats else group.formats[0] for group in self.groups)


def together(weights: Format, activations: Format) -> LayerFormats:
    """A layer with weights in one format and activations in another; sums as the device adds the products."""
    held = layer_formats(weights)
    return replace(held, activations=activations, accumulation=None)


def layout(
    network: Network,
    formats: Sequence[str | Format],
    *,
    device: str = "generic",
    costs: str = "bits",
    input: str | Format | None = None,
    output: str | Format | None = None,
    ranges: Ranges,
) -> Layout:
    """The groups of a network. Formats with arithmetic wider than fp32, and block formats, are left out.

    `costs` "bits" counts the bits stored: of weights, biases, scales of integer weights, and of every tensor that a run writes to memory;
    "device" the place of the format in the device's order of costs, from 1, for each number stored. Raises InputError, FormatError.
    """
    usable = tuple(dict.fromkeys(fmt for fmt in map(storage, formats) if is_usable(fmt)))
    names = [format_name(fmt) for fmt in usable if isinstance(fmt, FloatFormat | IntFormat)]
    if not names:
        raise InputError("no format that layers can be held in is named", mend="name some of fp32, bf16, fp16, fp8_e4m3, int8")
    priced = _Prices(costs, device, names)
    kept = tuple(fmt for fmt in usable if isinstance(fmt, FloatFormat | IntFormat))
    groups = _weight_groups(network, kept, priced)
    groups += _activation_groups(network, kept, priced, input, has_output=output is not None)
    position = {kind: {k: g for g, one in enumerate(groups) if one.kind is kind for k in one.members} for kind in Kind}
    fixed = None if output is None else storage(output)
    if fixed is not None and not isinstance(fixed, FloatFormat | IntFormat):
        raise InputError("the output's format is neither a float format nor integer codes", mend="name another")
    return Layout(
        network=network, device=find_device(device).name, groups=tuple(groups), weights=position[Kind.WEIGHTS],
        activations=position[Kind.ACTIVATIONS], ranges=ranges, output=fixed,
    )  # fmt: skip


def is_usable(fmt: object) -> bool:
    """Whether a layer may be given the format: its arithmetic is fp32, and certificates hold it."""
    return isinstance(fmt, FloatFormat | IntFormat) and layer_formats(fmt).compute == layer_formats("fp32").compute


@dataclass(frozen=True, slots=True)
class _Prices:
    """What one number costs in a format."""

    costs: str
    device: str
    names: Sequence[str]

    def __post_init__(self) -> None:
        if self.costs not in ("bits", "device"):
            raise InputError(f"costs {self.costs!r} are unknown", mend="count bits, or places in the device's order")
        order = find_device(self.device).cost_order
        missing = [name for name in self.names if name not in order] if self.costs == "device" else []
        if missing:
            raise InputError(f"{missing[0]} has no place in the order of costs of {self.device}", mend="count bits")

    def price(self, fmt: Format) -> Fraction:
        if self.costs == "bits":
            return Fraction(fmt.bits if isinstance(fmt, FloatFormat | IntFormat) else 0)
        name, order = format_name(fmt), find_device(self.device).cost_order
        return Fraction(order.index(name) + 1 if name in order else len(order) + 1)

    def weights(self, nodes: Sequence[TensorNode], fmt: Format) -> Fraction:
        """Weights, biases in their own format, scales, and other parameters, which are held in fp32 where weights are integer codes."""
        held = layer_formats(fmt)
        assert isinstance(fmt, FloatFormat | IntFormat)
        total = Fraction(0)
        for node in nodes:
            if node.weight is not None:
                total += self.price(fmt) * node.weight.size
                if isinstance(fmt, IntFormat) and self.costs == "bits":
                    total += SCALE_BITS * node.weight.shape[-2]
            if node.bias is not None:
                total += self.price(held.bias) * node.bias.size
            if node.value is not None:
                total += self.price(held.compute if isinstance(fmt, IntFormat) else fmt) * node.value.size
        return total


def _weight_groups(network: Network, formats: tuple[Format, ...], prices: _Prices) -> list[FormatGroup]:
    """One for every layer that has weights."""
    found: dict[str, list[int]] = {}
    for k, node in enumerate(network.nodes):
        if node.op is TensorOp.LINEAR or (node.op is TensorOp.CONSTANT and node.parameter):
            found.setdefault(node.layer, []).append(k)
    return [
        FormatGroup(
            kind=Kind.WEIGHTS, layers=(layer,), members=tuple(members), formats=formats,
            costs=tuple(prices.weights([network.nodes[k] for k in members], fmt) for fmt in formats),
        )
        for layer, members in found.items()
    ]  # fmt: skip


def _activation_groups(
    network: Network, formats: tuple[Format, ...], prices: _Prices, input: str | Format | None, *, has_output: bool
) -> list[FormatGroup]:
    """Layers share one where a value that is written in one of them is only moved, cut off or compared on the way to the other.

    None stands for the input.
    """
    sources: list[frozenset[str | None]] = []
    joined: list[frozenset[str | None]] = []
    members: dict[str | None, list[int]] = {}
    for k, node in enumerate(network.nodes):
        from_operands = frozenset(name for operand in node.operands for name in sources[operand])
        is_exact = node.op in EXACT_OPS and node.op not in (TensorOp.INPUT, TensorOp.CONSTANT)
        own = None if node.op is TensorOp.INPUT else node.layer
        written = node.op is TensorOp.INPUT or (node.stored and node.op is not TensorOp.CONSTANT)
        if written and not (has_output and k + 1 == len(network.nodes)):
            members.setdefault(own, []).append(k)
            sources.append(frozenset({own}))
            joined.append((from_operands if is_exact else frozenset()) | {own})
        else:
            sources.append(from_operands if is_exact else frozenset())
    return [_activation_group(network, names, members, formats, prices, input) for names in _merged(list(members), joined)]


def _activation_group(
    network: Network,
    names: tuple[str | None, ...],
    members: Mapping[str | None, list[int]],
    formats: tuple[Format, ...],
    prices: _Prices,
    input: str | Format | None,
) -> FormatGroup:
    places = tuple(sorted(k for name in names for k in members[name]))
    allowed = formats
    if None in names and input is not None:
        given = storage(input)
        if not isinstance(given, FloatFormat | IntFormat):
            raise InputError("the input's format is neither a float format nor integer codes", mend="name another")
        allowed = (given,)
    size = sum(network.nodes[k].size for k in places)
    return FormatGroup(
        kind=Kind.ACTIVATIONS, layers=tuple(name for name in names if name is not None), has_input=None in names, members=places,
        formats=allowed, costs=tuple(prices.price(fmt) * size for fmt in allowed),
    )  # fmt: skip


def _merged(names: list[str | None], joined: Sequence[frozenset[str | None]]) -> list[tuple[str | None, ...]]:
    """The classes of names of which some stand in one set, in the order of the names."""
    parent = {name: name for name in names}

    def root(name: str | None) -> str | None:
        while parent[name] != name:
            name = parent[name]
        return name

    for together_named in joined:
        roots = [root(name) for name in names if name in together_named]
        for other in roots[1:]:
            parent[root(other)] = roots[0]
    classes: dict[str | None, list[str | None]] = {}
    for name in names:
        classes.setdefault(root(name), []).append(name)
    return [tuple(found) for found in classes.values()]
