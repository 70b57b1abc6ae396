"""The program as text: FPCore that reads as the same program again, and what its C says of itself."""

from __future__ import annotations

from suffice.encodings.problem import Tolerance
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.encodings.writers.fpcore import to_fpcore
from suffice.errors import DisagreementError
from suffice.proofs.decimals import decimal_above
from suffice.prover.mixed.program import Program
from suffice.prover.mixed.results import Mixed
from suffice.prover.mixed.terms import numbered


def fpcore_of(program: Program) -> str:
    """The core, every operation annotated. Raises DisagreementError if it does not read as the program."""
    problem = program.problem
    text = to_fpcore(problem.expression, problem.box, problem.name, preconditions=problem.preconditions)
    read = read_fpcore(text)
    known: dict[tuple[object, ...], int] = {}
    if (
        numbered(read.expression, known, formats=True)[-1] != numbered(problem.expression, known, formats=True)[-1]
        or read.box != problem.box
    ):
        raise DisagreementError("the program written as FPCore reads as another", where=problem.name)
    return text


def c_notes(mixed: Mixed) -> list[str]:
    """What is proved of the program."""
    if mixed.program is None or mixed.result is None or mixed.result.error_bound is None:
        return []
    problem, result = mixed.program.problem, mixed.result
    bound = _measured(problem.tolerance, decimal_above(mixed.result.error_bound, 6))
    counted = "lie in the box and satisfy the preconditions of" if problem.preconditions else "lie in the box of"
    where = f"wherever the arguments are the inputs, rounded to their formats, and the inputs {counted}"
    name = [problem.name] if problem.name else []
    return [*name, f"{bound} {where}", f"{result.digest}.", *(f"Assumed: {assumption}." for assumption in result.certificate.assumptions)]


def _measured(tolerance: Tolerance | None, bound: str) -> str:
    """The bound in the measure of the tolerance."""
    if tolerance is None or not tolerance.relative:
        return f"The error is at most {bound}"
    if tolerance.is_relative:
        return f"The relative error is at most {bound}"
    return f"The error is at most {bound} + {tolerance.relative} |f|"
