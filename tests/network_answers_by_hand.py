"""Answers about a small network with numbers written by hand, so that what is shown of them can be compared."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import box
from suffice.hardware_specs.catalogue import parse_format
from suffice.network_answers import ASSIGNED, ModelAnswer
from suffice.proofs.certificate import Verdict
from suffice.prover.networks.assigning import AssignedModel, Choice, UniformCost
from suffice.prover.networks.assigning_groups import FormatGroup, Kind
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.results import LayerRow, NetworkProof, NetworkResult

SHARES = {"first": Fraction(1, 4), "first.act": Fraction(1, 4), "last": Fraction(1, 2)}


def small_network(name: str = "small") -> Network:
    """2 - 3 - 1 with ReLU."""
    builder = NetworkBuilder(name)
    x = builder.input((2,))
    for layer, weight in (("first", [[1.0, 2], [-1, 0.5], [0.25, 1]]), ("last", [[1.0, -1, 3]])):
        builder.layer = layer
        x = builder.linear(x, np.array(weight), parameter=f"{layer}.weight")
        builder.store(x)
        if layer == "first":
            builder.layer = "first.act"
            x = builder.unary(TensorOp.RELU, x)
            builder.store(x)
    return builder.finish(x)


def layer_rows(fmt: str, bound: Fraction, names: tuple[str, ...] = tuple(SHARES)) -> tuple[LayerRow, ...]:
    """Layers that add a quarter, a quarter and a half of the bound."""
    return tuple(
        LayerRow(
            name=name,
            range=(Fraction(-1, 3), Fraction(7, 3)),
            lipschitz=Fraction(3),
            curvature=None if name == "first.act" else Fraction(0),
            local_error=bound * SHARES[name] / 2,
            amplification=Fraction(2),
            contribution=bound * SHARES[name],
            method="reverse",
            weights="" if name == "first.act" else fmt,
            activations=fmt,
            accumulation="fp32, any order",
        )
        for name in names
    )


def result_of(fmt: str, verdict: Verdict, bound: Fraction, **changes: Any) -> NetworkResult:
    """A result whose layers add up to the bound."""
    fields: dict[str, Any] = {
        "device": "generic",
        "program": uniform(small_network(), "fp16"),
        "layers": layer_rows("fp16" if fmt == ASSIGNED else fmt, bound),
        "seconds": 0.25,
        "error_bound": bound,
        "witness_error": bound / 2,
        "assumptions": ("exp is correctly rounded",),
        "digest": f"sha256:{fmt}",
    }
    return NetworkResult(format=fmt, verdict=verdict, statement="S1", **{**fields, **changes})


def small_answer(*, assigned: bool = False, devices: tuple[str, ...] = ("generic",), name: str = "small") -> ModelAnswer:
    """fp8_e4m3 impossible, bf16 insufficient, fp16 undecided, fp32 sufficient; with `assigned` also a choice by layers."""
    point = np.array([0.5, 0.25])
    made = [
        result_of("fp8_e4m3", Verdict.IMPOSSIBLE, Fraction(1, 2), floor=Fraction(1, 5), floor_points=(point, point + 2**-9)),
        result_of("bf16", Verdict.INSUFFICIENT, Fraction(1, 4), witness=point),
        result_of("fp16", Verdict.UNDECIDED, Fraction(1, 8), note="the search found nothing"),
        result_of("fp32", Verdict.SUFFICIENT, Fraction(1, 2**20)),
    ]
    results = tuple(
        NetworkResult(**{field: getattr(result, field) for field in result.__dataclass_fields__} | {"device": device})
        for device in devices
        for result in made
    )
    proof = NetworkProof(network=small_network(name), inputs=box(0.0, 1.0, (2,)), tolerance=Fraction(1, 10), results=results)
    return ModelAnswer(proof, "box(0,1)", assigned_model() if assigned else None)


def assigned_model() -> AssignedModel:
    """int8 weights of one layer, at 48 bits where fp16 throughout costs 96."""
    int8, fp16 = parse_format("int8"), parse_format("fp16")
    group = FormatGroup(
        kind=Kind.WEIGHTS, layers=("first",), members=(1,), formats=(int8, fp16), costs=(Fraction(48), Fraction(96))
    )  # fmt: skip
    return AssignedModel(
        choices=(Choice(group=group, format=int8, cost=Fraction(48), share=0.25),),
        cost=Fraction(48),
        costs="bits",
        uniforms=(
            UniformCost(format="fp16", cost=Fraction(96), analysed=Fraction(1, 100), is_enough=True),
            UniformCost(format="bf16", cost=Fraction(96), analysed=None, is_enough=False),
        ),
        minimality=None,
        result=result_of(ASSIGNED, Verdict.SUFFICIENT, Fraction(1, 16)),
        seconds=0.5,
    )
