"""`suffice torch`: modules and ONNX files from the command line, and a clear line for everything that cannot be asked."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from suffice.errors import InputError  # noqa: E402
from suffice.proofs import files  # noqa: E402
from tests.commands import run, run_json  # noqa: E402

MODELS = """
import torch

def module(*parts):
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))

def raises():
    raise ValueError("no weights\\nhere")

def number():
    return 3

class Talking(torch.nn.Module):
    def forward(self, x):
        print("forward")
        return x + 1

def talks():
    print("factory")
    return Talking()

def unknown():
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ELU())

def not_finite():
    made = module()
    with torch.no_grad():
        made[0].weight[0, 0] = float("nan")
    return made

def samples():
    return torch.full((3, 4), 0.5)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with models and samples, the current one."""
    monkeypatch.chdir(tmp_path)
    Path("models.py").write_text(MODELS)
    np.save("s.npy", np.full((2, 4), 0.25))
    np.save("five.npy", np.full((2, 5), 0.25))
    return tmp_path


ASKED = ("torch", "models.py:module", "--inputs", "box(-1,1)", "--example-shape", "1,4", "--search", "0.1")


def test_a_verdict_for_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, *ASKED, "--eps", "4e-3", "--format", "bf16,fp16", "--format", "fp32")
    assert status == 0
    assert [(entry["format"], entry["verdict"]) for entry in content["results"]] == [
        ("bf16", "insufficient"), ("fp16", "sufficient"), ("fp32", "sufficient"),
    ]  # fmt: skip
    assert all(entry["error_bound"] and entry["witness_error"] for entry in content["results"])
    for layer in content["layers"]:
        assert set(layer) >= {"name", "range", "lipschitz", "curvature", "local_error", "amplification", "format"}
    assert [layer["name"] for layer in content["layers"] if layer["result"] == "fp16"] == ["0", "1", "2"]
    assert content["minimum"] == "fp16"
    assert content["model"]["parameters"] == 51


def test_the_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *ASKED, "--eps", "4e-3", "--format", "fp16")
    assert (status, err) == (0, "")
    for told in ("4 inputs, 3 outputs, 3 layers, 51 parameters; inputs box(-1,1); |error| <= 4e-3", "sufficient", "Error budget", "█"):
        assert told in out


@pytest.mark.parametrize(
    ("eps", "expect", "status"),
    [("4e-3", "sufficient", 0), ("4e-3", "insufficient", 4), ("1e-3", None, 3), ("1e-3", "sufficient", 4), (None, None, 0)],
)
def test_exit_statuses(capsys: pytest.CaptureFixture[str], eps: str | None, expect: str | None, status: int) -> None:
    options = [*(["--eps", eps] if eps else []), *(["--expect", expect] if expect else [])]
    assert run(capsys, *ASKED, "--format", "fp16", *options)[0] == status


def test_what_is_written_can_be_checked(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    places = ["--save", "c.json", "--archive", "a.db", "--html", "r.html", "--plot", "p.svg"]
    status, content = run_json(capsys, *ASKED, "--eps", "4e-3", "--format", "bf16,fp16", *places)
    assert status == 0
    assert content["files"] == {"report": "r.html", "picture": "p.svg"}
    assert [entry["file"] for entry in content["results"]] == ["c.bf16.json", "c.fp16.json"]
    assert {path.name for path in folder.iterdir()} >= {"c.bf16.json", "c.fp16.json", "a.db", "r.html", "p.svg"}
    checked, report = run_json(capsys, "check", "c.bf16.json", "c.fp16.json")
    assert (checked, [entry["status"] for entry in report["files"]]) == (0, ["accepted", "accepted"])
    status, out, _ = run(capsys, "explain", "c.fp16.json")
    assert status == 0
    assert out.startswith("# Sufficient, by S1")
    assert run(capsys, "archive", "check", "--archive", "a.db", "--head", content["archive"]["head"])[0] == 0
    listed = run_json(capsys, "archive", "list", "--archive", "a.db")[1]
    assert [entry["digest"] for entry in listed["entries"]] == [entry["certificate"] for entry in content["results"]]
    assert "impossible" not in (folder / "r.html").read_text(encoding="utf-8").split("What the words mean")[0]


def test_a_certificate_that_was_changed_is_rejected(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    run(capsys, *ASKED, "--eps", "4e-3", "--format", "fp16", "--save", "c.json")
    text = (folder / "c.json").read_text()
    assert '"tolerance":"1/250"' in text
    (folder / "c.json").write_text(text.replace('"tolerance":"1/250"', '"tolerance":"1/9999"'))
    status, content = run_json(capsys, "check", "c.json")
    assert (status, content["files"][0]["status"]) == (1, "rejected")


def test_what_models_print_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "torch", "models.py:talks", *ASKED[2:], "--eps", "1e-2", "--format", "fp16", "--json")
    assert (status, json.loads(out)["results"][0]["verdict"]) == (0, "sufficient")
    assert err.startswith("factory\nforward\n")


def test_samples_say_the_shape(capsys: pytest.CaptureFixture[str]) -> None:
    for spec in ("points(models.py:samples, first=2)", "balls(s.npy, radius=0.01, within=0:1)", "points(models:samples)"):
        status, content = run_json(
            capsys, "torch", "models:module", "--inputs", spec, "--eps", "1e-2", "--format", "fp16", "--search", "0.1"
        )
        assert (status, content["inputs"]["text"]) == (0, spec)
        sys.modules.pop("models", None)


def test_several_devices(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, *ASKED, "--eps", "4e-3", "--format", "fp16", "--device", "v100,h100")
    assert status == 0
    assert [(entry["label"], entry["device"]) for entry in content["results"]] == [("fp16 on v100", "v100"), ("fp16 on h100", "h100")]
    assert content["minimum_device"] == "v100"
    foreign = run_json(capsys, *ASKED, "--eps", "1", "--format", "bf16", "--device", "v100")[1]["results"][0]
    assert any("v100 multiplies no bf16" in remark for remark in foreign["remarks"])
    assert {layer["accumulation"] for layer in content["layers"] if layer["accumulation"]} == {
        "fp32(rounding=toward_zero), groups of 4", "fp32(rounding=toward_zero), groups of 16",
    }  # fmt: skip


def test_a_format_for_every_layer(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    asked = (*ASKED, "--eps", "0.05", "--format", "fp8_e4m3,fp16", "--assign", "--save", "c.json", "--plot", "p.png")
    status, content = run_json(capsys, *asked)
    assert status in (0, 3)
    assert [entry["label"] for entry in content["results"]] == ["fp8_e4m3", "fp16", "assigned"]
    assert content["results"][-1]["verdict"] == "sufficient"
    chosen = content["assignment"]
    costs = {uniform["format"]: int(uniform["cost"]) for uniform in chosen["uniform"] if uniform["enough"]}
    assert int(chosen["cost"]) <= costs["fp16"]
    assert {choice["format"] for choice in chosen["choices"]} <= {"fp8_e4m3", "fp16"}
    assert [layer["name"] for layer in content["layers"] if layer["result"] == "assigned"] == ["0", "1", "2"]
    saved = sorted(path.name for path in folder.glob("c.*json"))
    assert {"c.assigned.json", "c.fp16.json"} <= set(saved)
    assert run(capsys, "check", *saved)[0] == 0


def test_a_configuration_is_written_where_something_is_sufficient(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    status, content = run_json(capsys, *ASKED, "--eps", "4e-3", "--format", "bf16,fp16,fp32", "--config", "formats.json")
    assert (status, content["files"]) == (0, {"configuration": "formats.json"})
    written = json.loads((folder / "formats.json").read_text())
    assert (written["format"], written["tolerance"]) == ("fp16", "1/250")
    assert [written["modules"][name]["weights"] for name in ("0", "2")] == ["fp16", "fp16"]
    assert written["certificate"] == content["results"][1]["certificate"]
    assert written["inputs"]["digest"] == content["inputs"]["digest"]
    status, out, _ = run(capsys, *ASKED, "--eps", "4e-3", "--format", "bf16", "--config", "none.json")
    assert status == 0
    assert "no configuration is written: no format is proved sufficient" in out
    assert not (folder / "none.json").exists()


def test_an_onnx_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: make test-torch")
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.array([[1, -2, 0.5, 0.25]], dtype=np.float32).T, "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], name="/layer/MatMul"), helper.make_node("Relu", ["h"], ["y"], name="/act/Relu")]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("x", 4), ("y", 1))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "m.onnx")
    asked = ("torch", "m.onnx", "--inputs", "box(0,1)", "--eps", "1e-2", "--format", "fp16", "--search", "0.1")
    status, content = run_json(capsys, *asked)
    assert (status, content["model"]["name"], content["results"][0]["verdict"]) == (0, "m", "sufficient")
    (folder / "m.onnx").write_bytes(b"no model")
    status, _, err = run(capsys, *asked)
    assert status == 2
    assert "m.onnx: it is no ONNX model that can be read" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["models.py:absent"], "models.py: there is no function absent"),
        (["models.py:raises"], "models.py:raises: the function raised ValueError: no weights here"),
        (["models.py:number"], "int is no torch.nn.Module"),
        (["absent.py:module"], "absent.py: there is no such file"),
        (["surely_absent:module"], "no module is called 'surely_absent'"),
        (["models.py"], "'models.py' is no model; write MODULE:FACTORY, FILE.py:FACTORY or FILE.onnx"),
        (["absent.onnx"], "absent.onnx: there is no such file; check the path"),
        (["models.py:unknown"], "elu"),
        (["models.py:not_finite"], "a weight is not finite"),
        (["models.py:module", "--inputs", "box(1,0)"], "lo > hi"),
        (["models.py:module", "--inputs", "box(0,nan)"], "'nan' is not a real number"),
        (["models.py:module", "--inputs", "balls(s.npy, radius=-1)"], "the radius -1 is negative"),
        (["models.py:module", "--inputs", "points(absent.npy)"], "absent.npy: there is no such file"),
        (["models.py:module", "--inputs", "points(five.npy)"], "samples of shape (5,) do not fit the input's shape (4,)"),
        (["models.py:module", "--format", "fp17"], "unknown format 'fp17'"),
        (["models.py:module", "--device", "h1000"], "unknown device 'h1000'"),
        (["models.py:module", "--eps", "-1"], "the tolerance -1 is not positive"),
        (["models.py:module", "--eps", "0"], "the tolerance 0 is not positive"),
        (["models.py:module", "--example-shape", "1,x"], "--example-shape '1,x' is no shape; write --example-shape 1,64"),
        (["models.py:module", "--example-shape", "2,4"], "the example holds 2 samples"),
        (["models.py:module", "--example-shape", "1,5"], "torch.export cannot trace it"),
        (["models.py:module", "--arrival", "never"], "'never' is unknown"),
        (["models.py:module", "--save", "absent/c.json"], "absent: there is no such folder"),
        (["models.py:module", "--html", "."], "it is a folder"),
        (["models.py:module", "--config", "/dev/null"], "/dev/null: it is no ordinary file; name a file"),
        (["models.py:module", "--save", "c.json", "--config", "./c.json"], "c.json: two options write to it; name a file for each"),
        (["models.py:module", "--plot", "p.gif"], "no picture has the suffix '.gif'"),
        (["models.py:module", "--timeout", "0"], "timeout"),
    ],
)
def test_bad_input_is_one_clear_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    defaults = {"--inputs": "box(-1,1)", "--example-shape": "1,4", "--eps": "1e-2", "--format": "fp16"}
    given = [word for option, value in defaults.items() if option not in arguments for word in (option, value)]
    status, out, err = run(capsys, "torch", *arguments, *given)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_what_cannot_be_written_costs_nothing_else(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for certificates and report: the answer is printed, the configuration written, the status that of bad input."""
    true_write = files.write_atomically

    def full(path: Path, data: bytes) -> None:
        if Path(path).suffix != ".config":
            raise InputError("cannot be written: No space left on device", where=str(path), mend="free space")
        true_write(path, data)

    for module in ("suffice.proofs.networks", "suffice.proofs.files"):
        monkeypatch.setattr(f"{module}.write_atomically", full)
    places = ("--save", "c.json", "--html", "r.html", "--plot", "p.png", "--config", "c.config")
    Path("p.png").write_text("the old picture")
    status, out, err = run(capsys, *ASKED, "--eps", "1", "--format", "fp16", *places, "--json")
    assert status == 2
    assert json.loads(out)["files"] == {"configuration": "c.config"}
    assert err.count("\n") == 1
    assert all(f"{name}: cannot be written: No space left on device" in err for name in ("c.json", "r.html", "p.png"))
    assert Path("p.png").read_text() == "the old picture"
    assert json.loads(Path("c.config").read_text())["format"] == "fp16"


def test_an_operator_that_refuses_its_shapes_is_told_once(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """PyTorch would log a traceback of thirty lines besides."""
    log = logging.getLogger("torch._subclasses.fake_tensor")
    log.addHandler(caplog.handler)
    try:
        run(capsys, "torch", "models.py:module", "--inputs", "points(five.npy)", "--example-shape", "1,5", "--eps", "1")
        log.error("heard again")  # what went before was not heard
    finally:
        log.removeHandler(caplog.handler)
    assert [record.message for record in caplog.records if record.name == log.name] == ["heard again"]


def test_numbers_alone_say_nothing_of_the_shape(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "torch", "models.py:module", "--inputs", "box(0,1)", "--eps", "1")
    assert (status, err) == (2, "suffice: box(0,1) says nothing of the input's shape; add --example-shape 1,64, its batch axis first\n")


def test_inputs_are_required(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "torch", "models.py:module", "--eps", "1")
    assert status == 2
    assert "Missing option '--inputs'" in err


def test_without_torch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.cli.torch.find_spec", lambda _: None)
    status, _, err = run(capsys, *ASKED, "--eps", "1")
    assert (status, err) == (2, "suffice: models.py:module: torch is not installed; install suffice[torch]\n")


def test_a_bar_for_those_who_wait(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal only, and on stderr: stdout stays one JSON object."""
    monkeypatch.setattr("suffice.cli.progress._PATIENCE", 0.0)
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    status, out, _ = run(capsys, *ASKED, "--eps", "4e-3", "--format", "fp16,fp32", "--json")
    assert status == 0
    assert len(json.loads(out)["results"]) == 2
    assert "fp32 on generic" in terminal.getvalue()
