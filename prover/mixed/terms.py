"""Terms compared by how they are written, in whatever order their nodes stand."""

from __future__ import annotations

from suffice.encodings.expression import Expression


def numbered(expression: Expression, known: dict[tuple[object, ...], int], *, formats: bool) -> list[int]:
    """For every node the number of its term: the same number for equal terms, `formats` of operations included or not."""
    numbers: list[int] = []
    for node in expression.nodes:
        term = (node.op, node.payload, node.format if formats else None, *(numbers[a] for a in node.args))
        numbers.append(known.setdefault(term, len(known)))
    return numbers
