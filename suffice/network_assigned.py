"""A format for every layer, as tables and JSON: what was chosen, what it costs beside one format throughout, what is proved of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suffice.hardware_specs.catalogue import format_name
from suffice.proofs.decimals import decimal_above
from suffice.tables import NOTHING, Cell, Table, printable

if TYPE_CHECKING:
    from suffice.prover.networks.assigning_results import AssignedModel, UniformCost


def assignment_tables(assigned: AssignedModel) -> tuple[Table, ...]:
    """The choices, and the comparison with one format throughout."""
    return (*([_choice_table(assigned)] if assigned.choices else []), _cost_table(assigned))


def assignment_object(assigned: AssignedModel) -> dict[str, Any]:
    """The same as JSON; costs are exact, shares of the tolerance decimals."""
    from suffice.cli.json_output import exact

    return {
        "choices": [
            {
                "group": choice.group.name,
                "kind": choice.group.kind.value,
                "layers": list(choice.group.layers),
                "format": format_name(choice.format),
                "cost": exact(choice.cost),
                "share_decimal": f"{choice.share:.3g}",
            }
            for choice in assigned.choices
        ],
        "cost": exact(assigned.cost) if assigned.choices else None,
        "costs": assigned.costs,
        "uniform": [
            {
                "format": uniform.format,
                "cost": exact(uniform.cost),
                "analysed": None if uniform.analysed is None else exact(uniform.analysed),
                "enough": uniform.is_enough,
            }
            for uniform in assigned.uniforms
        ],
        "statement": assigned.statement,
        "note": assigned.note,
        "seconds": assigned.seconds,
    }


def _choice_table(assigned: AssignedModel) -> Table:
    rows = tuple(
        (
            Cell(printable(choice.group.name)),
            Cell(format_name(choice.format)),
            Cell(str(choice.cost)),
            Cell(f"{choice.share:.1%}"),
        )
        for choice in assigned.choices
    )
    headings = ("tensors", "format", f"cost ({assigned.costs})", "share of the tolerance")
    return Table(title="A format for every layer", headings=headings, rows=rows)


def _cost_table(assigned: AssignedModel) -> Table:
    rows = [_uniform_row(uniform, assigned) for uniform in assigned.uniforms]
    if assigned.result is not None:
        bound = assigned.result.error_bound
        told = NOTHING if bound is None else decimal_above(bound)
        verdict = Cell("proved", "green") if assigned.result.verdict == "sufficient" else Cell("not proved", "yellow")
        rows.append((Cell("assigned"), Cell(str(assigned.cost)), Cell(NOTHING), Cell(told), verdict))
    headings = ("formats", f"cost ({assigned.costs})", "saved by the assignment", "error at most", "within tolerance")
    notes = [assigned.statement, *([assigned.note] if assigned.note else [])]
    return Table(title="Cost", headings=headings, rows=tuple(rows), notes=tuple(map(printable, notes)))


def _uniform_row(uniform: UniformCost, assigned: AssignedModel) -> tuple[Cell, ...]:
    saved = f"{float(1 - assigned.cost / uniform.cost):.1%}" if assigned.choices and uniform.is_enough and uniform.cost else NOTHING
    bound = NOTHING if uniform.analysed is None else decimal_above(uniform.analysed)
    enough = Cell("yes", "green") if uniform.is_enough else Cell("not proved", "yellow")
    return (Cell(f"all in {uniform.format}"), Cell(str(uniform.cost)), Cell(saved), Cell(bound), enough)
