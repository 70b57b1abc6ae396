"""What a choice of formats answers: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from suffice.hardware_specs.format import Format
from suffice.proofs.allocation import AllocationCertificate
from suffice.prover.mixed.program import Program
from suffice.prover.results import Result, SolverRun


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """A group, its format and cost, and its part of the error bound on the leaf where that is largest."""

    name: str
    members: int
    format: str
    cost: Fraction
    part: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """The program in one format throughout: its cost, its error bound (None: none was found), and whether that is within tolerance."""

    format: Format
    cost: Fraction
    error_bound: Fraction | None
    is_enough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimality:
    """The cheapest choice of the model: its cost, the proof that there is no cheaper one (None: time ran out), and solvers' words."""

    cost: Fraction
    certificate: AllocationCertificate | None
    solvers: tuple[SolverRun, ...]
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """The program chosen with its proof (None: no choice is proved to be enough), its cost, and what it is compared with.

    `minimality` speaks of the model; `cost` is below its cost where the bound of the very program allows more than the model.
    """

    program: Program | None
    result: Result | None
    shares: tuple[GroupShare, ...]
    cost: Fraction
    uniforms: tuple[Uniform, ...]
    minimality: Minimality | None
    seconds: float
    note: str = ""
