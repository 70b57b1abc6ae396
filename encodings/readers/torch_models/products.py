"""Rules of products of matrices: linear, matmul, einsum and attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suffice.encodings.networks import einsum as two_operands
from suffice.encodings.networks import layers
from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.graph import TensorOp
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.torch_models.calls import Call, Known, rule


@rule("aten.linear")
def linear(call: Call) -> Tensor:
    """A known matrix makes a `linear` node, a computed one a product."""
    x, weight, bias = call.tensor("input"), call.array("weight"), call.array("bias")
    if weight is None or (bias is None and call.get("bias") is not None):
        return layers.linear(call.builder, x, call.tensor("weight"), call.optional("bias"))
    if weight.ndim == 1:
        result = call.builder.linear(x, weight[None], bias if bias is None else bias.reshape(1), call.parameter("weight"))
        return call.builder.reshape(result, x.shape[:-1])
    return call.builder.linear(x, weight, bias, call.parameter("weight"))


@rule("aten.addmm")
def addmm(call: Call) -> Tensor:
    """beta self + alpha mat1 mat2; a `linear` node where it is one."""
    bias, matrix = call.array("self"), call.array("mat2")
    plain = call.number("beta", 1) == 1 and call.number("alpha", 1) == 1
    if plain and matrix is not None and bias is not None and bias.shape in ((matrix.shape[1],), (1, matrix.shape[1])):
        return call.builder.linear(call.tensor("mat1"), matrix.T, bias.ravel(), call.parameter("mat2"))
    return _scaled_sum(call, layers.product(call.builder, call.tensor("mat1"), call.tensor("mat2")))


@rule("aten.baddbmm")
def baddbmm(call: Call) -> Any:
    """The same for stacks of matrices; a known summand with -infinities masks."""
    product = layers.product(call.builder, call.tensor("batch1"), call.tensor("batch2"))
    summand = call.get("self")
    if isinstance(summand, Known) and call.masks(summand):
        if call.number("beta", 1) != 1 or call.number("alpha", 1) != 1:
            raise call.error("a scaled mask")
        return layers.add_mask(call.builder, product, call.known("self"), summand.name)
    return _scaled_sum(call, product)


def _scaled_sum(call: Call, product: Tensor) -> Tensor:
    b, alpha, beta = call.builder, call.number("alpha", 1), call.number("beta", 1)
    if alpha != 1:
        product = b.binary(TensorOp.MULTIPLY, product, b.constant(alpha))
    if beta == 0:
        return product
    summand = call.tensor("self")
    summand = summand if beta == 1 else b.binary(TensorOp.MULTIPLY, summand, b.constant(beta))
    return b.binary(TensorOp.ADD, product, summand)


@rule("aten.matmul", "aten.mm", "aten.bmm", "aten.mv", "aten.dot")
def matmul(call: Call) -> Tensor:
    """A product of matrices; with a known matrix on the right a `linear` node."""
    left, right = list(call.arguments)[:2]
    matrix, x = call.array(right), call.get(left)
    if matrix is not None and matrix.ndim == 2 and isinstance(x, Tensor):
        return call.builder.linear(x, matrix.T, None, call.parameter(right))
    return layers.product(call.builder, call.tensor(left), call.tensor(right))


@rule("aten.einsum")
def einsum(call: Call) -> Tensor:
    """Of two operands."""
    operands = [call.lift(operand) for operand in call.get("tensors")]
    if len(operands) != 2:
        raise call.error(f"the equation {call.get('equation')!r}", "use two operands")
    return two_operands.einsum(call.builder, call.get("equation"), *operands)


@rule("aten.scaled_dot_product_attention")
def attention(call: Call) -> Tensor:
    """One call: its result is stored, what happens inside is not. Masks are known; masked entries take no part in the softmax."""
    b, query, key, value = call.builder, call.tensor("query"), call.tensor("key"), call.tensor("value")
    if call.number("dropout_p", 0) != 0:
        raise call.error("dropout in attention is random", "pass dropout_p=0 in evaluation")
    if call.get("enable_gqa"):
        repeats = query.shape[-3] // key.shape[-3]
        key, value = (b.rearrange(x, lambda index: np.repeat(index, repeats, axis=-3)) for x in (key, value))
    scale = call.number("scale", 1 / math.sqrt(query.shape[-1]))
    allowed, added = _mask(call, query.shape[-2], key.shape[-2])
    return layers.attention(b, query, key, value, scale, added=added, allowed=allowed)


def _mask(call: Call, rows: int, columns: int) -> tuple[Any, Tensor | None]:
    """What is allowed (None: everything) and what is added to the scores."""
    b = call.builder
    if call.get("is_causal"):
        return np.tril(np.ones((rows, columns), dtype=bool)), None
    mask = call.get("attn_mask")
    if isinstance(mask, Tensor):
        return None, mask
    if isinstance(mask, Masked):
        return mask.allowed, mask.tensor
    if not isinstance(mask, Known):
        return None, None
    if not mask.tensor.is_floating_point():
        allowed = mask.tensor.numpy().astype(bool)
        return (None if allowed.all() else allowed), None
    allowed, added = layers.split_mask(b, call.known("attn_mask"), mask.name)
    return (None if allowed.all() else allowed), added
