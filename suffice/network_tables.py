"""The answer about a model as tables: verdicts, layers, and the error budget as bars of text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.hardware_specs.device import device as find_device
from suffice.hardware_specs.device import devices
from suffice.network_answers import ModelAnswer, plain_format
from suffice.network_assigned import assignment_tables
from suffice.proofs.certificate import Verdict
from suffice.proofs.decimals import decimal_above, decimal_below
from suffice.prover.networks.results import Array, LayerRow, NetworkProof, NetworkResult
from suffice.tables import COLOURS, NOTHING, Cell, Table, bracket, number_text, printable

_BAR = 16
"""Characters of a whole bar."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_BOUNDS = ("Lipschitz", "curvature", "error added", "amplified")
_SHOWN_ELEMENTS = 4
_MOST_LAYERS = 60


def model_tables(answer: ModelAnswer, *, every_layer: bool = False) -> tuple[Table, ...]:
    """Verdicts; the error budget of all results beside each other; the layers of one of them, or of all."""
    layered = [(label, result) for label, result in zip(answer.labels, answer.results, strict=True) if result.layers]
    budget = [budget_table(layered)] if layered else []
    assigned = () if answer.assigned is None else assignment_tables(answer.assigned)
    return (
        verdict_table(answer),
        *assigned,
        *budget,
        *(layer_table(*item) for item in (layered if every_layer else _told(answer, layered))),
    )


def _told(answer: ModelAnswer, layered: list[tuple[str, NetworkResult]]) -> list[tuple[str, NetworkResult]]:
    """The result whose layers are shown: the one to use, else the last."""
    chosen = answer.recommended
    return [item for item in layered if item[0] == chosen] or layered[-1:]


def verdict_table(answer: ModelAnswer) -> Table:
    """A row for each result: the verdict, the statements that prove it, and what is known of the error."""
    rows = tuple(
        (
            Cell(result.format),
            Cell(result.device),
            Cell(result.verdict, COLOURS[result.verdict]),
            Cell(result.statement or NOTHING),
            Cell(bracket(result.witness_error, result.error_bound)),
            Cell(NOTHING if result.floor is None else f">= {decimal_below(result.floor, 3)}"),
            Cell(f"{result.seconds:.2f}"),
        )
        for result in answer.results
    )
    headings = ("format", "device", "verdict", "by", "this program's error", "best algorithm's error", "seconds")
    notes = [f"{label}: {note}" for label, result in zip(answer.labels, answer.results, strict=True) for note in remarks(result)]
    notes += [sentence] if (sentence := answer.sentence()) else []
    notes += slopes_text(answer.proof)
    notes += assumptions(answer.results)
    return Table(title=headline(answer), headings=headings, rows=rows, notes=tuple(map(printable, notes)))


def layer_table(label: str, result: NetworkResult) -> Table:
    """A row for each layer, in the order in which they compute."""
    headings = ("layer", "range", *_BOUNDS, "share", "method", "weights", "activations", "added in")
    bound = whole(result)
    rows = tuple(_layer_row(row, bound) for row in result.layers[:_MOST_LAYERS])
    notes = _left_out(len(result.layers))
    notes.append("upper bounds over all inputs of the set, by the analyser; of the whole bound the certificate is the proof")
    return Table(title=f"{label}: layer by layer", headings=headings, rows=rows, notes=tuple(notes))


def budget_table(labelled: Sequence[tuple[str, NetworkResult]]) -> Table:
    """What each layer adds to the bound of the worst output, in all results, as bars; a full bar is the whole bound."""
    names = list(dict.fromkeys(row.name for _, result in labelled for row in result.layers))
    shares = [{row.name: share(row, whole(result)) for row in result.layers} for _, result in labelled]
    rows = [(Cell(layer_name(name)), *(_bar_cell(parts.get(name)) for parts in shares)) for name in names[:_MOST_LAYERS]]
    rest = [None if None in parts.values() else max(1 - sum(part or 0 for part in parts.values()), 0.0) for parts in shares]
    rows.append((Cell("(input, slack)"), *(_bar_cell(part) for part in rest)))
    headings = ("layer", *(label for label, _ in labelled))
    notes = _left_out(len(names))
    return Table(title="Error budget: each layer's share of the bound", headings=headings, rows=tuple(rows), notes=tuple(notes))


def _left_out(layers: int) -> list[str]:
    return [f"{layers - _MOST_LAYERS} more layers are left out: the JSON lists them"] if layers > _MOST_LAYERS else []


def headline(answer: ModelAnswer) -> str:
    """The question in one line."""
    parts = [network_text(answer.network), f"inputs {answer.inputs_text or inputs_text(answer.inputs)}", tolerance_text(answer.proof)]
    return printable("; ".join(part for part in parts if part))


def network_text(network: Network) -> str:
    """Name and size."""
    sizes = f"{prod(network.input.shape)} inputs, {prod(network.output.shape)} outputs"
    return f"{network.name}: {sizes}, {len(network.layers)} layers, {network.parameters} parameters"


def inputs_text(inputs: InputSet) -> str:
    """What kind of set it is, where nobody wrote it down."""
    if all(box.is_point for box in inputs.boxes):
        return "1 point" if len(inputs.boxes) == 1 else f"{len(inputs.boxes)} points"
    return "one box" if len(inputs.boxes) == 1 else f"{len(inputs.boxes)} boxes"


def tolerance_text(proof: NetworkProof) -> str:
    """What error is allowed."""
    return "" if proof.tolerance is None else f"|error| <= {number_text(proof.tolerance)} on every output"


def slopes_text(proof: NetworkProof) -> list[str]:
    """How fast the function changes, on one line."""
    if proof.lipschitz is None:
        return []
    curved = (
        ""
        if proof.curvature is None
        else f"; its curvature (half the second derivative, 2-norms) is at most {decimal_above(proof.curvature, 3)}"
    )
    return [f"within a box, an output changes by at most {decimal_above(proof.lipschitz, 3)} times the largest change of an input{curved}"]


def remarks(result: NetworkResult) -> list[str]:
    """What a reader must know beside the row."""
    found = []
    if result.verdict is Verdict.INSUFFICIENT and result.witness is not None:
        found.append(f"this program fails at {array_text(result.witness)}")
    if result.verdict is Verdict.IMPOSSIBLE and result.floor_points:
        where = " and ".join(array_text(point) for point in result.floor_points)
        found.append(f"no output number serves {where}" if len(result.floor_points) == 1 else f"no output number serves both {where}")
    if result.analysed is not None and (result.error_bound is None or 2 * result.analysed < result.error_bound):
        found.append(f"the analyser bounds the error by {decimal_above(result.analysed)}; no certificate says so")
    if _is_foreign(result):
        found.append(f"{result.device} multiplies no {result.format}: products are added as written in the layers' last column")
    return found + ([result.note] if result.note else [])


def _is_foreign(result: NetworkResult) -> bool:
    """Whether the device has no products of this format, so that the program adds them in another way than the device's."""
    machine = find_device(result.device)
    known = {name for entry in devices() for name in (*entry.multiplies, *entry.blocks)}
    return result.format in known and result.format not in (*machine.multiplies, *machine.blocks)


def assumptions(results: Sequence[NetworkResult]) -> list[str]:
    """What the verdicts rest on, each once."""
    return [f"assumed: {text}" for text in dict.fromkeys(text for result in results for text in result.assumptions)]


def array_text(array: Array) -> str:
    """The first elements of an input."""
    flat = array.reshape(-1)
    shown = ", ".join(repr(float(x)) for x in flat[:_SHOWN_ELEMENTS])
    return f"[{shown}, ...] ({flat.size} elements)" if flat.size > _SHOWN_ELEMENTS else f"[{shown}]"


def layer_name(name: str) -> str:
    """The module path; the model itself has none."""
    return printable(name) or "(model)"


def whole(result: NetworkResult) -> Fraction | None:
    """What shares are parts of: the bound, or the sum of what layers add where that is more; None where it is not known."""
    known = [row.contribution for row in result.layers if row.contribution is not None]
    return max(sum(known, Fraction(0)), result.error_bound or result.analysed or Fraction(0)) if known else None


def share(row: LayerRow, bound: Fraction | None) -> float | None:
    """The part of the whole bound that one layer adds."""
    return None if row.contribution is None or not bound else float(row.contribution / bound)


def bar(part: float, width: int = _BAR) -> str:
    """A bar of eighths of characters: a part that is not 0 shows at least one eighth."""
    eighths = max(round(part * width * 8), 1 if part > 0 else 0)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _bar_cell(part: float | None) -> Cell:
    return Cell(NOTHING if part is None else f"{bar(part).ljust(_BAR)} {part:6.1%}")


def _layer_row(row: LayerRow, bound: Fraction | None) -> tuple[Cell, ...]:
    part = share(row, bound)
    lo, hi = row.range
    texts = (
        layer_name(row.name),
        f"[{decimal_below(lo)}, {decimal_above(hi)}]",
        _above(row.lipschitz),
        _above(row.curvature),
        _above(row.local_error),
        _above(row.amplification),
        NOTHING if part is None else f"{part:.1%}",
        row.method,
        plain_format(row.weights) or NOTHING,
        plain_format(row.activations) or NOTHING,
        row.accumulation or NOTHING,
    )
    return tuple(Cell(text) for text in texts)


def _above(value: Fraction | None) -> str:
    return NOTHING if value is None else decimal_above(value)
