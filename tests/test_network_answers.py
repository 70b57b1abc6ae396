"""What is shown of an answer about a model: tables, bars, pictures, the report and JSON, from numbers written by hand."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest

from suffice.errors import InputError
from suffice.network_answers import ModelAnswer, bits_of, plain_format
from suffice.network_plots import draw_model, svg_of
from suffice.network_tables import bar, budget_table, layer_table, verdict_table
from suffice.proofs.certificate import Verdict
from suffice.prover.networks.results import NetworkProof
from tests.network_answers_by_hand import small_answer

PNG = b"\x89PNG\r\n\x1a\n"


def test_results_by_name_and_the_smallest_format() -> None:
    answer = small_answer()
    assert answer.labels == ("fp8_e4m3", "bf16", "fp16", "fp32")
    assert answer["bf16"].verdict is Verdict.INSUFFICIENT
    assert [result.format for result in answer] == list(answer.labels)
    assert (answer.minimum, answer.recommended) == ("fp32", "fp32")
    assert answer.sentence() == "The smallest format proved sufficient is fp32."
    with pytest.raises(InputError, match="'fp64' was not asked about; asked were fp8_e4m3, bf16"):
        _ = answer["fp64"]


def test_an_assignment_that_is_proved_is_what_to_use() -> None:
    answer = small_answer(assigned=True)
    assert answer.labels[-1] == "assigned" == answer.recommended
    assert answer.minimum == "fp32"


def test_what_an_assignment_saves_is_shown() -> None:
    answer = small_answer(assigned=True)
    _, choices, cost, *_ = answer.tables()
    assert [cell.text for cell in choices.rows[0]] == ["weights of first", "int8", "48", "25.0%"]
    assert [[cell.text for cell in row] for row in cost.rows] == [
        ["all in fp16", "96", "50.0%", "0.01", "yes"],
        ["all in bf16", "96", "-", "-", "not proved"],
        ["assigned", "48", "-", "0.0625", "proved"],
    ]
    assert cost.notes == ("no choice is proved to be the least",)
    content = answer.to_json()["assignment"]
    assert content["choices"][0] | {"share_decimal": ""} == {
        "group": "weights of first", "kind": "weights", "layers": ["first"], "format": "int8", "cost": "48", "share_decimal": "",
    }  # fmt: skip
    assert content["uniform"][0] == {"format": "fp16", "cost": "96", "analysed": "1/100", "enough": True}
    assert "assignment" not in small_answer().to_json()


@pytest.mark.parametrize(
    ("name", "plain"),
    [("int(bits=8,qmin=-127,scale=1,zero=0)", "int8"), ("int8(scale=1/64,zero=3)", "int8"), ("uint8", "uint8"), ("fp16", "fp16"),
     ("mxfp4", "mxfp4"), ("", "")],
)  # fmt: skip
def test_scales_are_left_out_of_names(name: str, plain: str) -> None:
    assert plain_format(name) == plain


def test_several_devices() -> None:
    answer = small_answer(devices=("v100", "h100"))
    assert answer.labels[3:5] == ("fp32 on v100", "fp8_e4m3 on h100")
    assert (answer.minimum, answer.minimum_device) == ("fp32", "v100")
    assert answer["fp32 on h100"].device == "h100"
    assert answer["fp32"].device == "v100"
    notes = "\n".join(verdict_table(answer).notes)
    assert "v100 multiplies no bf16" in notes
    assert "h100 multiplies no" not in notes


def test_nothing_sufficient() -> None:
    proof = small_answer().proof
    answer = ModelAnswer(
        NetworkProof(network=proof.network, inputs=proof.inputs, tolerance=proof.tolerance, results=proof.results[:3]), "box(0,1)"
    )
    assert (answer.minimum, answer.minimum_device, answer.recommended) == (None, None, None)
    assert answer.sentence() == "No format asked about is proved sufficient."
    with pytest.raises(InputError, match="no format asked about is proved sufficient"):
        answer.config()
    with pytest.raises(InputError, match="fp16 is undecided, not sufficient"):
        answer.config("fp16")


def test_formats_are_ordered_by_the_bits_they_store() -> None:
    names = ["fp64", "fp32", "fp16", "bf16", "fp8_e4m3", "mxfp8_e4m3", "int8", "nvfp4", "mxfp4"]
    ordered = sorted(names, key=bits_of)
    assert ordered == ["mxfp4", "nvfp4", "int8", "fp8_e4m3", "mxfp8_e4m3", "bf16", "fp16", "fp32", "fp64"]


def test_the_verdict_table_says_what_is_known() -> None:
    table = verdict_table(small_answer())
    assert table.title == "small: 2 inputs, 1 outputs, 3 layers, 9 parameters; inputs box(0,1); |error| <= 0.1 on every output"
    assert [cell.text for cell in table.rows[0]] == ["fp8_e4m3", "generic", "impossible", "S1", "in [0.25, 0.5]", ">= 0.2", "0.25"]
    assert [cell.colour for row in table.rows for cell in row[2:3]] == ["red", "yellow", "magenta", "green"]
    assert "fp8_e4m3: no output number serves both [0.5, 0.25] and [0.501953125, 0.251953125]" in table.notes
    assert "bf16: this program fails at [0.5, 0.25]" in table.notes
    assert "fp16: the search found nothing" in table.notes
    assert table.notes.count("assumed: exp is correctly rounded") == 1


def test_an_analysis_without_a_certificate_is_no_proof() -> None:
    from tests.network_answers_by_hand import result_of

    large = result_of("fp16", Verdict.UNDECIDED, Fraction(1, 8), error_bound=None, analysed=Fraction(1, 8))
    proof = small_answer().proof
    answer = ModelAnswer(NetworkProof(network=proof.network, inputs=proof.inputs, tolerance=proof.tolerance, results=(large,)))
    assert "fp16: the analyser bounds the error by 0.125; no certificate says so" in verdict_table(answer).notes
    assert answer.sentence() == "No format asked about is proved sufficient."


def test_layers_and_their_shares() -> None:
    answer = small_answer()
    table = layer_table("fp32", answer["fp32"])
    assert [row[0].text for row in table.rows] == ["first", "first.act", "last"]
    assert [row[6].text for row in table.rows] == ["25.0%", "25.0%", "50.0%"]
    assert [cell.text for cell in table.rows[1]][:4] == ["first.act", "[-0.334, 2.34]", "3", "-"]
    assert table.rows[1][8].text == "-"
    labelled = list(zip(answer.labels, answer.results, strict=True))
    budget = budget_table(labelled)
    assert [cell.text for cell in budget.rows[2]][1:] == ["████████          50.0%"] * 4
    assert [cell.text.strip() for cell in budget.rows[3]] == ["(input, slack)", *["0.0%"] * 4]
    assert "fp32: layer by layer" in answer.table()
    assert "bf16: layer by layer" not in answer.table()


@pytest.mark.parametrize(("part", "text"), [(0.0, ""), (1e-9, "▏"), (0.5, "██"), (0.53125, "██▏"), (1.0, "████")])
def test_bars_of_eighths(part: float, text: str) -> None:
    assert bar(part, 4) == text


def test_json_holds_exact_numbers() -> None:
    content = json.loads(json.dumps(small_answer(assigned=True).to_json()))
    assert set(content) >= {"model", "inputs", "tolerance", "results", "layers", "minimum"}
    (bf16,) = (entry for entry in content["results"] if entry["format"] == "bf16")
    assert (bf16["verdict"], bf16["error_bound"], bf16["witness_error"]) == ("insufficient", "1/4", "1/8")
    assert bf16["witness"] == {"shape": [2], "elements": ["0x1p-1", "0x1p-2"]}
    layer = content["layers"][0]
    assert set(layer) >= {"name", "range", "lipschitz", "curvature", "local_error", "amplification", "format"}
    assert (layer["name"], layer["range"], layer["format"], layer["result"]) == ("first", ["-1/3", "7/3"], "fp8_e4m3", "fp8_e4m3")
    assert content["layers"][1]["format"] == "-/fp8_e4m3"
    assert len(content["layers"]) == 3 * 5
    assert (content["tolerance"], content["minimum"], content["minimum_device"]) == ("1/10", "fp32", None)


def test_the_digest_of_inputs_tells_sets_apart() -> None:
    from suffice.encodings.networks.inputs import box

    proof = small_answer().proof
    digests = {
        ModelAnswer(NetworkProof(network=proof.network, inputs=inputs, tolerance=None, results=proof.results)).to_json()["inputs"]["digest"]
        for inputs in (box(0.0, 1.0, (2,)), box(0.0, 2.0, (2,)), box(0.0, 1.0, (2,)))
    }
    assert len(digests) == 2


def test_pictures_are_written(tmp_path: Path) -> None:
    answer = small_answer(assigned=True)
    answer.plot(tmp_path / "model.png")
    answer.plot(str(tmp_path / "model.svg"))
    assert (tmp_path / "model.png").read_bytes().startswith(PNG)
    assert b"<svg" in (tmp_path / "model.svg").read_bytes()
    with pytest.raises(InputError, match=r"no picture has the suffix '\.pdf'"):
        answer.plot(tmp_path / "model.pdf")


def test_the_picture_shows_every_part() -> None:
    axes = draw_model(small_answer(assigned=True)).axes
    errors, budget, amplification, formats = axes
    assert [text.get_text() for text in errors.get_yticklabels()][:2] == ["fp8_e4m3: impossible", "bf16: insufficient"]
    assert [text.get_text() for text in budget.get_yticklabels()] == ["first", "first.act", "last"]
    widths = sorted(patch.get_width() for patch in budget.patches)
    assert widths[-1] == 0.25
    assert len(widths) == 15
    assert {patch.get_width() for patch in amplification.patches} == {2.0}
    assert [text.get_text() for text in formats.texts] == ["fp16"] * 5
    assert len(draw_model(small_answer()).axes) == 3


def test_the_picture_is_the_same_text_each_time() -> None:
    proof = small_answer().proof
    answer = ModelAnswer(NetworkProof(network=proof.network, inputs=proof.inputs, tolerance=None, results=proof.results[-1:]))
    assert svg_of(draw_model(answer)) == svg_of(draw_model(answer))


def test_many_layers_are_cut_to_those_that_matter() -> None:
    from suffice.network_plots import _shown_layers
    from tests.network_answers_by_hand import result_of

    answer = small_answer()
    (row, *_) = answer["fp32"].layers
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    rows = tuple(type(row)(**{**fields, "name": f"l{k}", "contribution": Fraction(k, 1000)}) for k in range(70))
    deep = result_of("fp32", Verdict.SUFFICIENT, Fraction(10), layers=rows)
    assert _shown_layers([("fp32", deep)]) == [f"l{k}" for k in range(30, 70)]
    for table in (layer_table("fp32", deep), budget_table([("fp32", deep)])):
        assert "10 more layers are left out: the JSON lists them" in table.notes
        assert [row[0].text for row in table.rows][:60] == [f"l{k}" for k in range(60)]


class Page(HTMLParser):
    """Collects what a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


def test_the_report_is_one_page_that_loads_nothing(tmp_path: Path) -> None:
    text = small_answer(assigned=True).html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text
    page = Page()
    page.feed(text)
    assert page.tags.count("svg") == 1
    assert page.tags.count("table") == 4 + 5
    assert "script" not in page.tags
    assert all(target.startswith("#") for target in page.loaded)
    for told in ("The smallest format proved sufficient is fp32.", "certificate of bf16: sha256:bf16", "Error budget"):
        assert told in text


def test_names_from_outside_are_escaped(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>$x^2$\x1b[31m"
    answer = small_answer(name=hostile)
    text = answer.html(tmp_path / "report.html")
    assert "<script" not in text
    assert "$x^2$" in text
    assert "\x1b" not in text
    assert "\x1b" not in answer.table()
    assert "<script" not in answer._repr_html_()


def test_a_notebook_shows_tables() -> None:
    shown = small_answer()._repr_html_()
    assert len(re.findall("<table", shown)) == 3
    assert "insufficient" in shown


def test_bounds_without_a_tolerance() -> None:
    proof = small_answer().proof
    answer = ModelAnswer(NetworkProof(network=proof.network, inputs=proof.inputs, tolerance=None, results=proof.results))
    assert answer.sentence() == ""
    assert "error| <=" not in verdict_table(answer).title
    assert answer.to_json()["tolerance"] is None
    assert answer.plot() is not None
