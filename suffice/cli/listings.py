"""The commands formats and devices: what is known, with sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suffice.cli.options import AsJson

if TYPE_CHECKING:
    from suffice.hardware_specs.accumulation import Accumulation
    from suffice.hardware_specs.catalogue import CatalogueEntry
    from suffice.hardware_specs.device import Device, DeviceAccumulation


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
    from suffice.cli.json_output import print_object
    from suffice.hardware_specs.device import devices as known
    from suffice.rendering import show
    from suffice.tables import Cell, Table

    if as_json:
        print_object({"devices": [_device_object(device) for device in known()]})
        return
    rows = tuple(tuple(Cell(text) for text in _device_row(device)) for device in known())
    sums = tuple(tuple(Cell(text) for text in row) for device in known() for row in _accumulation_rows(device))
    show(
        [
            Table(title="Devices", headings=("name", "device", "multiplies", "from cheap to dear", "source"), rows=rows),
            Table(title="How they add up dot products", headings=("device", "products of", "sums", "order", "source"), rows=sums),
        ]
    )


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


def _device_object(device: Device) -> dict[str, Any]:
    import dataclasses

    listed = [{**_accumulation_object(entry.accumulation), **_inputs_object(entry)} for entry in device.accumulations]
    return {**dataclasses.asdict(device), "accumulations": listed}


def _inputs_object(entry: DeviceAccumulation) -> dict[str, Any]:
    return {"inputs": list(entry.inputs), "mixed": entry.mixed, "source": entry.source}


def _accumulation_object(accumulation: Accumulation) -> dict[str, Any]:
    """What holds for all factors: the exponents and whether products fit depend on them."""
    import dataclasses

    from suffice.hardware_specs.catalogue import format_name

    fields = dataclasses.asdict(accumulation)
    of_factors = ("smallest_exponents", "products_fit")
    return {key: value for key, value in fields.items() if key not in of_factors} | {"accumulator": format_name(accumulation.accumulator)}


def _device_row(device: Device) -> tuple[str, ...]:
    return (device.name, device.title, ", ".join((*device.multiplies, *device.blocks)), ", ".join(device.cost_order), device.source)


def _accumulation_rows(device: Device) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for entry in device.accumulations:
        inputs = ", ".join(entry.inputs) + (" (also mixed)" if entry.mixed else "")
        rows.append((device.name, inputs, _sums(entry.accumulation), _order(entry.accumulation), entry.source))
    return rows


def _sums(accumulation: Accumulation) -> str:
    """How one step adds, in a line."""
    from suffice.hardware_specs.accumulation import Kind
    from suffice.hardware_specs.catalogue import format_name
    from suffice.hardware_specs.format import FloatFormat

    fmt = accumulation.accumulator
    name = format_name(fmt)
    if accumulation.kind is Kind.EXACT or not isinstance(fmt, FloatFormat):
        return f"exact in {name}"
    if accumulation.kind is Kind.GROUPS:
        return f"{accumulation.group} at once, cut to {fmt.p - 1 + accumulation.extra_bits} fraction bits, in {name}"
    factors = ", subnormal factors read as 0" if accumulation.flushes_inputs else ""
    return f"rounded additions in {name}, products {accumulation.products}{factors}"


def _order(accumulation: Accumulation) -> str:
    from suffice.hardware_specs.accumulation import Kind, Order

    if accumulation.kind is Kind.EXACT:
        return "-"
    grouped = accumulation.order in (Order.PAIRWISE, Order.EVEN_ODD_CHAINS)
    return f"{accumulation.order} in groups of {accumulation.group}" if grouped else str(accumulation.order)
