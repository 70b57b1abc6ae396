"""The commands check and explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suffice.cli.options import AllCores, AsJson, Target, Why
from suffice.cli.reasons import check_wishes, trace_with_reasons
from suffice.cli.statuses import DONE, REJECTED, RESTS_ON_SOLVER, UNDECIDED

if TYPE_CHECKING:
    from suffice.encodings.family import Family
    from suffice.encodings.problem import Problem
    from suffice.proofs.kernel import Report
    from suffice.prover.results import SolverRun

Files = Annotated[list[Path], typer.Argument(metavar="CERT...", help="Certificates to check.", show_default=False)]
OneFile = Annotated[Path, typer.Argument(metavar="CERT", help="A certificate.", show_default=False)]
About = Annotated[Path | None, typer.Option("--problem", metavar="FILE", help="Also demand that the certificates are about this problem.")]
With = Annotated[str | None, typer.Option("--with", metavar="z3,cvc5", help="Also put the SMT-LIB scripts to these solvers.")]
To = Annotated[Target, typer.Option("--to", help="Markdown, HTML or LaTeX.")]
Into = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write it there.")]


def check(files: Files, problem: About = None, solvers: With = None, as_json: AsJson = False) -> None:
    """Re-check certificates with the kernel, which trusts nothing that the certificate's maker did.

    \b
    suffice check certificate.json
    suffice check *.json --problem problem.toml --with z3,cvc5 --json
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.files import read_bytes
    from suffice.proofs.kernel import check as check_bytes
    from suffice.proofs.kernel.limits import MAX_NETWORK_BYTES

    wanted = _read_wanted(problem) if problem else None
    names = _solver_names(solvers)
    contents = [read_bytes(file, MAX_NETWORK_BYTES) for file in files]
    entries = []
    for file, data in zip(files, contents, strict=True):
        entry = _entry(file, check_bytes(data))
        if wanted is not None and entry["status"] != "rejected" and (reason := _not_about(data, wanted, problem)):
            entry |= {"status": "rejected", "reason": reason}
        if names and entry["status"] != "rejected":
            entry |= _solvers(data, names)
        entries.append(entry)
    if as_json:
        print_object({"files": entries})
    else:
        print("\n".join(_line(entry) for entry in entries))
    raise typer.Exit(_status(entries))


def explain(
    file: OneFile, to: To = Target.MD, output: Into = None, why: Why = False, all_cores: AllCores = False, as_json: AsJson = False
) -> None:
    """Write a certificate as a readable proof. A certificate that the kernel rejects is not explained.

    \b
    suffice explain certificate.json
    suffice explain certificate.json --to html --output proof.html
    suffice explain certificate.json --why --all-cores
    """
    from suffice.api import bytes_of
    from suffice.cli.json_output import print_object
    from suffice.proofs.documents import parse_document
    from suffice.proofs.files import write_atomically
    from suffice.proofs.kernel import check as check_bytes
    from suffice.proofs.trace import render, trace

    check_wishes(why=why, all_cores=all_cores)
    data = bytes_of(file)
    report = check_bytes(data)
    entry = _entry(file, report)
    text, reasons = "", {}
    if report.status != "rejected":
        document = parse_document(data)
        shown = trace(document)
        if why:
            shown, reasons["why"] = trace_with_reasons(shown, document, all_cores=all_cores)
        text = render(shown, to.value)
    if output is not None and text:
        write_atomically(output, text.encode())
    if as_json:
        print_object({**entry, "to": to.value, "output": str(output) if output else None, "trace": text, **reasons})
    elif not text or output:
        print(_line(entry))
    else:
        print(text.rstrip())
    raise typer.Exit(_status([entry]))


def _entry(file: Path, report: Report) -> dict[str, Any]:
    return {
        "file": str(file),
        "status": report.status,
        "reason": report.reason,
        "verdict": report.verdict,
        "statement": report.statement,
        "summary": report.summary,
        "possible": report.possible,
        "assumptions": list(report.assumptions),
        "farkas_checked": report.refuted,
    }


def _read_wanted(path: Path) -> Problem | Family:
    """What a problem file asks. Raises InputError."""
    from suffice.encodings.readers.family_toml import is_family_file, read_family_file
    from suffice.encodings.readers.toml import read_problem_file

    return read_family_file(path).family if is_family_file(path) else read_problem_file(path).problem


def _not_about(data: bytes, wanted: Problem | Family, file: Path | None) -> str:
    """Why the certificate is not about the problem, "" where it is."""
    from suffice.encodings.family import Family
    from suffice.proofs.allocation import AllocationCertificate
    from suffice.proofs.documents import parse_document
    from suffice.proofs.families import FamilyCertificate, family_to_json
    from suffice.proofs.networks import NetworkCertificate
    from suffice.proofs.problemdata import problem_to_json

    document = parse_document(data)
    if isinstance(document, NetworkCertificate):
        return "the certificate is about a network, and about no problem file"
    if isinstance(document, AllocationCertificate):
        return "the certificate is about the costs of choices, and about no problem"
    if isinstance(document, FamilyCertificate):
        is_same = isinstance(wanted, Family) and family_to_json(document.family) == family_to_json(wanted)
    else:
        is_same = not isinstance(wanted, Family) and problem_to_json(document.problem) == problem_to_json(wanted)
    return "" if is_same else f"the certificate is about another problem than {file}"


def _solver_names(text: str | None) -> list[str]:
    """The solvers of --with, known to exist before anything is checked. Raises InputError."""
    if text is None:
        return []
    from suffice.prover.solvers import decide

    names = [name.strip() for name in text.split(",")]
    decide([], solvers=names)
    return names


def _solvers(data: bytes, names: list[str]) -> dict[str, Any]:
    """What solvers say of the scripts. One that finds a model refutes the certificate; one that does not know proves nothing."""
    from suffice.cli.json_output import solver_object
    from suffice.prover.solvers import decide

    answers = decide(_scripts(data), solvers=names)
    runs: list[SolverRun] = [run for answer in answers for run in answer]
    entry: dict[str, Any] = {"solvers": [solver_object(run) for run in runs]}
    if models := [run.solver for run in runs if run.answer == "sat"]:
        return entry | {"status": "rejected", "reason": f"{models[0]} finds a model of a script that should have none"}
    if unknown := [run for run in runs if run.answer == "unknown"]:
        why = f" ({unknown[0].reason})" if unknown[0].reason else ""
        return entry | {"reason": f"{unknown[0].solver} does not decide a script{why}"}
    return entry


def _scripts(data: bytes) -> list[str]:
    """The scripts of a certificate. That of an allocation, which holds none, is written from its table."""
    from suffice.proofs.allocation import AllocationCertificate
    from suffice.proofs.documents import parse_document
    from suffice.proofs.networks import NetworkCertificate
    from suffice.prover.mixed.smt import cheaper_script

    document = parse_document(data)
    if isinstance(document, NetworkCertificate):
        return []
    if isinstance(document, AllocationCertificate):
        return [cheaper_script(document.table, document.cost)]
    return [script.script for script in document.smt]


def _line(entry: dict[str, Any]) -> str:
    known = [entry["summary"], *entry["assumptions"]] if entry["verdict"] else []
    said = [f"{run['solver']} says {run['answer']}" for run in entry.get("solvers", [])]
    count = entry.get("farkas_checked", 0)
    checked = [f"farkas checked{f' for {count} scripts' if count > 1 else ''}"] if count else []
    found = [*known, *said, *checked, *([entry["reason"]] if entry["reason"] else [])]
    details = [entry["reason"]] if entry["status"] == "rejected" else found
    return f"{entry['file']}: {entry['status']}: {', '.join(details)}"


def _status(entries: list[dict[str, Any]]) -> int:
    statuses = {entry["status"] for entry in entries}
    if "rejected" in statuses:
        return REJECTED
    if "accepted_modulo_solver" in statuses:
        return RESTS_ON_SOLVER
    return UNDECIDED if any(entry["reason"] for entry in entries) else DONE
