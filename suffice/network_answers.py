"""The answer about a model: a verdict for each format and device, the layers of each, the smallest that is enough, and pictures of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.errors import InputError
from suffice.proofs.certificate import Verdict
from suffice.prover.networks.results import NetworkProof, NetworkResult
from suffice.rendering import to_html, to_text
from suffice.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suffice.prover.networks.assigning import AssignedModel

ASSIGNED = "assigned"
"""The name of the result in which every layer has a format of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelAnswer:
    """The answer of `certify`: one result for each format on each device, in the order asked; `answer["fp16"]` is that of one.

    `inputs_text` says in words which inputs are asked about. `assigned` is the cheapest proved choice of a format for each layer, where
    that was asked for; its result is `answer["assigned"]`.
    """

    proof: NetworkProof
    inputs_text: str = ""
    assigned: AssignedModel | None = None

    @property
    def network(self) -> Network:
        """The function."""
        return self.proof.network

    @property
    def inputs(self) -> InputSet:
        """The inputs asked about."""
        return self.proof.inputs

    @property
    def results(self) -> tuple[NetworkResult, ...]:
        """One for each format on each device, and then that of the assignment."""
        assigned = () if self.assigned is None or self.assigned.result is None else (self.assigned.result,)
        return (*self.proof.results, *assigned)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each result: its format, with its device where several are asked about."""
        return tuple(label_of(result, several=self.has_several_devices) for result in self.results)

    @property
    def has_several_devices(self) -> bool:
        """Whether results differ in their devices."""
        return len({result.device for result in self.proof.results}) > 1

    @property
    def minimum(self) -> str | None:
        """The format of fewest bits that is proved sufficient, on any of the devices; None if none is."""
        enough = [result for result in self.proof.results if result.verdict is Verdict.SUFFICIENT]
        return min(enough, key=lambda result: bits_of(result.format)).format if enough else None

    @property
    def minimum_device(self) -> str | None:
        """The first of the devices, in the order asked, on which some format is proved sufficient; None if there is none."""
        return next((result.device for result in self._by_device() if result.verdict is Verdict.SUFFICIENT), None)

    def _by_device(self) -> list[NetworkResult]:
        devices = list(dict.fromkeys(result.device for result in self.proof.results))
        return sorted(self.proof.results, key=lambda result: devices.index(result.device))

    def __iter__(self) -> Iterator[NetworkResult]:
        return iter(self.results)

    def __getitem__(self, name: str) -> NetworkResult:
        """The result of a format or label; of a format on several devices the first one's."""
        for label, result in zip(self.labels, self.results, strict=True):
            if name in (label, result.format):
                return result
        raise InputError(f"{name!r} was not asked about", mend=f"asked were {', '.join(self.labels)}")

    def config(self, name: str | None = None) -> dict[str, Any]:
        """The configuration that `suffice.torch.apply` takes: of one result; else of the assignment, else of the minimum.

        Raises InputError where that result is not proved sufficient.
        """
        chosen = self._sufficient(name or self.recommended)
        from suffice.prover.networks.configuration import configuration_of

        return configuration_of(chosen, self.proof, inputs_text=self.inputs_text)

    def _sufficient(self, name: str | None) -> NetworkResult:
        """The result of this name. Raises InputError where it is not proved sufficient."""
        if name is None:
            raise InputError("no format asked about is proved sufficient", mend="ask about a larger one, or allow a larger error")
        if self[name].verdict is not Verdict.SUFFICIENT:
            raise InputError(f"{name} is {self[name].verdict}, not sufficient", mend="choose a format that is, or another tolerance")
        return self[name]

    @property
    def recommended(self) -> str | None:
        """The label of the result to use: that of the assignment where it is proved, else of the smallest format; None without any."""
        labelled = zip(self.labels, self.results, strict=True)
        enough = [(label, result) for label, result in labelled if result.verdict is Verdict.SUFFICIENT]
        if not enough:
            return None
        if self.assigned is not None and enough[-1][1] is self.results[-1]:
            return enough[-1][0]
        return min(enough, key=lambda item: bits_of(item[1].format))[0]

    def sentence(self) -> str:
        """The smallest format in words."""
        if self.proof.tolerance is None:
            return ""
        if self.minimum is None:
            return "No format asked about is proved sufficient."
        where = f", first on {self.minimum_device}" if self.has_several_devices else ""
        return f"The smallest format proved sufficient is {self.minimum}{where}."

    def table(self) -> str:
        """Verdicts and layers, as text."""
        return to_text(self.tables())

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        from suffice.network_tables import model_tables

        return model_tables(self)

    def to_json(self) -> dict[str, Any]:
        """The object that `suffice torch --json` prints."""
        from suffice.network_json import model_object

        return model_object(self)

    def plot(self, path: Path | str | None = None) -> Figure:
        """The picture of layers: error budget, amplification, formats. Written to `path` (.png or .svg) where given."""
        from suffice.network_plots import draw_model, save_model_picture

        figure = draw_model(self)
        if path is not None:
            save_model_picture(figure, Path(path))
        return figure

    def html(self, path: Path | str | None = None) -> str:
        """A self-contained report: tables and pictures. Written to `path` where given."""
        from suffice.network_report import report_html
        from suffice.proofs.files import write_atomically

        text = report_html(self)
        if path is not None:
            write_atomically(path, text.encode())
        return text

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        return to_html(self.tables())


def label_of(result: NetworkResult, *, several: bool) -> str:
    """The name of a result among the others."""
    return f"{result.format} on {result.device}" if several and result.format != ASSIGNED else result.format


def bits_of(name: str) -> tuple[float, int]:
    """Bits for each number stored in a format of this name, and its precision: formats are ordered by them."""
    from suffice.hardware_specs.block_format import block_formats
    from suffice.hardware_specs.catalogue import parse_format, size_key

    for block in block_formats():
        if name == block.name:
            _, bits, precision = size_key(block.element)
            return (bits + _SCALE_BITS / block.length, precision)
    _, bits, precision = size_key(parse_format(name))
    return (bits, precision)


def plain_format(name: str) -> str:
    """The name without scales and zero points: int8 for all codes of eight bits."""
    from suffice.hardware_specs.block_format import block_formats
    from suffice.hardware_specs.catalogue import parse_format
    from suffice.hardware_specs.format import IntFormat

    if not name or name in {block.name for block in block_formats()}:
        return name
    fmt = parse_format(name)
    return f"{'u' if fmt.qmin == 0 else ''}int{fmt.bits}" if isinstance(fmt, IntFormat) else name


_SCALE_BITS = 8
"""Bits of the scale that the elements of a block share."""
