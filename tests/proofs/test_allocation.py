"""Allocations as data: what is written reads back, what is malformed is refused, and the trace says what the numbers say."""

from __future__ import annotations

import copy
import json
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

import suffice.proofs.allocation as allocations
from suffice.errors import InputError
from suffice.proofs.allocation import canonical_bytes, from_json
from suffice.proofs.documents import document_bytes, parse_document
from suffice.proofs.jsondata import Json, canonical_json
from suffice.proofs.trace import render, trace

TABLE: dict[str, Json] = {
    "groups": [
        {"name": "a", "options": [["low", "2"], ["high", "5"]]},
        {"name": "b", "options": [["low", "2"], ["high", "5"]]},
        {"name": "<fixed>", "options": [["own", "1"]]},
    ],
    "rows": [{"limit": "10", "uses": [["9", "1"], ["9", "1"], ["0"]]}],
    "choice": [0, 1, 0],
    "cost": "8",
    "unit": "1/2",
    "tree": [{"multipliers": ["3"], "over": "8"}],
}
DOCUMENT: Json = {"version": 1, "allocation": TABLE}


def test_documents_have_the_shape_of_the_schema() -> None:
    schema = json.loads((Path(allocations.__file__).parent / "schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(DOCUMENT)
    for change in ({"cost": "-1"}, {"choice": []}, {"tree": [[0, 1, 2]]}, {"rows": [{"limit": "1"}]}, {"note": "x"}):
        assert not validator.is_valid({"version": 1, "allocation": TABLE | change}), change


def test_what_is_read_is_what_was_written() -> None:
    data = canonical_json(DOCUMENT)
    document = parse_document(data)
    assert document_bytes(document) == data == canonical_bytes(from_json(DOCUMENT))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("cost", "7", "the options chosen do not add up to the cost"),
        ("choice", [0, 1], "choice"),
        ("unit", "0", "the unit of costs is not positive"),
        ("rows", [], "rows"),
        ("tree", [[5, 1]], "the group"),
        ("other", "1", "other"),
    ],
)
def test_what_is_malformed_is_refused_in_one_line(key: str, value: Json, reason: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    assert isinstance(document, dict)
    table = document["allocation"]
    assert isinstance(table, dict)
    table[key] = value
    with pytest.raises(InputError, match=reason) as raised:
        parse_document(canonical_json(document))
    assert "\n" not in str(raised.value)


def test_another_version_is_refused() -> None:
    with pytest.raises(InputError, match="version 2 is unknown"):
        parse_document(canonical_json({"version": 2, "allocation": TABLE}))


def test_the_trace_names_choice_savings_and_bound() -> None:
    """all low: 9 + 9 > 10; all high: 11 halves. The cut: 2 + 27/8, 5 + 3/8 twice, 1, less 30/8: least (43/8 * 2 + 1 - 30/8) / 2 = 4."""
    text = render(trace(from_json(DOCUMENT)), "md")
    for part in (
        "# Cost 4 is the least within the limits",
        "| a | low | cost 1 |",
        "| b | high | cost 5/2 |",
        "| limit 0 | 10 of 10 |",
        "| all low | 5/2 | exceeds a limit of the table |",
        "| all high | 11/2 | the choice saves 27.3 % |",
        "differ by multiples of 3/2, so a cheaper choice would cost at most 5/2",
        "1 cut and 0 splits",
        "| choices in all | 4 |",
        "by the first cut alone | 4 | at least 4 |",
    ):
        assert part in text, text


def test_html_and_latex_have_no_formula_and_escape_names() -> None:
    class Reader(HTMLParser):
        words = ""

        def handle_data(self, data: str) -> None:
            self.words += data

    reader = Reader()
    shown = trace(from_json(DOCUMENT))
    reader.feed(render(shown, "html"))
    assert "<fixed>" in reader.words
    assert "The function is" not in reader.words
    assert "The function is" not in render(shown, "tex")
