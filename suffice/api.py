"""What the project does, as functions: prove, minimum, bounds, check, explain."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from suffice.answers import BoundsAnswer, MinimumAnswer, ProofAnswer
from suffice.encodings.family import Family
from suffice.encodings.problem import Problem as ProblemData
from suffice.errors import InputError
from suffice.hardware_specs.format import Format
from suffice.proofs.documents import Document, document_bytes, parse_document
from suffice.proofs.files import read_bytes
from suffice.proofs.kernel import Report
from suffice.proofs.kernel import check as check_bytes
from suffice.proofs.kernel.limits import MAX_NETWORK_BYTES
from suffice.questions import Asking, Ends, Number, Placement, Problem, ask, by_size, read_exact, read_file

if TYPE_CHECKING:
    from suffice.family_answers import FamilyAnswer

Progress = Callable[[str, float], None]
"""Told what is worked on, and the fraction that is done."""

FormatsAsked = str | Format | Iterable[str | Format]
"""A format, several, or a text that lists several ("bf16,fp16")."""

CertificateSource = str | os.PathLike[str] | bytes | Document
"""A file, its bytes, or the certificate itself."""

LADDER = "int8,fp8_e4m3,fp8_e5m2,bf16,fp16,tf32,fp32,fp64"
"""The formats that `minimum` tries when none is named."""


class Question(TypedDict, total=False):
    """The options of `suffice.Problem`, for a formula given as text."""

    box: Mapping[str, Ends]
    eps: Number
    absolute: Number
    relative: Number | bool
    inputs: str
    where: Iterable[str]
    name: str


def prove(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None = None,
    *,
    placement: Placement | None = None,
    timeout: float | None = None,
    run_all: bool = False,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> ProofAnswer:
    """A verdict for each format, each with a certificate.

    `problem` is a `suffice.Problem`, a file (.toml, .fpcore) as a `Path`, or the text of a formula with `box=` and `eps=` beside it.
    `timeout` is in seconds for each format; `run_all` goes on after the first proof. Raises SufficeError for what cannot be asked.
    """
    from suffice.prover.portfolio import prove as decide

    asking = asking_of(problem, formats, placement, question)
    return ProofAnswer(decide(asking.problem, asking.formats, timeout=timeout, run_all=run_all, progress=progress))


def minimum(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None = None,
    *,
    placement: Placement | None = None,
    timeout: float | None = None,
    run_all: bool = False,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> MinimumAnswer:
    """The smallest format that is proved sufficient, and a verdict for each smaller one.

    Arguments as in `prove`; where no format is named, those of `LADDER`.
    """
    from suffice.prover.minimum import minimum as decide

    asking = asking_of(problem, formats, placement, question, otherwise=LADDER)
    return MinimumAnswer(decide(asking.problem, by_size(asking.formats), timeout=timeout, run_all=run_all, progress=progress))


def bounds(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None = None,
    *,
    placement: Placement | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> BoundsAnswer:
    """Range, slopes and curvatures on the box, and the error bracket in each format. Arguments as in `prove`; no tolerance is needed."""
    from suffice.prover.brackets import bounds as decide

    asking = asking_of(problem, formats, placement, question)
    return BoundsAnswer(decide(asking.problem, asking.formats, timeout=timeout, progress=progress))


def prove_family(
    family: Family | Path,
    formats: FormatsAsked | None = None,
    *,
    placement: Placement | None = None,
    accumulate: str | Format | None = None,
    timeout: float | None = None,
    resolution: Number | None = None,
    progress: Progress | None = None,
) -> FamilyAnswer:
    """For each format the regions of parameters and sizes where a verdict holds for every member, with one certificate.

    `family` is a file (.toml) with parameters or a fold, or a `Family`; `accumulate` the format of a fold's state; `timeout` is in
    seconds for each format; `resolution` the relative distance down to which parameters are told apart (1e-3). Raises SufficeError.
    """
    from suffice.family_answers import FamilyAnswer
    from suffice.family_questions import FamilyAsking, ask_family, read_family
    from suffice.prover.families import prove_family as decide

    if isinstance(family, Path):
        asking = read_family(family, formats, placement, accumulate)
    elif formats is None:
        raise InputError("no format is asked about", mend='name at least one, such as "fp16"')
    else:
        asking = FamilyAsking(family, ask_family(formats, placement, accumulate))
    fineness = None if resolution is None else read_exact(resolution, "resolution")
    return FamilyAnswer(decide(asking.family, asking.formats, timeout=timeout, resolution=fineness, progress=progress))


def check(certificate: CertificateSource) -> Report:
    """What the checking kernel says; nothing that the certificate's maker did is trusted.

    Raises InputError for a file that cannot be read.
    """
    return check_bytes(bytes_of(certificate))


def explain(certificate: CertificateSource, to: Literal["md", "html", "tex"] = "md") -> str:
    """A certificate as a readable proof. Raises InputError for a certificate that the kernel rejects: there is nothing to explain."""
    from suffice.proofs.trace import render, trace

    data = bytes_of(certificate)
    report = check_bytes(data)
    if report.status == "rejected":
        raise InputError(f"the certificate is rejected: {report.reason}", mend="make a new one with suffice prove --save")
    return render(trace(parse_document(data)), to)


def bytes_of(certificate: CertificateSource) -> bytes:
    """The certificate's bytes. Raises InputError for a file that cannot be read."""
    if isinstance(certificate, bytes):
        return certificate
    if isinstance(certificate, str | os.PathLike):
        return read_bytes(certificate, MAX_NETWORK_BYTES)
    return document_bytes(certificate)


def asking_of(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None,
    placement: Placement | None,
    question: Question,
    otherwise: str | None = None,
) -> Asking:
    """The question that the arguments of `prove` put together. Raises SufficeError."""
    if isinstance(problem, Path) and not question:
        return read_file(problem, formats, placement, otherwise)
    if isinstance(problem, str):
        if "box" not in question:
            raise InputError("the formula has no box", mend='give box={"x": (-1, 3)}, or a Path for a problem file')
        problem = Problem(problem, **question)
    elif question:
        raise InputError(f"{next(iter(question))} is given beside a problem that has its own", mend="make a suffice.Problem with it")
    assert isinstance(problem, ProblemData)
    if formats is None and otherwise is None:
        raise InputError("no format is asked about", mend='name at least one, such as "fp16"')
    return Asking(problem, ask(formats if formats is not None else otherwise or "", placement))
