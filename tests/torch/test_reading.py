"""Reading PyTorch modules: every layer computes what PyTorch computes in float64, and nodes know their layers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from suffice.encodings.networks.evaluate import run_float64  # noqa: E402
from suffice.encodings.networks.graph import Network, TensorOp  # noqa: E402
from suffice.encodings.readers.torch_models import Call, read_module, register  # noqa: E402
from suffice.encodings.readers.torch_models.calls import REGISTERED  # noqa: E402
from suffice.errors import InputError  # noqa: E402


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any], **parameters: torch.Tensor) -> None:
        super().__init__()
        self.function = function
        for name, value in parameters.items():
            self.register_buffer(name, value)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x, **dict(self.named_buffers()))


class Attention(nn.Module):
    """nn.MultiheadAttention of a sequence to itself."""

    def __init__(self, mask: torch.Tensor | None = None, weights: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mask, self.weights = mask, weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=self.weights, attn_mask=self.mask)[0]


class WithoutGradients(nn.Module):
    """Buffers that are not saved, a tensor that is no buffer, and a stretch without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor([0.5, 2.0, 3.0]), persistent=False)
        self.shift = torch.tensor([1.0, 2.0, 4.0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            scaled = x * self.scale
        return scaled + self.shift.to(x.dtype)


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Float64 parameters and statistics drawn anew, so that no gain is 1 and no shift 0 by chance."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double().eval()
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_floating_point() and not isinstance(module, Function):
            drawn = torch.randn(value.shape, generator=generator, dtype=torch.float64) / 2
            value.data.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return module


def outputs(module: nn.Module, x: torch.Tensor) -> np.ndarray:
    """What PyTorch computes, sample by sample where the module wants one sample."""
    with torch.no_grad():
        return np.stack([np.atleast_1d(module(sample[None].clone())[0].numpy()) for sample in x])


def difference(module: nn.Module, network: Network, shape: tuple[int, ...], seed: int = 0) -> float:
    """The largest difference between network and module at random inputs, relative to outputs above 1."""
    x = torch.randn((3, *shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    wanted = outputs(module, x)
    found = run_float64(network, x.numpy())
    assert found.shape == wanted.shape
    return float((np.abs(found - wanted) / np.maximum(1, np.abs(wanted))).max())


def read(module: nn.Module, *shape: int, **options: Any) -> Network:
    """Read with one zero sample."""
    return read_module(module, torch.zeros((1, *shape), dtype=torch.float64), **options)


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


@pytest.mark.parametrize("name", ["mlp_relu", "mlp_gelu", "mlp_tanh", "cnn", "transformer", "transformer_packed"])
def test_the_examples_are_read(name: str) -> None:
    from examples import digits_models

    module = getattr(digits_models, name)()
    shape = digits_models.INPUT_SHAPES[name.removesuffix("_packed")]
    network = read_module(module, torch.zeros(1, *shape))
    assert difference(module.double(), network, shape) < 1e-12


def test_the_front_end_of_silero_is_read() -> None:
    from examples import silero

    module = silero.front_end()
    network = read_module(module, torch.zeros(1, silero.SAMPLES))
    assert difference(module.double(), network, (silero.SAMPLES,)) < 1e-11


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_parameters_are_read_exactly(dtype: torch.dtype) -> None:
    module = nn.Sequential(nn.Linear(5, 3), nn.LayerNorm(3)).to(dtype)
    with torch.no_grad():
        module[1].weight.copy_(torch.tensor([0.1, 1 / 3, 7e-5]))
    network = read_module(module, torch.zeros(1, 5))
    linear = next(node for node in network.nodes if node.op is TensorOp.LINEAR)
    gain = next(node for node in network.nodes if node.parameter == "1.weight")
    assert linear.weight is not None and linear.bias is not None and gain.value is not None
    for found, given in ((linear.weight, module[0].weight), (linear.bias, module[0].bias), (gain.value, module[1].weight)):
        assert found.ravel().tolist() == given.detach().ravel().tolist()  # Python floats: no rounding on the way
    assert module[0].weight.dtype is dtype


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_eps_that_rms_norm_takes_by_itself(dtype: torch.dtype) -> None:
    """It depends on the type; at 2^-9 the wrong one would show."""
    module = nn.RMSNorm(4).to(dtype)
    x = torch.full((1, 4), 2.0**-9, dtype=dtype)
    with torch.no_grad():
        wanted = module(x)[0].double().numpy()
    found = run_float64(read_module(module, x), x[0].double().numpy())
    assert np.abs(found - wanted).max() < torch.finfo(dtype).eps


def computing(network: Network) -> list[tuple[str, str, bool]]:
    """Layer, operation and `stored` of every node that computes."""
    silent = (TensorOp.INPUT, TensorOp.CONSTANT, TensorOp.GATHER)
    return [(node.layer, node.op.value, node.stored) for node in network.nodes if node.op not in silent]


def test_layers_are_module_paths_and_results_of_calls_are_stored() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.ModuleDict({"first": nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.ReLU())})
            self.norm = nn.LayerNorm(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.norm(self.body["first"](x).transpose(1, 2).flatten(1).unflatten(1, (2, 4))) * 0.5

    assert computing(read(Model().double(), 1, 6)) == [
        ("body.first.0", "linear", True),
        *[("body.first.1", op, False) for op in ("add", "sqrt", "divide", "multiply", "multiply", "subtract", "multiply")],
        ("body.first.1", "add", True),
        ("body.first.2", "relu", True),
        ("norm", "layer_norm", False),
        ("norm", "multiply", False),
        ("norm", "add", True),
        ("", "multiply", True),
    ]


def test_inside_attention_nothing_is_stored() -> None:
    stored = [(op, stored) for layer, op, stored in computing(read(Attention().double(), 5, 8)) if layer == "attention"]
    expected = [("linear", True), ("matmul", False), ("multiply", False), ("softmax", False), ("matmul", True), ("linear", True)]
    assert stored == expected
    causal = computing(read(Function(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True)), 3, 2))
    assert [stored for _, op, stored in causal if op == "softmax"] == [False] * 3
    own = computing(read(Function(lambda x: x.masked_fill(torch.ones(3, 3).triu(1) > 0, -math.inf).softmax(-1)), 3, 3))
    assert [stored for _, op, stored in own if op == "softmax"] == [True] * 3


def test_movements_are_merged_and_never_stored() -> None:
    network = read(Function(lambda x: x.transpose(1, 2).reshape(1, 2, 6).flip(1)[:, :, 1:].contiguous() * 2), 3, 4)
    assert [node.op for node in network.nodes].count(TensorOp.GATHER) == 2  # the movement, and the 2 repeated
    assert not any(node.stored for node in network.nodes if node.op is TensorOp.GATHER)


def test_parameters_have_names_and_numbers_in_the_text_have_none() -> None:
    network = read(nn.Sequential(nn.BatchNorm1d(3), Function(lambda x: x * 0.3)).double(), 3)
    names = [node.parameter for node in network.nodes if node.op is TensorOp.CONSTANT]
    assert sorted(filter(None, names)) == ["0.bias", "0.running_mean", "0.running_var", "0.weight"]
    assert names.count("") == 3  # eps, the 1 above the root, 0.3


class Tokens(nn.Module):
    """Embedding of tokens and of positions, then a linear map."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(11, 4), nn.Embedding(6, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])))


def test_token_ids_are_part_of_the_network() -> None:
    module, ids = Tokens().double(), torch.tensor([[3, 1, 4, 1, 5]])
    network = read_module(module, ids)
    assert network.input.shape == (1,)
    assert not any(0 in node.operands for node in network.nodes)
    with torch.no_grad():
        wanted = module(ids)[0].numpy()
    assert np.abs(run_float64(network, np.zeros(1)) - wanted).max() < 1e-12
    assert {node.parameter for node in network.nodes if node.op is TensorOp.CONSTANT} == {"tokens.weight", "positions.weight"}


def test_embeddings_can_be_the_input() -> None:
    module, ids = Tokens().double(), torch.tensor([[3, 1, 4, 1, 5]])
    network = read_module(module, ids, from_embeddings=True)
    assert network.input.shape == (5, 4)
    with torch.no_grad():
        wanted, rows = module(ids)[0].numpy(), module.tokens(ids)[0].numpy()
    assert np.abs(run_float64(network, rows) - wanted).max() < 1e-12
    with pytest.raises(InputError, match="no embedding reads the input"):
        read(nn.Linear(3, 2).double(), 3, from_embeddings=True)


def test_the_module_comes_back_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.BatchNorm1d(3)).train()
    module[2].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    read_module(module, torch.zeros(1, 3))
    assert [part.training for part in module.modules()] == [True, True, True, False]
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_other_shapes_of_examples() -> None:
    module = nn.Linear(3, 2).double()
    assert read_module(module, torch.zeros(3)).input.shape == (3,)
    assert read_module(module, torch.zeros(4, 3), batched=False).input.shape == (4, 3)
    network = read(Function(lambda x: (x.sin() if x.shape[0] > 1 else x.sum(), x * 2)), 3, output=1)
    assert run_float64(network, np.array([1.0, 2.0, 3.0])).tolist() == [2.0, 4.0, 6.0]


def test_torch_fx_helps_where_export_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tried = torch.export.export, []

    def fails_first(module: nn.Module, *arguments: Any, **options: Any) -> Any:
        tried.append(isinstance(module, torch.fx.GraphModule))
        if len(tried) == 1:
            raise RuntimeError("not today")
        return real(module, *arguments, **options)

    monkeypatch.setattr(torch.export, "export", fails_first)
    module = randomised(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    network = read(module, 3)
    assert tried == [False, True]
    assert [layer for layer, _, _ in computing(network)] == ["0", "1"]
    assert difference(module, network, (3,)) < 1e-12


class Counting(nn.Module):
    """Remembers how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return x * self.calls


class Branching(nn.Module):
    """Asks what the input is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum() > 0 else x


ERRORS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], str]] = {
    "no rule": (
        lambda: nn.Sequential(nn.Linear(3, 3), nn.ModuleList([nn.ELU()])[0]),
        (3,),
        r"^module 1: aten\.elu\.default has no rule; .*suffice\.torch\.register\('aten\.elu', rule\)$",
    ),
    "branch": (Branching, (3,), r"^Branching: torch\.export cannot trace it: .*; make its control flow independent of the input"),
    "state": (Counting, (3,), "changes a buffer when it is called"),
    "wrong example": (lambda: nn.Linear(3, 2), (4,), "cannot trace it: RuntimeError: .*check that the example fits"),
    "several outputs": (lambda: Function(lambda x: (x, x + 1)), (3,), "returns 2 tensors; say which: output=0"),
    "condition": (lambda: Function(lambda x: torch.where(x > 0, x, 1 - x)), (3,), r"aten\.gt\.Scalar has no rule"),
    "dropout": (lambda: Function(lambda x: F.dropout(x, 0.5, training=True)), (3,), "dropout is random"),
    "random": (lambda: Function(lambda x: x + torch.randint(5, (3,))), (3,), "a random number"),
    "power": (lambda: Function(lambda x: x**7), (3,), "the power 7; write it"),
    "threshold": (lambda: nn.Softplus(threshold=1), (3,), r"the threshold 1.* changes the function"),
    "rounding": (lambda: Function(lambda x: torch.div(x, 2, rounding_mode="floor")), (3,), "rounded to an integer"),
    "integers": (lambda: Function(lambda x: x.to(torch.int64)), (3,), "is cast to torch.int64"),
    "empty row": (lambda: Function(lambda x: x.masked_fill(torch.ones(2) > 0, -math.inf).softmax(-1)), (2,), "a row has no entry left"),
    "infinite output": (lambda: Function(lambda x: x.masked_fill(torch.ones(2) > 0, -math.inf)), (2,), "the output holds -infinity"),
    "infinity elsewhere": (
        lambda: Function(lambda x: x.masked_fill(torch.tensor([True, False]), -math.inf).exp()),
        (2,),
        "-infinity, which only a softmax may read",
    ),
    "infinity padded": (
        lambda: Function(lambda x: F.pad(x.masked_fill(torch.tensor([True, False]), -math.inf), (0, 1)).softmax(-1)),
        (2,),
        "with -infinities is joined or padded",
    ),
    "infinity joined": (
        lambda: Function(lambda x: torch.cat([x, x.masked_fill(torch.tensor([True, False]), -math.inf)], 1).softmax(-1)),
        (2,),
        "with -infinities is joined or padded",
    ),
    "bits": (lambda: Function(lambda x: x.view(torch.float32)), (2,), "the bits of a tensor are read as another type"),
    "batch statistics": (lambda: nn.BatchNorm1d(3, track_running_stats=False), (3, 2), "by the batch itself; use track_running_stats"),
    "rounded constants": (lambda: Function(lambda x, w: x * torch.sin(w), w=torch.ones(3)), (3,), r"aten\.sin\.default has no rule"),
    "einsum": (lambda: Function(lambda x: torch.einsum("bi,bj,bk->bijk", x, x, x)), (3,), r"the equation 'bi,bj,bk->bijk'"),
}


@pytest.mark.parametrize("label", ERRORS)
def test_what_cannot_be_read_is_said_in_one_line(label: str) -> None:
    make, shape, message = ERRORS[label]
    with pytest.raises(InputError, match=message) as caught:
        read(make().double(), *shape)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(number: float) -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)).double()
    for parameter, name in ((module[0].weight, "0.weight"), (module[1].bias, "1.bias")):
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.view(-1)[0] = number
        with pytest.raises(InputError, match=rf"{name}.*not finite"):
            read(module, 3)
        with torch.no_grad():
            parameter.copy_(kept)


def test_examples_that_are_none_are_refused() -> None:
    module = nn.Linear(3, 2)
    with pytest.raises(InputError, match="the example holds 4 samples; give one: example"):
        read_module(module, torch.zeros(4, 3))
    with pytest.raises(InputError, match="the input holds integers that no embedding reads"):
        read_module(Function(lambda x: x * 1.5), torch.zeros(1, 3, dtype=torch.int64))
    with pytest.raises(InputError, match="no tensor of real numbers"):
        read_module(module, [1.0, 2.0, 3.0])  # type: ignore[arg-type]


def test_what_is_no_module_or_has_no_weights_is_refused() -> None:
    with pytest.raises(InputError, match=r"a function is no torch\.nn\.Module; give the module itself"):
        read_module(computing, torch.zeros(1, 3))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"Linear: weight has no values \(device meta\); load the weights first"):
        read_module(nn.Linear(3, 2).to("meta"), torch.zeros(1, 3))


def test_a_compiled_module_is_read_as_what_it_wraps() -> None:
    network = read_module(torch.compile(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), backend="eager"), torch.zeros(1, 3))
    assert network.layers == ("0", "1")
    assert network.name == "Sequential"


def test_rules_can_be_registered() -> None:
    def elu(call: Call) -> Any:
        b, x = call.builder, call.tensor("self")
        positive = b.unary(TensorOp.RELU, x)
        below = b.unary(TensorOp.EXP, b.binary(TensorOp.SUBTRACT, x, positive))
        return b.binary(TensorOp.ADD, positive, b.binary(TensorOp.SUBTRACT, below, b.constant(1.0)))

    module = randomised(nn.Sequential(nn.Linear(3, 3), nn.ELU()))
    try:
        register("aten.elu", elu)
        network = read(module, 3)
    finally:
        REGISTERED.pop("aten.elu", None)
    assert difference(module, network, (3,)) < 1e-12
    assert computing(network)[-1] == ("1", "add", True)
    with pytest.raises(InputError, match="does not name an operator"):
        register("elu", elu)
