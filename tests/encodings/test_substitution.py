"""Expressions in place of inputs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.text import read_expression
from suffice.encodings.substitution import substitute
from suffice.encodings.writers.text import to_text
from suffice.hardware_specs.catalogue import parse_format


def read(text: str) -> Expression:
    return read_expression(text, ["x", "y", "z"])


def test_the_composition_has_the_value_of_both() -> None:
    outer, inner = read("x^2 - y/(1 + x)"), read("exp(y) + z")
    whole = substitute(outer, {"x": inner})
    y, z = np.array([0.375, -2.0]), np.array([1.25, 3.0])
    composed = evaluate_float(outer, {"x": evaluate_float(inner, {"y": y, "z": z}), "y": y})
    assert np.array_equal(evaluate_float(whole, {"y": y, "z": z}), composed)
    assert set(whole.variables) == {"y", "z"}


def test_inputs_are_replaced_at_once_and_not_again() -> None:
    swapped = substitute(read("x - y"), {"x": read("y"), "y": read("x")})
    assert to_text(swapped) == "y - x"


def test_subterms_are_shared_with_what_takes_the_place() -> None:
    whole = substitute(read("x*exp(y) + y"), {"x": read("exp(y)"), "z": read("tan(z)")})
    assert [node.op for node in whole.nodes] == [Op.VAR, Op.EXP, Op.MUL, Op.ADD]
    assert whole == read("exp(y)*exp(y) + y")


def test_an_input_or_a_constant_alone() -> None:
    assert substitute(read("x"), {"x": read("sin(z)")}) == read("sin(z)")
    assert substitute(read("x"), {"y": read("sin(z)")}) == read("x")
    assert substitute(read("3"), {"x": read("sin(z)")}) == read("3")


def test_a_format_that_the_source_demands_of_an_input_becomes_a_cast() -> None:
    builder = ExpressionBuilder(parse_format("fp16"))
    narrow = builder.build(builder.apply(Op.NEG, builder.variable("x")))
    whole = substitute(narrow, {"x": read("y + 1")})
    assert [(node.op, node.format is None) for node in whole.nodes] == [
        (Op.VAR, True),
        (Op.CONST, True),
        (Op.ADD, True),
        (Op.CAST, False),
        (Op.NEG, False),
    ]
    assert whole.nodes[1].payload == Fraction(1)
