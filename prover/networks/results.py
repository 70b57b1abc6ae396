"""What the prover answers about networks. Plain data: exact rationals for every bound, float64 arrays for inputs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.proofs.certificate import Verdict
from suffice.proofs.networks import NetworkCertificate
from suffice.prover.results import Amount

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer under one program, over all inputs (the worst box).

    `range` encloses every value of the layer's result. `lipschitz` bounds the layer's own change of its result in the max norm,
    `curvature` half its second derivative (2-norms; None across a kink). `local_error` is the largest rounding error that the layer adds
    to one element, `amplification` how much the rest of the network can enlarge an error of the layer's result in the max norm, and
    `contribution` what the layer adds to the bound of the worst output. `method` won for this layer's part of the bound.
    """

    name: str
    range: tuple[Fraction, Fraction]
    lipschitz: Fraction | None
    curvature: Fraction | None
    local_error: Fraction | None
    amplification: Fraction | None
    contribution: Fraction | None
    method: str
    weights: str
    activations: str
    accumulation: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkResult:
    """The answer for one format (or assignment) on one device.

    `certificate` is what the kernel accepted, and the verdict and its bounds come from it alone; None where the network is too large to
    be certified, and then the verdict is undecided and `analysed` tells what the analyser's float64 enclosures bound the error by.
    `witness` is the input of `witness_error`, `floor_points` the one or two inputs of `floor`.
    """

    format: str
    device: str
    verdict: Verdict
    statement: str
    program: NetworkProgram
    layers: tuple[LayerRow, ...]
    seconds: float
    assumptions: tuple[str, ...] = ()
    floor: Fraction | None = None
    error_bound: Fraction | None = None
    witness_error: Amount | None = None
    witness: Array | None = None
    floor_points: tuple[Array, ...] = ()
    analysed: Fraction | None = None
    certificate: NetworkCertificate | None = None
    digest: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkProof:
    """The answers about one network: `tolerance` is absolute, on every output element; None asks for bounds only.

    `lipschitz` (max norm) and `curvature` (half the second derivative, 2-norms; None across a kink) are those of the whole function.
    """

    network: Network
    inputs: InputSet
    tolerance: Fraction | None
    results: tuple[NetworkResult, ...]
    lipschitz: Fraction | None = None
    curvature: Fraction | None = None
