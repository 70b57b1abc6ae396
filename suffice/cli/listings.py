"""The commands formats and devices: what is known, with sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suffice.cli.options import AsJson

if TYPE_CHECKING:
    from suffice.hardware_specs.catalogue import CatalogueEntry
    from suffice.hardware_specs.device import Device


def formats(as_json: AsJson = False) -> None:
    """The number formats that have names, with sources.

    \b
    suffice formats

    Options follow in parentheses: 'fp16(subnormals=flushed)', 'int8(scale=1/64,zero=0)'. Others are written as
    'float(p=12,emin=-126,emax=127)', 'int(bits=4)', 'code(bits=8)' (any code of so many bits) and 'exact' (no rounding).
    """
    from suffice.cli.json_output import print_object
    from suffice.hardware_specs.catalogue import catalogue
    from suffice.rendering import show
    from suffice.tables import Cell, Table

    if as_json:
        print_object({"formats": [_format_object(entry) for entry in catalogue()]})
        return
    headings = ("name", "bits", "precision", "exponents", "largest", "smallest normal", "also called", "source")
    rows = tuple(tuple(Cell(text) for text in _format_row(entry)) for entry in catalogue())
    show([Table(title="Formats", headings=headings, rows=rows)])


def devices(as_json: AsJson = False) -> None:
    """The hardware that is known, with sources.

    \b
    suffice devices --json
    """
    import dataclasses

    from suffice.cli.json_output import print_object
    from suffice.hardware_specs.device import devices as known
    from suffice.rendering import show
    from suffice.tables import Cell, Table

    if as_json:
        print_object({"devices": [dataclasses.asdict(device) for device in known()]})
        return
    headings = ("name", "device", "multiplies", "from cheap to dear", "source")
    show([Table(title="Devices", headings=headings, rows=tuple(tuple(Cell(text) for text in _device_row(device)) for device in known()))])


def _format_object(entry: CatalogueEntry) -> dict[str, Any]:
    from suffice.proofs.formatdata import format_to_json

    described = {"name": entry.name, "aliases": list(entry.aliases), "bits": entry.format.bits, "format": format_to_json(entry.format)}
    return {**described, "source": entry.source, "notes": entry.notes}


def _format_row(entry: CatalogueEntry) -> tuple[str, ...]:
    from suffice.hardware_specs.format import FloatFormat, power_of_two
    from suffice.proofs.decimals import decimal_nearest

    fmt = entry.format
    if isinstance(fmt, FloatFormat):
        exponents = f"{fmt.emin} to {fmt.emax}"
        numbers = (str(fmt.p), exponents, decimal_nearest(fmt.max_finite, 6), decimal_nearest(power_of_two(fmt.emin), 6))
    else:
        numbers = ("-", f"codes {fmt.qmin} to {fmt.qmax}", "-", "-")
    return (entry.name, str(fmt.bits), *numbers, ", ".join(entry.aliases), entry.source)


def _device_row(device: Device) -> tuple[str, ...]:
    return (device.name, device.title, ", ".join(device.multiplies), ", ".join(device.cost_order), device.source)
