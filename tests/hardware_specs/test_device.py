"""Devices name formats that exist, and every number in them has a source."""

from __future__ import annotations

import pytest

from suffice.encodings.operations import Op
from suffice.errors import FormatError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import ANY_ORDER, device, devices
from suffice.hardware_specs.format import FloatFormat, Rounding, Subnormals


def test_every_number_has_a_source() -> None:
    assert len({entry.name for entry in devices()}) == len(devices()) >= 8
    for entry in devices():
        assert len(entry.source) > 15
        assert entry.accumulations
        for accumulation in entry.accumulations:
            assert len(accumulation.source) > 15
        assert entry.functions is None or len(entry.functions.source) > 15


def test_formats_of_devices_are_in_the_catalogue() -> None:
    for entry in devices():
        assert set(entry.cost_order) <= set(entry.multiplies) <= set(entry.stores)
        for name in entry.stores:
            parse_format(name)
        for accumulation in entry.accumulations:
            assert set(accumulation.inputs) <= set(entry.multiplies)
            accumulator = parse_format(accumulation.accumulator)
            assert isinstance(accumulator, FloatFormat)
            if accumulation.extra_bits is not None:
                assert accumulator.p - 1 + accumulation.extra_bits > 0
        if entry.functions is not None:
            assert {name for name, _ in entry.functions.ulps} <= set(Op)
            assert all(ulps >= 0 for _, ulps in entry.functions.ulps)


def test_published_accumulation_parameters() -> None:
    half = {entry.name: entry.accumulations[0] for entry in devices()}
    assert {name: (a.group, a.extra_bits) for name, a in half.items() if a.rounding is Rounding.TOWARD_ZERO} == {
        "v100": (4, 0),
        "a100": (8, 1),
        "ada": (8, 1),
        "h100": (16, 2),
        "b200": (16, 2),
    }
    assert half["mi210"].subnormals is Subnormals.FLUSHED
    assert half["h100"].order == ANY_ORDER
    narrow = {name: device(name).accumulations[2] for name in ("ada", "h100", "b200")}
    assert {name: (a.group, a.extra_bits) for name, a in narrow.items()} == {"ada": (16, -10), "h100": (32, -10), "b200": (32, 2)}


def test_unknown_devices_get_the_nearest_name() -> None:
    assert device("H100").name == "h100"
    with pytest.raises(FormatError) as caught:
        device("h10")
    assert str(caught.value) == "unknown device 'h10'; did you mean h100?"
