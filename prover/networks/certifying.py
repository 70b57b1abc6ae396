"""Verdicts about networks: search and analysis bring evidence, the kernel derives every claim, and the verdict follows from the claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals, hull
from suffice.encodings.enclosures.relaxations.lipschitz import NetworkSlopes, network_slopes
from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.networks.program import NetworkProgram, Storage
from suffice.errors import DisagreementError, InputError
from suffice.proofs.certificate import Bound, Verdict
from suffice.proofs.kernel import check
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.limits import MAX_NETWORK_PARAMETERS, MAX_NETWORK_WORK
from suffice.proofs.kernel.networks.reading import Question
from suffice.proofs.networks import (
    LayersEvidence,
    NetworkCertificate,
    NetworkClaim,
    NetworkEvidence,
    NetworkFloor,
    NetworkInput,
    NetworkRun,
    assembled,
    canonical_bytes,
    claim_of,
    digest,
    question_of,
)
from suffice.prover.networks.analysis import Analysis, analyse
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.floors import find_floors
from suffice.prover.networks.layer_rows import finite, largest, layer_rows, storage_name
from suffice.prover.networks.narrowing import narrowed_nodes
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.results import NetworkProof, NetworkResult
from suffice.prover.networks.searching import FoundInput, SearchBudget, search

Array = NDArray[np.float64]
Progress = Callable[[str], None]

TIGHTENED_BOXES = 16
"""Sets of more boxes are analysed by intervals alone, and slopes are bounded over their hull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedNetwork:
    """One uniform placement: a format on a device. `input` and `output` may have other formats."""

    format: str | Storage
    device: str = "generic"
    output: str | Storage | None = None
    input: str | Storage | None = None


@dataclass(slots=True, eq=False)
class Surroundings:
    """What is known of a network over a set of inputs, whatever the program: found once, used for every format."""

    network: Network
    inputs: InputSet
    ranges: tuple[dict[int, Intervals], ...] = ()
    slopes: tuple[NetworkSlopes, ...] = ()
    hulls: dict[int, Intervals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        work = 0 if len(self.inputs.boxes) > TIGHTENED_BOXES or all(box.is_point for box in self.inputs.boxes) else None
        self.ranges = tuple(self._tightened(box, work) for box in self.inputs.boxes)
        self.hulls = {position: _hull([found[position] for found in self.ranges]) for position in self.ranges[0]}
        over = self.ranges if len(self.ranges) <= TIGHTENED_BOXES else (self.hulls,)
        self.slopes = tuple(network_slopes(self.network, found) for found in over)

    def _tightened(self, box: InputBox, work: int | None) -> dict[int, Intervals]:
        return tighten(self.network, box) if work is None else tighten(self.network, box, work=work)


def prove_network(
    network: Network,
    inputs: InputSet,
    tolerance: Fraction | None,
    asked: Sequence[AskedNetwork],
    *,
    budget: SearchBudget | None = None,
    progress: Progress | None = None,
    timeout: float | None = None,
    known: Surroundings | None = None,
    executor: Executor | None = None,
) -> NetworkProof:
    """A verdict for every placement; without a tolerance, bounds only.

    `budget` limits the search of each placement; after `timeout` seconds in all no further search is begun. `known` saves time where it
    was made already. `executor` works on several placements at once. Raises InputError, DomainError (the network is not defined on all
    inputs), FormatError.
    """
    if tolerance is not None and tolerance <= 0:
        raise InputError(f"the tolerance {tolerance} is not positive", mend="use a tolerance > 0")
    if inputs.shape != network.input.shape:
        raise InputError(
            f"the inputs have the shape {inputs.shape}, the network takes {network.input.shape}", mend="give inputs of its shape"
        )
    ends = None if timeout is None else monotonic() + timeout
    known = known or Surroundings(network, inputs)
    ask = partial(_result, known, tolerance, budget or SearchBudget(), ends)
    if executor is None:
        results = [ask(one) for one in _told(asked, progress)]
    else:
        waiting = [executor.submit(ask, one) for one in asked]
        results = [_returned(future.result(), network) for future, _ in zip(waiting, _told(asked, progress), strict=True)]
    whole = [slopes.whole for slopes in known.slopes]
    return NetworkProof(
        network=network,
        inputs=inputs,
        tolerance=tolerance,
        results=tuple(results),
        lipschitz=largest(slopes.lipschitz_max for slopes in whole),
        curvature=largest(slopes.curvature for slopes in whole),
    )


def _told(asked: Sequence[AskedNetwork], progress: Progress | None) -> Iterator[AskedNetwork]:
    for one in asked:
        if progress is not None:
            progress(f"{_label(one)} on {one.device}")
        yield one


def _label(one: AskedNetwork) -> str:
    return one.format if isinstance(one.format, str) else storage_name(one.format)


def _result(known: Surroundings, tolerance: Fraction | None, budget: SearchBudget, ends: float | None, one: AskedNetwork) -> NetworkResult:
    """The verdict about one placement; `ends` is on the monotonic clock, which processes share."""
    program, analysis = calibrated(partial(_uniform, known.network, one), known.inputs, known.ranges, known.hulls)
    if ends is not None:
        budget = replace(budget, seconds=max(0.0, min(budget.seconds, ends - monotonic())))
    return certify_program(program, known, tolerance, label=_label(one), device=one.device, budget=budget, analysis=analysis)


def _returned(result: NetworkResult, network: Network) -> NetworkResult:
    """The result with the network itself in the place of the copy that another process sent."""
    program = replace(result.program, network=network)
    certificate = None if result.certificate is None else replace(result.certificate, program=program)
    return replace(result, program=program, certificate=certificate)


def _uniform(network: Network, one: AskedNetwork, ranges: Mapping[int, Intervals]) -> NetworkProgram:
    return uniform(network, one.format, device=one.device, output=one.output, input=one.input, ranges=ranges)


def certify_program(
    program: NetworkProgram,
    known: Surroundings,
    tolerance: Fraction | None,
    *,
    label: str,
    device: str,
    budget: SearchBudget,
    analysis: Analysis | None = None,
) -> NetworkResult:
    """The verdict about one program; `analysis` is that of the program over all inputs, where it was made already."""
    started = monotonic()
    analysis = analysis or analyse(program, known.inputs, known.ranges)
    if program.network.parameters > MAX_NETWORK_PARAMETERS:
        return NetworkResult(
            format=label,
            device=device,
            verdict=Verdict.UNDECIDED,
            statement="",
            program=program,
            layers=layer_rows(program, analysis, known.slopes),
            seconds=monotonic() - started,
            analysed=finite(analysis.bound),
            note=f"too large for a certificate: {program.network.parameters} parameters, more than {MAX_NETWORK_PARAMETERS}",
        )
    worst = _worst(program, known.inputs, budget)
    desk = _Desk(program, known.inputs, tolerance)
    for floor in find_floors(program, known.inputs, budget.seconds / 4):
        desk.offer(NetworkFloor(kind=floor.kind, inputs=tuple(_located(x, known.inputs) for x in floor.points), output=floor.output))
    for narrowed in narrowings(desk.question):
        if desk.offer(LayersEvidence(narrowed=narrowed)):
            break
    if worst is not None:
        desk.offer(NetworkRun(input=_located(worst.x, known.inputs)))
    certificate = desk.certificate()
    return NetworkResult(
        format=label,
        device=device,
        verdict=certificate.verdict if certificate is not None else Verdict.UNDECIDED,
        statement=certificate.statement if certificate is not None else "",
        program=program,
        layers=layer_rows(program, analysis, known.slopes),
        seconds=monotonic() - started,
        assumptions=certificate.assumptions if certificate is not None else (),
        floor=_finite_amount(certificate, Bound.FLOOR),
        error_bound=_finite_amount(certificate, Bound.ERROR_BOUND),
        witness_error=_amount(certificate, Bound.WITNESS_ERROR),
        witness=_witness(certificate),
        floor_points=_floor_points(certificate),
        analysed=finite(analysis.bound),
        certificate=certificate,
        digest=digest(certificate) if certificate is not None else "",
        note="; ".join(desk.failures),
    )


@dataclass(slots=True, eq=False)
class _Desk:
    """Claims about one program: evidence is offered, the kernel derives, the best claim of each bound is kept."""

    program: NetworkProgram
    inputs: InputSet
    tolerance: Fraction | None
    claims: dict[Bound, NetworkClaim] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    question: Question = field(init=False)

    def __post_init__(self) -> None:
        self.question = question_of(self.program, self.inputs, self.tolerance)

    def offer(self, evidence: NetworkEvidence) -> bool:
        """Keep what the kernel derives, if it is better than what is there; note why it derives nothing, which is the answer False."""
        try:
            claim = claim_of(self.question, evidence, Budget(MAX_NETWORK_WORK))
        except InputError as failure:
            noted = f"{failure.where}: {failure.what.removeprefix(f'{failure.where}: ')}"
            self.failures += [noted] if noted not in self.failures else []
            return False
        old = self.claims.get(claim.bound)
        if old is None or _better(claim, old):
            self.claims[claim.bound] = claim
        return True

    def certificate(self) -> NetworkCertificate | None:
        """The certificate of all claims, which the kernel has accepted as a file; None where there is no claim, or the file is too long."""
        if not self.claims:
            return None
        self._demand_agreement()
        certificate = assembled(self.program, self.inputs, self.tolerance, self.question, list(self.claims.values()))
        try:
            data = canonical_bytes(certificate)
        except InputError as failure:
            self.failures.append(failure.what)
            return None
        report = check(data)
        if report.status != "accepted":
            self.failures.append(report.reason)
            return None
        return certificate

    def _demand_agreement(self) -> None:
        """A run cannot err by more than the bound: the two are derived by different code."""
        bound, run = (self.claims.get(kind) for kind in (Bound.ERROR_BOUND, Bound.WITNESS_ERROR))
        if bound is None or run is None or not isinstance(bound.value, Fraction):
            return
        if not isinstance(run.value, Fraction) or run.value > bound.value:
            erred = float(run.value) if isinstance(run.value, Fraction) else run.value
            raise DisagreementError(
                f"a run errs by {erred}, more than the bound {float(bound.value)}",
                where=self.program.network.name,
                mend="report this: nothing is claimed",
            )


def narrowings(question: Question) -> list[tuple[int, ...]]:
    """Whose ranges the kernel is to narrow; nowhere is the way out. Narrower ranges never give a larger bound."""
    narrowed = narrowed_nodes(question) if len(question.boxes) <= TIGHTENED_BOXES else ()
    return [narrowed, ()] if narrowed else [()]


def _better(new: NetworkClaim, old: NetworkClaim) -> bool:
    if not isinstance(new.value, Fraction) or not isinstance(old.value, Fraction):
        return isinstance(old.value, Fraction)
    return new.value < old.value if new.bound is Bound.ERROR_BOUND else new.value > old.value


def _worst(program: NetworkProgram, inputs: InputSet, budget: SearchBudget) -> FoundInput | None:
    """The worst input found over all boxes, which share the budget."""
    share = replace(budget, runs=max(1, budget.runs // len(inputs.boxes)), seconds=budget.seconds / len(inputs.boxes))
    found = [search(program, box, inputs.model, share) for box in inputs.boxes]
    finite = [one for one in found if np.isfinite(one.error) and one.error > 0]
    return max(finite, key=lambda one: one.error) if finite else None


def _located(x: Array, inputs: InputSet) -> NetworkInput:
    """The input, with the box that holds it."""
    for position, box in enumerate(inputs.boxes):
        if ((box.lo <= x) & (x <= box.hi)).all():
            return NetworkInput(box=position, values=x)
    raise AssertionError("the search left the set of inputs")


def _amount(certificate: NetworkCertificate | None, bound: Bound) -> Fraction | Literal["infinite"] | None:
    claim = certificate.claim(bound) if certificate is not None else None
    return None if claim is None else claim.value


def _finite_amount(certificate: NetworkCertificate | None, bound: Bound) -> Fraction | None:
    amount = _amount(certificate, bound)
    return amount if isinstance(amount, Fraction) else None


def _floor_points(certificate: NetworkCertificate | None) -> tuple[Array, ...]:
    claim = certificate.claim(Bound.FLOOR) if certificate is not None else None
    return tuple(point.values for point in claim.evidence.inputs) if claim is not None and isinstance(claim.evidence, NetworkFloor) else ()


def _witness(certificate: NetworkCertificate | None) -> Array | None:
    claim = certificate.claim(Bound.WITNESS_ERROR) if certificate is not None else None
    return claim.evidence.input.values if claim is not None and isinstance(claim.evidence, NetworkRun) else None


def _hull(ranges: Sequence[Intervals]) -> Intervals:
    found = ranges[0]
    for more in ranges[1:]:
        found = hull(found, more)
    return found
