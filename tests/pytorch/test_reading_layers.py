"""Reading PyTorch modules: every layer, and random compositions, compute what PyTorch computes in float64."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.pytorch.modules import Attention, Function, Residual, WithoutGradients, difference, randomised, read  # noqa: E402

CAUSAL = torch.triu(torch.full((5, 5), -math.inf), 1)
BAND = torch.tensor([[abs(i - j) < 2 for j in range(5)] for i in range(5)])
WEIGHTED = torch.where(BAND, torch.arange(25.0).reshape(5, 5) / 10, -math.inf)

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 3), (5,)),
    "linear without bias": (lambda: nn.Linear(5, 3, bias=False), (4, 5)),
    "bilinear form": (lambda: Function(lambda x: x @ x.mT), (3, 4)),
    "known matrix on the left": (lambda: Function(lambda x, w: w @ x, w=torch.randn(2, 3)), (3, 4)),
    "known matrix on the right": (lambda: Function(lambda x, w: x @ w, w=torch.randn(4, 2)), (3, 4)),
    "computed weight": (lambda: Function(lambda x, w: F.linear(x, w * 2, w[:, 0]), w=torch.randn(2, 4)), (3, 4)),
    "einsum": (lambda: Function(lambda x, w: torch.einsum("bij,kj->bki", x, w), w=torch.randn(2, 4)), (3, 4)),
    "einsum with a sum": (lambda: Function(lambda x: torch.einsum("bij,bkl->bki", x, x)), (3, 4)),
    "bmm": (lambda: Function(lambda x: torch.bmm(x, x.transpose(1, 2))), (3, 4)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, stride=2, padding=1), (3, 8)),
    "conv1d dilated": (lambda: nn.Conv1d(2, 4, 3, dilation=2, padding="same", bias=False), (2, 7)),
    "conv2d": (lambda: nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)), (2, 5, 4)),
    "conv2d grouped": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 4, 4)),
    "conv2d depthwise": (lambda: nn.Conv2d(3, 3, 3, groups=3, bias=False), (3, 4, 5)),
    "conv2d even kernel, same": (lambda: nn.Conv2d(1, 2, 2, padding="same"), (1, 4, 4)),
    "conv2d circular": (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), (1, 4, 4)),
    "conv2d reflecting": (lambda: nn.Conv2d(1, 2, 3, padding=2, padding_mode="reflect"), (1, 4, 4)),
    "conv3d": (lambda: nn.Conv3d(1, 2, 2), (1, 3, 3, 2)),
    "batch norm 1d": (lambda: nn.BatchNorm1d(4), (4,)),
    "batch norm of sequences": (lambda: nn.BatchNorm1d(4), (4, 3)),
    "batch norm 2d": (lambda: nn.BatchNorm2d(3), (3, 2, 2)),
    "batch norm without map": (lambda: nn.BatchNorm2d(3, affine=False), (3, 2, 2)),
    "layer norm": (lambda: nn.LayerNorm(6), (4, 6)),
    "layer norm over two axes": (lambda: nn.LayerNorm((4, 3)), (2, 4, 3)),
    "layer norm without map": (lambda: nn.LayerNorm(6, elementwise_affine=False, eps=0.1), (6,)),
    "layer norm without bias": (lambda: nn.LayerNorm(6, bias=False), (6,)),
    "rms norm": (lambda: nn.RMSNorm(6), (4, 6)),
    "rms norm with eps": (lambda: nn.RMSNorm((2, 3), eps=0.1), (4, 2, 3)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (4, 3, 2)),
    "instance norm": (lambda: nn.InstanceNorm1d(3, affine=True), (3, 5)),
    "relu": (lambda: nn.ReLU(inplace=True), (7,)),
    "leaky relu": (lambda: nn.LeakyReLU(0.2), (7,)),
    "prelu": (lambda: nn.PReLU(), (7,)),
    "gelu": (lambda: nn.GELU(), (7,)),
    "gelu by tanh": (lambda: nn.GELU(approximate="tanh"), (7,)),
    "silu": (lambda: nn.SiLU(), (7,)),
    "tanh": (lambda: nn.Tanh(), (7,)),
    "sigmoid": (lambda: nn.Sigmoid(), (7,)),
    "softplus": (lambda: nn.Softplus(), (7,)),
    "softplus with beta": (lambda: nn.Softplus(beta=2.5), (7,)),
    "softmax": (lambda: nn.Softmax(dim=-1), (3, 5)),
    "softmax over channels": (lambda: nn.Softmax(dim=1), (3, 5)),
    "softmax with a mask": (lambda: Function(lambda x: x.masked_fill(~BAND, -math.inf).softmax(-1)), (5, 5)),
    "softmax with a tril": (lambda: Function(lambda x: x.masked_fill(torch.tril(torch.ones(4, 4)) == 0, -math.inf).softmax(-1)), (4, 4)),
    "log softmax": (lambda: nn.LogSoftmax(dim=-1), (3, 5)),
    "hardtanh": (lambda: nn.Hardtanh(-0.5, 0.25), (9,)),
    "relu6": (lambda: nn.ReLU6(), (9,)),
    "clamp": (lambda: Function(lambda x: x.clamp(min=-0.3)), (9,)),
    "max pool": (lambda: nn.MaxPool2d(2), (2, 4, 4)),
    "max pool padded": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (2, 5, 4)),
    "max pool over the end": (lambda: nn.MaxPool2d(2, stride=2, ceil_mode=True), (1, 5, 5)),
    "max pool 1d dilated": (lambda: nn.MaxPool1d(2, stride=1, dilation=2), (2, 6)),
    "average pool": (lambda: nn.AvgPool2d(2), (2, 4, 4)),
    "average pool padded": (lambda: nn.AvgPool2d(3, stride=2, padding=1), (2, 5, 4)),
    "average pool without padding": (lambda: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), (1, 5, 5)),
    "average pool over the end": (lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (1, 6, 6)),
    "average pool with divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), (1, 4, 4)),
    "average pool 1d": (lambda: nn.AvgPool1d(3, stride=1, padding=1), (2, 6)),
    "adaptive average pool": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (2, 5, 4)),
    "adaptive average pool 1d": (lambda: nn.AdaptiveAvgPool1d(3), (2, 7)),
    "global average pool": (lambda: nn.AdaptiveAvgPool2d(1), (2, 5, 4)),
    "adaptive max pool": (lambda: nn.AdaptiveMaxPool2d((2, 3)), (2, 5, 4)),
    "flatten": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), (3, 4)),
    "permute and reshape": (lambda: Function(lambda x: x.permute(0, 3, 1, 2).reshape(1, 4, -1)), (2, 3, 4)),
    "slices": (lambda: Function(lambda x: torch.cat([x[:, ::2, 1:], x[:, :2, :-1]], 2)), (4, 3)),
    "select and stack": (lambda: Function(lambda x: torch.stack([x[:, 1], x[:, 0]], 1)), (2, 3)),
    "chunks": (lambda: Function(lambda x: (lambda a, b: a * b.sigmoid())(*x.chunk(2, -1))), (3, 4)),
    "split, squeeze, expand": (lambda: Function(lambda x: x.split([1, 3], 1)[0].expand(1, 3, 2) + x.split([1, 3], 1)[1]), (4, 2)),
    "padding": (lambda: Function(lambda x: F.pad(x, (1, 2, 0, 1))), (3, 4)),
    "padding by 2": (lambda: Function(lambda x: F.pad(x, (1, 2), value=2.0)), (3, 4)),
    "mirrored": (lambda: nn.ReflectionPad1d(2), (3, 4)),
    "indices": (lambda: Function(lambda x: x[:, torch.tensor([2, 0, 2])].flip(1).roll(1, 2)), (3, 4)),
    "joined with whole numbers": (lambda: Function(lambda x: torch.cat([x, torch.arange(5, 8)[None]], 1)), (4,)),
    "repeated": (lambda: Function(lambda x: x.repeat_interleave(2, 1).tile(1, 2) + x.repeat(1, 4)), (3,)),
    "triangle": (lambda: Function(lambda x: x.tril() + x.triu(1).mT), (3, 3)),
    "mask moved before softmax": (lambda: Function(lambda x: x.masked_fill(~BAND, -math.inf).mT.softmax(1) @ x), (5, 5)),
    "masks added": (lambda: Function(lambda x: ((x + CAUSAL.double()) * 0.5 + WEIGHTED.double() + 1.0).softmax(-1)), (5, 5)),
    "in place": (lambda: Function(lambda x: x.clone().mul_(2).add_(x)), (4,)),
    "numbers": (lambda: Function(lambda x: (3 - x) * 0.7 / 3 + (-x).abs() - torch.add(x, x, alpha=0.1)), (4,)),
    "quotient": (lambda: Function(lambda x: 1 / (2 + x.square().sum(-1, keepdim=True)) * x / (1 + x.abs())), (3, 4)),
    "functions": (lambda: Function(lambda x: (x.exp() + 1).log() * (x**2 + 1).sqrt() + torch.erf(x) * (x * x + 1).rsqrt() + x**3), (4,)),
    "means": (lambda: Function(lambda x: x.mean((1, 3)) + x.sum(-1).amax(1)), (2, 3, 4)),
    "mean of all": (lambda: Function(lambda x: x.mean().reshape(1, 1) * x), (4,)),
    "larger and smaller": (lambda: Function(lambda x: torch.maximum(x, -x * 0.5) + torch.minimum(x, x * 0.5)), (5,)),
    "maxima": (lambda: Function(lambda x: x.max(-1).values * x.max()), (3, 4)),
    "nearest": (lambda: nn.Upsample(scale_factor=2), (2, 3, 2)),
    "number of a parameter": (lambda: Function(lambda x, w: x * w.item(), w=torch.tensor(0.7)), (3,)),
    "without gradients": (lambda: WithoutGradients(), (3,)),
    "choice": (lambda: Function(lambda x: torch.where(BAND, x, 2 * x)), (5, 5)),
    "positions": (lambda: Function(lambda x: x + torch.arange(4) * 0.5), (3, 4)),
    "attention": (lambda: Function(lambda x: F.scaled_dot_product_attention(x, 2 * x, x - 1)), (2, 5, 3)),
    "causal attention": (lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True)), (2, 5, 3)),
    "scaled attention": (lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x, scale=0.3)), (5, 3)),
    "attention of heads in groups": (
        lambda: Function(lambda x: F.scaled_dot_product_attention(x, x[:, :2], 2 * x[:, 2:], enable_gqa=True)),
        (4, 5, 3),
    ),
    "causal attention to more": (lambda: Function(lambda x: F.scaled_dot_product_attention(x[:, :3], x, x, is_causal=True)), (5, 3)),
    "attention in a band": (lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=BAND)), (2, 5, 3)),
    "attention with numbers": (lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=WEIGHTED.double())), (5, 3)),
    "multi-head attention": (lambda: Attention(), (5, 8)),
    "multi-head attention, slow": (lambda: Attention(weights=True), (5, 8)),
    "multi-head attention, causal": (lambda: Attention(CAUSAL.double()), (5, 8)),
    "multi-head attention, causal, slow": (lambda: Attention(CAUSAL.double(), True), (5, 8)),
    "encoder layer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (5, 8)),
    "encoder layer, norm first": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True), (5, 8)),
    "dropout": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.Identity()), (4,)),
    "residual": (lambda: Residual(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), (4,)),
}


@pytest.mark.parametrize("label", LAYERS)
def test_a_layer_computes_what_pytorch_computes(label: str) -> None:
    make, shape = LAYERS[label]
    torch.manual_seed(1)
    module = randomised(make())
    network = read(module, *shape)
    assert network.input.shape == shape
    assert difference(module, network, shape) < 1e-12


def test_a_wrong_weight_is_noticed() -> None:
    module = randomised(nn.Linear(5, 3))
    network = read(module, 5)
    with torch.no_grad():
        module.weight[1, 2] += 1e-9
    assert difference(module, network, (5,)) > 1e-12


def random_stage(draw: random.Random, width: int) -> nn.Module:
    """A module from (length, width) to the same shape."""
    return draw.choice(
        [
            lambda: nn.Linear(width, width),
            lambda: Residual(random_stage(draw, width)),
            lambda: nn.Sequential(nn.LayerNorm(width), nn.Dropout(), random_stage(draw, width)),
            lambda: nn.Sequential(nn.RMSNorm(width, eps=1e-6), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)),
            lambda: draw.choice([nn.GELU, nn.Tanh, nn.LeakyReLU, nn.Sigmoid, nn.Softplus])(),
            lambda: Function(lambda x: F.scaled_dot_product_attention(x, x.flip(1), x, is_causal=True)),
            lambda: Function(lambda x: torch.cat([x[..., 1:], x[..., :1] * 0.5], -1)),
            lambda: Function(lambda x: F.avg_pool1d(x, 3, stride=1, padding=1, count_include_pad=False) - x.softmax(1)),
            lambda: Function(lambda x: (x - x.mean(-1, keepdim=True)) / (x.abs().amax(-1, keepdim=True) + 1)),
        ]
    )()


@pytest.mark.parametrize("seed", range(30))
def test_random_compositions_compute_what_pytorch_computes(seed: int) -> None:
    draw = random.Random(seed)
    length, width = draw.randint(2, 4), draw.choice([2, 4])
    module = randomised(nn.Sequential(*(random_stage(draw, width) for _ in range(draw.randint(2, 5)))), seed)
    network = read(module, length, width)
    assert difference(module, network, (length, width), seed) < 1e-12
