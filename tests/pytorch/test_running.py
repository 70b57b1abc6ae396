"""Applied models against emulation and bounds; watches on what they must see and must not touch; configurations."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

import suffice.torch as door  # noqa: E402
from suffice.encodings.networks.evaluate import run_float64  # noqa: E402
from suffice.encodings.networks.inputs import InputBox, InputSet, balls, points  # noqa: E402
from suffice.encodings.problem import InputModel  # noqa: E402
from suffice.errors import InputError, SufficeError  # noqa: E402
from suffice.network_answers import ModelAnswer  # noqa: E402
from suffice.proofs.certificate import Verdict  # noqa: E402
from suffice.prover.networks.configuration import read_configuration  # noqa: E402
from suffice.prover.networks.emulation import emulate  # noqa: E402
from suffice.running.kernels import native_product  # noqa: E402
from suffice.running.watching import Kind, Watch  # noqa: E402

FORMATS = "fp32,bf16,fp16,fp8_e4m3,int8,float(p=6,emin=-10,emax=10)"
LARGE = "1000"


def mlp() -> torch.nn.Sequential:
    """4 - 6 - 5 - 3, ReLU and GELU, seeded."""
    torch.manual_seed(5)
    parts = [torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 5), torch.nn.GELU(), torch.nn.Linear(5, 3)]
    return torch.nn.Sequential(*parts).eval()


def cnn() -> torch.nn.Sequential:
    """Convolution, pooling, normalisation and a flattened head on 1 x 6 x 6."""
    torch.manual_seed(6)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(18, 4),
        torch.nn.LayerNorm(4), torch.nn.Softmax(dim=-1),
    ).eval()  # fmt: skip


class Residual(torch.nn.Module):
    """Adds outside of its parts, and calls one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.inner = torch.nn.Linear(4, 4)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x + torch.tanh(self.inner(self.inner(x))))  # type: ignore[no-any-return]  # torch has no types here


MODELS = {"mlp": (mlp, (4,)), "cnn": (cnn, (1, 6, 6)), "residual": (Residual, (4,))}


def answer_of(name: str, **options: Any) -> ModelAnswer:
    made, shape = MODELS[name]
    fields: dict[str, Any] = {"formats": FORMATS, "search_seconds": 0.05, "example": (1, *shape)}
    return door.certify(made(), "box(-0.5,0.5)", LARGE, **{**fields, **options})


@pytest.fixture(scope="module", params=MODELS)
def asked(request: pytest.FixtureRequest) -> tuple[str, ModelAnswer]:
    return request.param, answer_of(request.param)


def inputs_of(answer: ModelAnswer, count: int, seed: int = 0) -> np.ndarray:
    """Numbers between and at the ends."""
    rng = np.random.default_rng(seed)
    shape = (count, *answer.network.input.shape)
    return np.asarray(np.where(rng.random(shape) < 0.3, rng.choice([-0.5, 0.0, 0.5], shape), rng.uniform(-0.5, 0.5, shape)))


def results_of(answer: ModelAnswer) -> Iterator[Any]:
    sufficient = [result for result in answer.results if result.verdict is Verdict.SUFFICIENT]
    assert len(sufficient) >= 5
    yield from sufficient


def test_applied_models_compute_the_certified_program_bit_by_bit(asked: tuple[str, ModelAnswer]) -> None:
    name, answer = asked
    x = inputs_of(answer, 200)
    for result in results_of(answer):
        model = MODELS[name][0]()
        applied = door.apply(model, answer.config(result.format), exact=True)
        expected = emulate(result.program, x)
        assert np.array_equal(applied(torch.from_numpy(x)).double().numpy(), expected)
        assert not np.array_equal(model.double()(torch.from_numpy(x)).detach().numpy(), expected)


def test_applied_models_stay_within_the_proved_bound(asked: tuple[str, ModelAnswer]) -> None:
    name, answer = asked
    x = inputs_of(answer, 3000, seed=1)
    exact = run_float64(answer.network, x)
    for result in results_of(answer):
        applied = door.apply(MODELS[name][0](), answer.config(result.format))
        errors = np.abs(applied(torch.from_numpy(x)).double().numpy() - exact)
        assert result.error_bound is not None
        assert errors.max() <= float(result.error_bound) + 1e-12
        assert errors.max() > float(result.error_bound) / (100 if name == "mlp" else 1e5)
    if name == "mlp":
        coarse = door.apply(mlp(), answer.config("fp8_e4m3"))(torch.from_numpy(x)).double().numpy()
        assert np.abs(coarse - exact).max() > float(answer["fp16"].error_bound or 0)


def test_structure_is_kept_where_modules_stand_by_themselves() -> None:
    for name, kept in (("mlp", True), ("cnn", True), ("residual", False)):
        answer = answer_of(name, formats="bf16")
        model = MODELS[name][0]()
        before = copy.deepcopy(model.state_dict())
        applied = door.apply(model, answer.config("bf16"))
        assert (type(applied) is type(model)) == kept
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert not model._forward_pre_hooks
        weights = [parameter for key, parameter in applied.named_parameters() if key.endswith("weight")]
        assert weights
        linear = next(parameter for parameter in weights if parameter.ndim == 2)
        assert torch.equal(linear, linear.to(torch.bfloat16).to(linear.dtype))


def test_native_kernels_add_in_another_order_and_only_where_that_is_allowed() -> None:
    answer = answer_of("mlp", formats="fp32", device="generic")
    added = answer["fp32"].program.steps[1].accumulation
    assert added is not None
    rng = np.random.default_rng(3)
    left, right = (rng.normal(size=shape).astype(np.float32).astype(np.float64) for shape in ((40, 300), (50, 300)))
    found = native_product(added, left, right, None)
    assert found is not None
    assert np.allclose(found, left @ right.T, atol=1e-3) and not np.array_equal(found, left @ right.T)
    assert native_product(added, left + 2.0**-40, right, None) is None
    ordered = answer_of("mlp", formats="fp32", device="generic_sequential")["fp32"].program.steps[1].accumulation
    assert ordered is not None and native_product(ordered, left, right, None) is None


def test_applied_models_are_not_trained() -> None:
    applied = door.apply(mlp(), answer_of("mlp", formats="fp16").config("fp16"))
    assert not applied.training
    with pytest.raises(InputError, match="a certified program cannot be trained"):
        applied.train()
    with pytest.raises(InputError, match="a tensor of shape"):
        applied(torch.zeros(1, 5))


def test_assigned_formats_are_applied() -> None:
    answer = door.certify(
        mlp(), "box(-0.5,0.5)", "4e-4", formats="fp32,fp16,bf16,fp8_e4m3", assign=True, search_seconds=0.05, example=(1, 4)
    )
    assert answer.assigned is not None and answer["assigned"].verdict is Verdict.SUFFICIENT
    config = read_configuration(answer.config())
    assert len({module.weights for module in config.modules.values()} | {module.activations for module in config.modules.values()}) > 2
    x = inputs_of(answer, 2000)
    applied = door.apply(mlp(), config, exact=True)(torch.from_numpy(x)).double().numpy()
    assert np.array_equal(applied, emulate(answer["assigned"].program, x))
    assert np.abs(applied - run_float64(answer.network, x)).max() <= float(answer["assigned"].error_bound or 0) <= 4e-4


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return answer_of("mlp").config("int8")


def test_configurations_survive_a_file(config: dict[str, Any], tmp_path: Path) -> None:
    answer = answer_of("mlp", formats="int8")
    path = tmp_path / "formats.json"
    path.write_text(json.dumps(answer.config("int8"), indent=2))
    read = read_configuration(path)
    assert read.program(answer.network).steps == answer["int8"].program.steps
    assert read.bound == answer["int8"].error_bound and read.tolerance == Fraction(1000)
    assert read.certificate == answer["int8"].digest
    module = read.modules["0"]
    assert module.weights is not None and module.weights.startswith("int")
    assert "weights in int" in module.reason and "bounds the error" in module.reason
    assert isinstance(config["modules"]["0"]["steps"]["0.linear"]["scales"][0], str)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 2, "version"),
        (("modules", "0"), None, "module '0' is missing"),
        (("modules", "7"), "copy of 0", "no module '7'"),
        (("modules", "0", "steps", "0.linear"), None, "step '0.linear' is missing"),
        (("modules", "0", "steps", "extra"), {"compute": "fp32"}, "steps that the model does not have"),
        (("modules", "0", "steps", "0.linear", "compute"), "fp33", "fp33"),
        (("modules", "0", "steps", "0.linear", "compute"), "float(" * 5000, "a name of"),
        (("modules", "0", "steps", "0.linear", "scales", 0), "0", "not positive"),
        (("modules", "0", "steps", "0.linear", "scales", 0), "1e400000000", "not a rational"),
        (("modules", "0", "steps", "0.linear", "scales", 0), "__import__('os')", "not a rational"),
        (("modules", "0", "steps", "0.linear", "ulps"), -1, "-1 ulps"),
        (("modules", "0", "steps", "0.linear", "accumulation", "group"), 0, "group=0"),
        (("modules", "0", "reason"), 7, "module '0'"),
        (("modules",), [], "belongs"),
        (("inputs", "shape"), [0], "no shape"),
        (("inputs", "shape"), [], "no shape"),
        (("bound",), 0.5, "0.5"),
        (("network",), "sha256:00", "not the one that was certified"),
        (("surplus",), 1, "unknown"),
    ],
)
def test_hostile_configurations_are_refused_in_one_line(
    config: dict[str, Any], path: tuple[str | int, ...], value: object, message: str
) -> None:
    changed = copy.deepcopy(config)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = copy.deepcopy(changed["modules"]["0"]) if value == "copy of 0" else value
    with pytest.raises(InputError, match=message) as failure:
        door.apply(mlp(), changed)
    assert "\n" not in str(failure.value) and len(str(failure.value)) < 400


def test_every_single_deletion_is_refused_or_changes_nothing(config: dict[str, Any]) -> None:
    answer = answer_of("mlp", formats="int8")
    expected = read_configuration(config).program(answer.network).steps
    seen = 0
    for path in paths_of(config):
        changed = copy.deepcopy(config)
        place: Any = changed
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
        try:
            steps = read_configuration(changed).program(answer.network).steps
        except SufficeError as failure:
            assert "\n" not in str(failure)
            seen += 1
        else:
            assert steps != expected or path[0] == "assumptions"
    assert seen > 50


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield (*path, key)
        yield from paths_of(member, (*path, key))


def test_no_configuration_of_what_is_not_proved() -> None:
    answer = door.certify(mlp(), "box(-0.5,0.5)", "1e-4", formats="fp8_e4m3", search_seconds=0.05, example=(1, 4))
    with pytest.raises(InputError):
        answer.config("fp8_e4m3")
    other = mlp()
    with torch.no_grad():
        other[0].weight[0, 0] += 1e-6
    with pytest.raises(InputError, match="not the one that was certified"):
        door.apply(other, answer_of("mlp", formats="fp16").config("fp16"))


def test_a_configuration_is_compared_with_its_certificate(tmp_path: Path) -> None:
    answer = answer_of("mlp", formats="fp16,int8", save=tmp_path)
    config = answer.config("int8")
    applied = door.apply(mlp(), config, certificate=tmp_path / "int8.json", exact=True)
    assert applied(torch.zeros(1, 4)).shape == (1, 3)
    with pytest.raises(InputError, match="not the one that the configuration names"):
        door.apply(mlp(), config, certificate=tmp_path / "fp16.json")
    config["modules"]["2"]["steps"]["2.linear"]["weights"] = "fp8_e4m3"
    config["modules"]["2"]["steps"]["2.linear"].pop("scales")
    with pytest.raises(InputError, match="about another program"):
        door.apply(mlp(), config, certificate=tmp_path / "int8.json")
    path = tmp_path / "fp16.json"
    path.write_bytes(path.read_bytes().replace(b'"verdict":"sufficient"', b'"verdict":"undecided"'))
    with pytest.raises(InputError, match="the certificate is rejected"):
        door.apply(mlp(), answer.config("fp16"), certificate=path)


@pytest.fixture
def watched() -> Iterator[tuple[torch.nn.Sequential, Watch]]:
    model = mlp()
    with door.watch(model, answer_of("mlp", formats="fp16"), on_event=lambda _: None) as made:
        yield model, made


def test_a_watch_is_silent_on_certified_inputs_and_changes_nothing(watched: tuple[torch.nn.Sequential, Watch]) -> None:
    model, made = watched
    x = torch.rand(500, 4) - 0.5
    assert torch.equal(model(x), mlp()(x))
    assert made.events == [] and made.samples == 500


def test_a_watch_says_which_elements_leave_the_set(watched: tuple[torch.nn.Sequential, Watch]) -> None:
    model, made = watched
    x = torch.zeros(3, 4)
    x[1, 2], x[2, 0] = 0.5000001, float("nan")
    model(x)
    assert [(event.kind, event.sample, event.elements) for event in made.events] == [(Kind.INPUT, 1, ((2,),)), (Kind.INPUT, 2, ((0,),))]
    assert "sample 1 is not in the certified set: 1 of its elements are outside, [2] = 0.5" in str(made.events[0])
    model(torch.zeros(1, 4))
    assert made.counts[Kind.INPUT] == 2
    made.events.clear()
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 5))
    assert made.events[0].kind is Kind.INPUT


def test_a_watch_sees_a_layer_leave_its_range_and_weights_change(watched: tuple[torch.nn.Sequential, Watch]) -> None:
    model, made = watched
    with torch.no_grad():
        model[2].bias[1] += 100.0
    model(torch.zeros(2, 4))
    assert made.counts[Kind.WEIGHTS] == 1
    first = next(event for event in made.events if event.kind is Kind.LAYER)
    assert (first.module, first.sample, first.elements) == ("2", 0, ((1,),))
    model(torch.zeros(1, 4))
    assert made.counts[Kind.WEIGHTS] == 1


def test_layers_are_not_blamed_for_inputs_outside(watched: tuple[torch.nn.Sequential, Watch]) -> None:
    model, made = watched
    model(torch.full((2, 4), 100.0))
    assert made.counts == {Kind.INPUT: 2}


def test_other_weights_are_refused_or_told(caplog: pytest.LogCaptureFixture) -> None:
    answer, other = answer_of("mlp", formats="fp16"), mlp()
    with torch.no_grad():
        other[4].weight[0, 0] += 1e-6
    with pytest.raises(InputError, match="not those that were certified"):
        door.watch(other, answer)
    assert not other._forward_pre_hooks
    with caplog.at_level(logging.WARNING, logger="suffice.running"), door.watch(other, answer, strict=False) as made:
        assert made.counts[Kind.WEIGHTS] == 1
    assert "not those that were certified" in caplog.text


def test_removing_a_watch_restores_the_model() -> None:
    model, answer = mlp(), answer_of("mlp", formats="fp16")
    seen: list[object] = []

    def hooks() -> list[tuple[str, int, int]]:
        return [(name, len(part._forward_hooks), len(part._forward_pre_hooks)) for name, part in model.named_modules()]

    model[1].register_forward_hook(lambda *_: None)
    before = hooks(), {name: parameter.data_ptr() for name, parameter in model.named_parameters()}
    made = door.watch(model, answer, on_event=seen.append)
    assert hooks() != before[0]
    made.remove()
    assert (hooks(), {name: parameter.data_ptr() for name, parameter in model.named_parameters()}) == before
    model(torch.full((1, 4), 9.0))
    assert seen == []


def test_applied_models_and_files_of_certificates_are_watched(tmp_path: Path) -> None:
    answer = answer_of("mlp", formats="fp16", save=tmp_path / "proof.json")
    applied = door.apply(mlp(), answer.config("fp16"), exact=True)
    x = torch.rand(300, 4, dtype=torch.float64) - 0.5
    expected = applied(x)
    with door.watch(applied, tmp_path / "proof.json") as made:
        assert torch.equal(applied(x), expected)
        assert made.events == []
        applied(x + 1)
        assert made.counts[Kind.INPUT] > 200
    data = (tmp_path / "proof.json").read_bytes()
    (tmp_path / "proof.json").write_bytes(data.replace(b'"verdict":"sufficient"', b'"verdict":"impossible"'))
    with pytest.raises(InputError, match="the certificate is rejected"):
        door.watch(applied, tmp_path / "proof.json")


def test_sets_of_several_boxes_and_representable_inputs() -> None:
    samples = np.array([[0.25, 0.5, -0.5, 0.0], [0.5, 0.5, 0.5, 0.5]])
    for inputs, inside, outside in (
        (balls(samples, 0.125), samples + 0.125, samples + np.array([[0.0], [0.25]])),
        (points(samples), samples, samples + 2.0**-30),
        (
            InputSet(boxes=(InputBox(lo=-np.ones(4), hi=np.ones(4)),), model=InputModel.REPRESENTABLE),
            samples,
            samples + 2.0**-30,
        ),
    ):
        answer = door.certify(
            mlp(), inputs, LARGE, formats="fp16", input_format="fp16", arrival=inputs.model.value, search_seconds=0.05
        )
        model = mlp().double()
        with door.watch(model, answer, on_event=lambda _: None) as made:
            model(torch.from_numpy(inside))
            assert made.events == []
            model(torch.from_numpy(outside))
            assert made.counts[Kind.INPUT] == (1 if len(inputs.boxes) == 2 and not inputs.boxes[0].is_point else 2)
