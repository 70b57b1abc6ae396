"""A program of a network: a format for every tensor and a way of adding for every sum (docs/networks.md, "What a program does")."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.networks.graph import Network, TensorNode
from suffice.errors import InputError
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.device import Accumulation
from suffice.hardware_specs.format import Format

Storage = Format | BlockFormat
"""What a tensor is held in. Integer codes have a definite scale here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a program computes one node.

    `compute` is the format of every arithmetic operation and function; `stored` that of the result in memory, None where the result
    stays in `compute`. `weights` holds the constants (a weight matrix, or the value of a constant node), `bias` a bias; `scales` are the
    scales of integer weights, one for every output channel (the axis before the last), where `weights` are integer codes of scale 1.
    `accumulation` is how products and sums are added. `ulps` is the accuracy of the function beyond correct rounding (THEORY section 4).
    """

    compute: Format
    stored: Storage | None = None
    weights: Storage | None = None
    scales: tuple[Fraction, ...] = ()
    bias: Format | None = None
    accumulation: Accumulation | None = None
    ulps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkProgram:
    """One step for every node; that of the input rounds what arrives (`stored`)."""

    network: Network
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.network.nodes):
            raise InputError(f"{len(self.steps)} steps for {len(self.network.nodes)} nodes", where=self.network.name)

    def pairs(self) -> tuple[tuple[TensorNode, Step], ...]:
        """Nodes with their steps."""
        return tuple(zip(self.network.nodes, self.steps, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFormats:
    """What is chosen for one layer; `accumulation` None: as the device adds products of these formats."""

    weights: Storage
    activations: Storage
    compute: Format
    bias: Format
    accumulation: Accumulation | None = None
