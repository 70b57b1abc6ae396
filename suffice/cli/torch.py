"""The command torch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suffice.cli import options as o
from suffice.cli.option_groups import with_groups
from suffice.cli.progress import progress_bar
from suffice.cli.statuses import DONE, UNDECIDED, UNEXPECTED
from suffice.cli.torch_options import ModelOptions, OutputOptions, WayOptions
from suffice.errors import InputError, SufficeError
from suffice.proofs.certificate import Verdict

if TYPE_CHECKING:
    from suffice.cli.keeping import Kept
    from suffice.encodings.networks.graph import Network
    from suffice.encodings.readers.input_sets import InputsAsked
    from suffice.network_answers import ModelAnswer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="MODULE:FACTORY or FILE.py:FACTORY, which is run and gives a torch.nn.Module, or FILE.onnx.")
]


@with_groups
def torch(
    model: Model,
    asked: ModelOptions,
    way: WayOptions,
    out: OutputOptions,
    expect: o.Expect = None,
    as_json: o.AsJson = False,
) -> None:
    """PyTorch models: a verdict for each format, each with a certificate, and a format for every layer.

    MODULE:FACTORY is imported and called: that runs the code in it, as python would. So does a MODULE:FUNCTION that gives samples.

    \b
    suffice torch examples.digits_models:mlp_relu --inputs 'box(0,1)' --example-shape 1,64 --eps 0.1 --format fp16,bf16
    suffice torch model.py:build --inputs 'balls(samples.npy, radius=0.01, within=0:1, first=10)' --eps 1e-2 --html report.html
    suffice torch model.onnx --inputs 'points(data.csv)' --eps 1e-2 --format int8 --device h100 --save certificate.json
    suffice torch model.py:build --inputs 'balls(samples.npz:x, radius=1/256)' --eps 0.05 --assign --config formats.json
    """
    from suffice.network_questions import ask_model, certify_network, inputs_for, read_inputs

    question = ask_model(
        way.eps,
        _listed(way.format),
        _listed(way.device) or "generic",
        input=way.input_format,
        output=way.output_format,
        assign=way.assign,
        timeout=way.timeout,
        seconds=way.search_seconds,
        jobs=way.jobs,
        inputs_text=asked.inputs,
    )
    out.check()
    inputs = read_inputs(asked.inputs)
    network = _read(model, inputs, asked)
    checked = inputs_for(inputs, network, asked.arrival)
    with progress_bar() as progress:
        answer = certify_network(network, checked, question, progress)
    _show(answer, as_json=as_json)
    written = _write(answer, out)
    _tell(answer, out, written, as_json=as_json)
    if written.failures:
        raise SufficeError("; ".join(map(str, written.failures)))
    raise typer.Exit(_status(answer, expect))


def _read(model: str, inputs: Any, asked: ModelOptions) -> Network:
    """The network of the model. Raises InputError."""
    from suffice.encodings.readers.user_code import call_function, names_function
    from suffice.torch import read

    if model.lower().endswith(".onnx"):
        return read(Path(model), asked.shape())
    if not names_function(model):
        raise InputError(f"{model!r} is no model", mend="write MODULE:FACTORY, FILE.py:FACTORY or FILE.onnx")
    if find_spec("torch") is None:
        raise InputError("torch is not installed", where=model, mend="install suffice[torch]")
    example = asked.shape() or _example_of(inputs)
    made = call_function(model)
    try:
        with redirect_stdout(sys.stderr):
            return read(made, example)
    except InputError as error:
        raise InputError(error.what, where=f"{model}, {error.where}" if error.where else model, mend=error.mend) from None


def _example_of(inputs: InputsAsked) -> tuple[int, ...]:
    """One input behind a batch axis. Raises InputError where numbers alone say nothing of its shape."""
    if inputs.shape is None:
        raise InputError(f"{inputs.text} says nothing of the input's shape", mend="add --example-shape 1,64, its batch axis first")
    return (1, *inputs.shape)


def _listed(given: list[str] | None) -> str | None:
    return ",".join(given) if given else None


def _show(answer: ModelAnswer, *, as_json: bool) -> None:
    from suffice.rendering import show

    if not as_json:
        show(answer.tables())


@dataclass(slots=True)
class _Written:
    """What could be written and what could not: a full disk for one file costs no other."""

    kept: Kept
    files: dict[str, Path] = field(default_factory=dict)
    failures: list[SufficeError] = field(default_factory=list)

    def keep(self, answer: ModelAnswer, save: Path | None, archive: str | None) -> None:
        """Certificates, to files or to the archive."""
        from suffice.network_keeping import keep_model

        try:
            added = keep_model(answer, save, archive)
        except SufficeError as error:
            self.failures.append(error)
        else:
            self.kept = replace(self.kept, files=self.kept.files | added.files, receipts=self.kept.receipts | added.receipts)

    def write(self, what: str, path: Path | None, writer: Callable[[Path], object]) -> None:
        """One file, where it is asked for."""
        if path is None:
            return
        try:
            writer(path)
        except SufficeError as error:
            self.failures.append(error)
        else:
            self.files[what] = path


def _write(answer: ModelAnswer, out: OutputOptions) -> _Written:
    """Everything asked for; no configuration where nothing is proved sufficient."""
    from suffice.cli.keeping import Kept

    written = _Written(Kept({}, {}, out.archive))
    written.keep(answer, out.save, None)
    written.keep(answer, None, out.archive)
    written.write("report", out.html, answer.html)
    written.write("picture", out.plot, answer.plot)
    if _configurable(answer):
        written.write("configuration", out.config, partial(_write_config, answer))
    return written


def _write_config(answer: ModelAnswer, path: Path) -> None:
    import json

    from suffice.proofs.files import write_atomically

    write_atomically(path, (json.dumps(answer.config(), indent=2) + "\n").encode())


def _configurable(answer: ModelAnswer) -> bool:
    return any(result.verdict is Verdict.SUFFICIENT for result in answer.results)


def _tell(answer: ModelAnswer, out: OutputOptions, written: _Written, *, as_json: bool) -> None:
    """Where everything is; the one JSON object."""
    kept = written.kept
    from suffice.cli.json_output import print_object

    if as_json:
        content = answer.to_json()
        content["results"] = [kept.noted(entry["label"], entry, {}) for entry in content["results"]]
        print_object({**content, "files": {what: str(path) for what, path in written.files.items()}, **kept.archived()})
        return
    lines = [*kept.lines(), *(f"{what}: {path}" for what, path in written.files.items())]
    if out.config is not None and not _configurable(answer):
        lines.append("no configuration is written: no format is proved sufficient")
    if lines:
        print("\n" + "\n".join(lines))


def _status(answer: ModelAnswer, expect: Verdict | None) -> int:
    """As for prove; without a tolerance, done where every result has a bound."""
    if expect is not None:
        return DONE if all(result.verdict is expect for result in answer.results) else UNEXPECTED
    if answer.proof.tolerance is None:
        return DONE if all(result.error_bound is not None for result in answer.results) else UNDECIDED
    return UNDECIDED if any(result.verdict is Verdict.UNDECIDED for result in answer.results) else DONE
