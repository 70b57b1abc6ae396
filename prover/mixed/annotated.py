"""The program as text: FPCore that reads as the same program again, and what its C says of itself."""

from __future__ import annotations

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
    result = mixed.result
    if result is None or result.error_bound is None:
        return []
    name = mixed.program.problem.name if mixed.program is not None else ""
    bound = f"The error is at most {decimal_above(result.error_bound, 6)} wherever the arguments are the inputs, rounded to their types."
    return [*([name] if name else []), bound, *(f"Assumed: {assumption}." for assumption in result.certificate.assumptions), result.digest]
