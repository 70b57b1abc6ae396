"""Devices name formats that exist, every number in them has a source, and accumulations are found by the formats that meet."""

from __future__ import annotations

import pytest

from suffice.encodings.operations import Op
from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products, products_fit
from suffice.hardware_specs.block_format import block_format, block_formats
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device, devices
from suffice.hardware_specs.format import FloatFormat, IntFormat, Rounding


def found(machine: str, left: str, right: str) -> Accumulation:
    """The accumulation of a device for two formats named in the catalogue."""
    return accumulation_for(device(machine), parse_format(left), parse_format(right))


def test_every_number_has_a_source() -> None:
    assert len({entry.name for entry in devices()}) == len(devices()) >= 12
    for entry in devices():
        assert len(entry.source) > 15
        assert entry.accumulations
        for accumulation in entry.accumulations:
            assert len(accumulation.source) > 15
        assert entry.functions is None or len(entry.functions.source) > 15
    assert all(len(fmt.source) > 15 for fmt in block_formats())


def test_formats_of_devices_are_known() -> None:
    blocks = {fmt.name for fmt in block_formats()}
    for entry in devices():
        assert set(entry.cost_order) <= set(entry.multiplies) <= set(entry.stores)
        assert set(entry.blocks) <= blocks
        for name in entry.stores:
            parse_format(name)
        for accumulation in entry.accumulations:
            assert set(accumulation.inputs) <= {*entry.multiplies, *entry.blocks}
        if entry.functions is not None:
            assert {name for name, _ in entry.functions.ulps} <= set(Op)
            assert all(ulps >= 0 for _, ulps in entry.functions.ulps)


def test_every_multiplied_format_and_block_has_an_accumulation() -> None:
    for entry in devices():
        formats = [*map(parse_format, entry.multiplies), *map(block_format, entry.blocks)]
        for fmt in formats:
            assert accumulation_for(entry, fmt, fmt).accumulator.bits >= 22


def fraction_bits(accumulation: Accumulation) -> int:
    """The bits behind the point that aligned numbers keep."""
    assert isinstance(accumulation.accumulator, FloatFormat)
    return accumulation.accumulator.p - 1 + accumulation.extra_bits


def test_published_accumulation_parameters() -> None:
    """The table of Khattak and Mikaitis: group and fraction bits by device and input format."""
    published = {
        ("v100", "fp16"): (4, 23),
        ("a100", "fp16"): (8, 24),
        ("a100", "tf32"): (4, 24),
        ("ada", "bf16"): (8, 24),
        ("ada", "fp8_e4m3"): (16, 13),
        ("h100", "bf16"): (16, 25),
        ("h100", "tf32"): (8, 25),
        ("h100", "fp8_e5m2"): (32, 13),
        ("b200", "fp16"): (16, 25),
        ("b200", "tf32"): (8, 25),
        ("b200", "fp8_e4m3"): (32, 25),
    }
    for (machine, name), expected in published.items():
        accumulation = found(machine, name, name)
        assert (accumulation.group, fraction_bits(accumulation)) == expected
        assert (accumulation.kind, accumulation.order, accumulation.flushes_results) == (Kind.GROUPS, Order.ANY, False)
        assert accumulation.accumulator.rounding is Rounding.TOWARD_ZERO
    amd = found("mi210", "fp16", "fp16")
    assert (amd.order, amd.group, amd.products) == (Order.PAIRWISE, 4, Products.ROUNDED)
    assert amd.flushes_results
    assert amd.flushes_inputs


def test_an_accumulation_knows_its_factors() -> None:
    mixed = found("h100", "fp8_e4m3", "fp8_e5m2")
    assert (mixed.group, mixed.smallest_exponents) == (32, (-6, -14))
    assert found("a100", "fp8_e4m3", "fp8_e5m2").smallest_exponents == (-14, -14)
    assert found("h100", "fp16(overflow=saturate)", "fp16").group == 16
    assert found("h100", "fp16", "bf16") == found("h100", "tf32", "tf32")
    assert found("generic", "fp16", "fp16").products_fit
    assert not found("generic", "bf16", "bf16").products_fit
    assert found("generic", "fp64", "fp16").accumulator.bits == 64
    assert found("generic_sequential", "fp16", "fp16").order is Order.SEQUENTIAL


def test_products_that_fit_are_told_by_enumeration() -> None:
    """Of small formats, every product is formed: it is a number of the accumulator exactly where products_fit says so."""
    from fractions import Fraction

    from suffice.hardware_specs.rounding import round_exact
    from suffice.hardware_specs.vectorised import numbers_array

    small = [parse_format(name) for name in ("fp4_e2m1", "fp6_e3m2", "fp8_e4m3(overflow=saturate)", "float(p=2,emin=-1,emax=2)")]
    wide = [parse_format(name) for name in ("float(p=4,emin=-4,emax=6)", "float(p=8,emin=-20,emax=20)", "fp16", "fp16(subnormals=flushed)")]
    answers = set()
    for left in small:
        for accumulator in wide:
            assert isinstance(left, FloatFormat)
            assert isinstance(accumulator, FloatFormat)
            numbers = [Fraction(float(x)) for x in numbers_array(left, -left.max_finite, left.max_finite)]
            exact = all(round_exact(accumulator, a * b) == a * b for a in numbers for b in numbers)
            assert products_fit(left, left, accumulator) <= exact
            answers.add((products_fit(left, left, accumulator), exact))
    assert answers >= {(True, True), (False, False)}


def test_formats_that_meet_on_no_device_are_refused() -> None:
    with pytest.raises(FormatError, match="device tpu: multiplies no format that holds both fp32 and bf16; convert to"):
        found("tpu", "fp32", "bf16")
    with pytest.raises(FormatError, match="holds both nvfp4 and fp16"):
        accumulation_for(device("b200"), block_format("nvfp4"), parse_format("fp16"))
    with pytest.raises(FormatError, match="holds both int16 and int8"):
        found("cpu_int8", "int16", "int8")
    assert isinstance(found("cpu_int8", "uint8", "int8(qmin=-127)").accumulator, IntFormat)


def test_contradictory_accumulations_are_refused() -> None:
    fp32 = parse_format("fp32")
    assert isinstance(fp32, FloatFormat)
    for kind, changes in (
        (Kind.EXACT, {}),
        (Kind.ADDITIONS, {"order": Order.PAIRWISE, "group": 3}),
        (Kind.ADDITIONS, {"order": Order.ODD_EVEN, "group": 3}),
        (Kind.GROUPS, {"order": Order.PAIRWISE, "group": 4}),
        (Kind.GROUPS, {"group": 4, "presummed": 3}),
        (Kind.GROUPS, {"group": 4, "flushes_inputs": True}),
        (Kind.GROUPS, {"extra_bits": -23}),
    ):
        with pytest.raises(FormatError):
            Accumulation(kind=kind, accumulator=fp32, **changes)
    toward_zero = parse_format("fp32(rounding=toward_zero)")
    assert isinstance(toward_zero, FloatFormat)
    with pytest.raises(FormatError, match="additions rounded toward_zero"):
        Accumulation(kind=Kind.ADDITIONS, accumulator=toward_zero)


def test_unknown_devices_get_the_nearest_name() -> None:
    assert device("H100").name == "h100"
    with pytest.raises(FormatError) as caught:
        device("h10")
    assert str(caught.value) == "unknown device 'h10'; did you mean h100?"
    with pytest.raises(FormatError, match="unknown block format 'mxfp5'; did you mean mxfp"):
        block_format("mxfp5")
    assert block_format("MXFP8").name == "mxfp8_e4m3"
