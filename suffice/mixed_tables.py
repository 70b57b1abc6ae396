"""The answer of `mix` as tables."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.problem import Problem
from suffice.hardware_specs.catalogue import format_name
from suffice.proofs.decimals import decimal_above, decimal_below
from suffice.prover.mixed.results import Minimality, Mixed, Uniform
from suffice.tables import NOTHING, Cell, Table, headline, measure_text


def mixed_tables(mixed: Mixed, problem: Problem, costs: str) -> list[Table]:
    """The operations with their formats, and the comparison with one format throughout."""
    chosen = [_operations(mixed, problem)] if mixed.result is not None else []
    return [*chosen, _comparison(mixed, problem, costs)]


def _operations(mixed: Mixed, problem: Problem) -> Table:
    rows = tuple(
        (
            Cell(share.name if share.members == 1 else f"{share.name} ({share.members} together)"),
            Cell(share.format),
            Cell(str(share.cost)),
            Cell(f"{float(share.part):.1%}"),
        )
        for share in mixed.shares
    )
    return Table(title=headline(problem), headings=("operation", "format", "cost", "share of the error"), rows=rows)


def _comparison(mixed: Mixed, problem: Problem, costs: str) -> Table:
    measured = measure_text(problem)
    rows = [_uniform_row(uniform, mixed) for uniform in mixed.uniforms]
    result = mixed.result
    if result is not None:
        known = f"in [{_below(result.witness_error)}, {decimal_above(result.error_bound or Fraction(0), 6)}]"
        rows.append((Cell("mixed"), Cell(str(mixed.cost)), Cell(NOTHING), Cell(known), Cell("proved", "green")))
    headings = ("program", f"cost ({costs})", "saved by mixing", f"{measured}", "within tolerance")
    return Table(title="Cost", headings=headings, rows=tuple(rows), notes=tuple(_notes(mixed)))


def _below(value: Fraction | str | None) -> str:
    return decimal_below(value, 6) if isinstance(value, Fraction) else value or "0"


def _uniform_row(uniform: Uniform, mixed: Mixed) -> tuple[Cell, ...]:
    saved = NOTHING
    if mixed.result is not None and uniform.is_enough and uniform.cost:
        saved = f"{float(1 - mixed.cost / uniform.cost):.1%}"
    bound = NOTHING if uniform.error_bound is None else f"<= {decimal_above(uniform.error_bound, 6)}"
    enough = Cell("yes", "green") if uniform.is_enough else Cell("not proved", "yellow")
    return (Cell(f"all in {format_name(uniform.format)}"), Cell(str(uniform.cost)), Cell(saved), Cell(bound), enough)


def _notes(mixed: Mixed) -> list[str]:
    notes = [mixed.note] if mixed.note else []
    notes.append("the bounds of programs in one format rest on interval arithmetic alone")
    if mixed.result is not None:
        notes += [f"assumed: {assumption}" for assumption in mixed.result.certificate.assumptions]
        notes += _model_notes(mixed, mixed.minimality)
    return notes


def _model_notes(mixed: Mixed, model: Minimality | None) -> list[str]:
    if model is None:
        return ["nothing is proved about cheaper choices: the model bounds no error within tolerance"]
    if model.certificate is None:
        notes = [f"the cheapest choice found under the model costs {model.cost}; that there is no cheaper one is not proved"]
    else:
        words = [f"{run.solver} says {run.answer}" for run in model.solvers]
        notes = [f"no choice within the model's limits costs less than {model.cost}: accepted by the kernel; {', '.join(words)}"]
    if mixed.cost < model.cost:
        notes.append(f"improved to {mixed.cost} beyond the model, by bounds of the very program; whether that is the least is not proved")
    if mixed.cost > model.cost:
        notes.append("the choice of that cost was not proved in time")
    return notes
