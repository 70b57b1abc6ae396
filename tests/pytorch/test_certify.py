"""`suffice.torch.certify`: verdicts about modules, compared with PyTorch's own arithmetic."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

import suffice  # noqa: E402
import suffice.torch as door  # noqa: E402
from suffice import check  # noqa: E402
from suffice.encodings.networks.evaluate import run_float64  # noqa: E402
from suffice.encodings.networks.inputs import InputBox, box  # noqa: E402
from suffice.encodings.readers.torch_models.calls import REGISTERED  # noqa: E402
from suffice.errors import FormatError, InputError  # noqa: E402
from suffice.network_answers import ModelAnswer  # noqa: E402
from suffice.proofs.certificate import Verdict  # noqa: E402
from suffice.prover.networks.emulation import emulate  # noqa: E402

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
SEARCH = 0.2
TOLERANCE = "4e-3"


def small_module() -> torch.nn.Sequential:
    """4 - 6 - 3 with ReLU and seeded weights."""
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))


def run_in(module: torch.nn.Sequential, fmt: str, x: torch.Tensor) -> torch.Tensor:
    """Everything held in one format, products and sums in float32: what the uniform program of a format means."""

    def held(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(DTYPES[fmt]).float()

    with torch.no_grad():
        value = held(x)
        for part in module:
            linear = isinstance(part, torch.nn.Linear)
            value = held(torch.nn.functional.linear(value, held(part.weight), held(part.bias)) if linear else torch.relu(value))
    return value.double()


def exact(module: torch.nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    """In float64, with errors far below those of the formats."""
    with torch.no_grad():
        value: torch.Tensor = small_module_like(module)(x.double())
    return value


def small_module_like(module: torch.nn.Sequential) -> torch.nn.Sequential:
    """A copy in float64."""
    import copy

    return copy.deepcopy(module).double()


def rounded_once(x: np.ndarray, p: int) -> np.ndarray:
    """float64 numbers of medium size rounded to p bits, ties to even; PyTorch rounds them to float32 first, and then a second time."""
    spacing = 2.0 ** (np.frexp(x)[1] - p)
    return np.asarray(np.rint(x / spacing) * spacing)


def certified(**options: object) -> ModelAnswer:
    fields: dict[str, object] = {"formats": "bf16,fp16,fp32", "search_seconds": SEARCH, "example": (1, 4)}
    return door.certify(small_module(), "box(-1,1)", TOLERANCE, **{**fields, **options})


@pytest.fixture(scope="module")
def answer() -> ModelAnswer:
    """About the small module in three formats."""
    return certified()


def test_verdicts_hold_for_what_pytorch_computes(answer: ModelAnswer) -> None:
    module = small_module()
    x = torch.rand(20_000, 4) * 2 - 1
    for result in answer:
        errors = (run_in(module, result.format, x) - exact(module, x)).abs()
        assert result.error_bound is not None
        assert float(errors.max()) <= float(result.error_bound)
        assert float(errors.max()) > float(result.error_bound) / 100
    assert [result.verdict for result in answer] == [Verdict.INSUFFICIENT, Verdict.SUFFICIENT, Verdict.SUFFICIENT]
    assert answer.minimum == "fp16"


def test_the_witness_fails_in_pytorch(answer: ModelAnswer) -> None:
    result = answer["bf16"]
    assert result.verdict is Verdict.INSUFFICIENT
    assert result.witness is not None and isinstance(result.witness_error, Fraction)
    x = torch.from_numpy(result.witness)[None]
    once = torch.from_numpy(rounded_once(result.witness, 8))[None]
    error = float((run_in(small_module(), "bf16", once) - exact(small_module(), x)).abs().max())
    assert error > 4e-3
    assert error == pytest.approx(float(result.witness_error), rel=1e-3)


def test_what_pytorch_computes_in_another_format_exceeds_the_bound(answer: ModelAnswer) -> None:
    """So that the comparison above can fail."""
    x = torch.rand(20_000, 4) * 2 - 1
    worst = float((run_in(small_module(), "bf16", x) - exact(small_module(), x)).abs().max())
    assert answer["fp16"].error_bound is not None
    assert worst > float(answer["fp16"].error_bound)


def test_certificates_are_kept_and_accepted(tmp_path: Path) -> None:
    answer = certified(save=tmp_path, archive=str(tmp_path / "archive.db"))
    assert {path.name for path in tmp_path.glob("*.json")} == {"bf16.json", "fp16.json", "fp32.json"}
    for result in answer:
        report = check(tmp_path / f"{result.format}.json")
        assert (report.status, report.verdict) == ("accepted", result.verdict.value)
    data = (tmp_path / "fp16.json").read_bytes()
    assert b'"tolerance":"1/250"' in data
    (tmp_path / "fp16.json").write_bytes(data.replace(b'"tolerance":"1/250"', b'"tolerance":"1/100000"'))
    assert check(tmp_path / "fp16.json").status == "rejected"

    from suffice.proofs.archive import Archive

    with Archive.open(str(tmp_path / "archive.db")) as archive:
        assert [entry.digest for entry in archive.entries()] == [result.digest for result in answer]


def test_inputs_of_every_kind_name_the_same_set() -> None:
    samples = np.array([[0.5, -0.5, 0.25, 1.0], [0.0, 0.0, 1.0, -1.0]])
    module = small_module()
    by_array = door.certify(module, samples, "1e-2", formats="fp16", search_seconds=SEARCH)
    by_tensor = door.certify(module, torch.from_numpy(samples).float(), "1e-2", formats="fp16", search_seconds=SEARCH)
    by_set = door.certify(module, by_array.inputs, "1e-2", formats="fp16", search_seconds=SEARCH)
    by_half = door.certify(module, torch.from_numpy(samples).bfloat16().requires_grad_(), formats="fp16", search_seconds=SEARCH)
    assert len({answer.to_json()["inputs"]["digest"] for answer in (by_array, by_tensor, by_set, by_half)}) == 1
    assert {answer["fp16"].error_bound for answer in (by_array, by_tensor, by_set)} == {by_array["fp16"].error_bound}
    one = door.certify(module, InputBox(lo=samples[0], hi=samples[0]), formats="fp16", search_seconds=SEARCH)
    assert one["fp16"].error_bound is not None and by_array["fp16"].error_bound is not None
    assert one["fp16"].error_bound <= by_array["fp16"].error_bound
    assert one["fp16"].verdict is Verdict.UNDECIDED
    assert one.proof.tolerance is None


def test_points_bound_tighter_than_the_box_around_them(answer: ModelAnswer) -> None:
    point = door.certify(small_module(), np.full((1, 4), 0.5), "1e-2", formats="fp16", search_seconds=SEARCH)["fp16"]
    around = answer["fp16"]
    assert point.error_bound is not None and around.error_bound is not None
    assert point.error_bound < around.error_bound


def test_a_module_of_images_takes_the_batch_axis_from_its_samples() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    images = door.certify(module, np.full((2, 1, 3, 3), 0.25), "0.1", formats="fp16", search_seconds=SEARCH)
    assert images.network.input.shape == (1, 3, 3)
    assert [row.name for row in images["fp16"].layers if row.weights] == ["0", "3"]
    assert images["fp16"].verdict is Verdict.SUFFICIENT


def test_layers_carry_module_paths(answer: ModelAnswer) -> None:
    rows = answer["fp16"].layers
    assert [row.name for row in rows] == ["0", "1", "2"]
    assert [row.weights for row in rows] == ["fp16", "", "fp16"]
    assert rows[-1].amplification is not None and rows[0].amplification is not None
    assert rows[0].amplification >= Fraction(9, 10) * rows[-1].amplification


def test_a_network_is_taken_as_it_is(answer: ModelAnswer) -> None:
    network = door.read(small_module(), (1, 4))
    again = door.certify(network, box(-1.0, 1.0, (4,)), TOLERANCE, formats=["fp16"], search_seconds=SEARCH)
    assert again.network is network
    assert again["fp16"].error_bound == answer["fp16"].error_bound


def test_formats_of_the_ends(answer: ModelAnswer) -> None:
    plain = answer["fp16"]
    ended = certified(formats="fp16", input_format="fp32", output_format="fp32")["fp16"]
    assert plain.error_bound is not None and ended.error_bound is not None
    assert ended.error_bound < plain.error_bound


def test_the_module_is_left_as_it_was() -> None:
    module = small_module().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    door.certify(module, "box(-1,1)", "1e-2", formats="fp16", search_seconds=SEARCH, example=torch.zeros(1, 4))
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_answers_are_frozen(answer: ModelAnswer) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.inputs_text = "all"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"formats": "fp17"}, FormatError, "unknown format 'fp17'"),
        ({"formats": ""}, FormatError, "empty part"),
        ({"formats": []}, InputError, "no format is asked about"),
        ({"formats": "exact"}, InputError, "no tensor is held in exact"),
        ({"formats": "code(bits=8)"}, InputError, r"no tensor is held in code\(bits=8\)"),
        ({"device": "h1000"}, FormatError, "unknown device 'h1000'"),
        ({"devices": []}, InputError, "no device is named"),
        ({"save": "absent/c.json"}, InputError, "absent: there is no such folder"),
        ({"timeout": 0}, InputError, "a timeout of 0 s"),
        ({"arrival": "whole"}, InputError, "'whole' is unknown"),
        ({"example": (1, 5)}, InputError, "torch.export cannot trace it"),
        ({"example": (1, 0)}, InputError, r"\(1, 0\) is no shape of an input"),
        ({"example": None}, InputError, "the shape of the model's input is not known"),
        ({"example": (2, 4)}, InputError, "the example holds 2 samples"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        certified(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "tolerance", "message"),
    [
        ("box(-1,1)", "-1e-2", "the tolerance -1e-2 is not positive"),
        ("box(-1,1)", 0, "the tolerance 0 is not positive"),
        ("box(-1,1)", "small", "'small' is not a number"),
        (np.array([[0.0, np.nan, 0, 0]]), "1", r"inputs: element \(0, 1\) is nan"),
        (torch.full((1, 4), 2**53 + 1), "1", "numbers of int64 are no float64 numbers"),
        (torch.zeros(1, 4, dtype=torch.complex64), "1", "an array of complex64 holds no real numbers"),
        (np.zeros((0, 4)), "1", "holds no samples"),
        (np.zeros((2, 5)), "1", r"samples of shape \(5,\) do not fit|cannot trace"),
        ("box(1,-1)", "1", "lo > hi"),
    ],
)
def test_what_is_no_question(inputs: object, tolerance: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        door.certify(small_module(), inputs, tolerance, formats="fp16", example=(1, 4))


@pytest.mark.parametrize("model", [torch.nn.Linear, 3, lambda x: x, {"weight": 1}])
def test_what_is_no_model(model: object) -> None:
    with pytest.raises(InputError, match=r"is no torch\.nn\.Module; give a module, the path of an ONNX file, or a Network"):
        door.certify(model, "box(0,1)", "1", example=(1, 4))


def test_the_configuration_is_that_of_the_smallest_format(answer: ModelAnswer) -> None:
    assert answer.config()["format"] == "fp16" == answer.config("fp16")["format"]
    assert answer.config("fp32")["modules"]["0"]["weights"] == "fp32"
    assert answer.config()["certificate"] == answer["fp16"].digest
    with pytest.raises(InputError, match="bf16 is insufficient, not sufficient; choose a format that is"):
        answer.config("bf16")


def test_an_assignment_is_cheaper_than_one_format_and_holds_in_pytorch(tmp_path: Path) -> None:
    found = certified(formats="bf16,fp16,fp32", assign=True, save=tmp_path)
    assigned = found.assigned
    assert assigned is not None and assigned.result is not None
    assert assigned.result.verdict is Verdict.SUFFICIENT is found["assigned"].verdict
    assert found.recommended == "assigned"
    cheapest = assigned.cheapest_uniform
    assert cheapest is not None
    assert assigned.cost <= cheapest.cost
    assert {path.name for path in tmp_path.iterdir()} >= {"assigned.json", "fp16.json"}
    assert check(tmp_path / "assigned.json").verdict == "sufficient"
    if assigned.minimality is not None and assigned.minimality.certificate is not None:
        assert check(tmp_path / "assigned.allocation.json").status == "accepted"
    x = torch.rand(2000, 4, dtype=torch.float64) * 2 - 1
    assert [row.name for row in assigned.result.layers] == ["0", "1", "2"]
    errors = np.abs(emulate(assigned.result.program, x.numpy()) - exact(small_module(), x).numpy())
    assert errors.max() <= 4e-3


def test_assign_needs_a_tolerance() -> None:
    with pytest.raises(InputError, match="an assignment of formats needs a tolerance"):
        door.certify(small_module(), "box(0,1)", assign=True, example=(1, 4))


def test_the_rule_in_the_help_text_is_what_pytorch_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of `register`, run as it is printed: hardswish on both kinks and beyond them."""
    monkeypatch.setitem(REGISTERED, "aten.hardswish", lambda _: None)  # taken away again
    _, *example, _ = inspect.cleandoc(door.register.__doc__ or "").split("\n\n")
    exec(textwrap.dedent("\n\n".join(example)), {"suffice": suffice})
    model, samples = torch.nn.Hardswish(), torch.linspace(-5, 5, 41).reshape(1, 41)
    network = door.read(model, (1, 41))
    assert np.allclose(run_float64(network, samples[0].double().numpy()), model(samples.double())[0].numpy(), rtol=0, atol=1e-14)
