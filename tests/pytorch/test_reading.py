"""Reading PyTorch modules: examples, layers and what is stored, weights, token ids, errors, rules of users."""

from __future__ import annotations

import math
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
from tests.pytorch.modules import Attention, Function, difference, randomised, read  # noqa: E402


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


class Remembering(nn.Module):
    """Keeps its first input."""

    def __init__(self) -> None:
        super().__init__()
        self.first: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.first is None:
            self.first = x * 2
        return x + self.first


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
    "memory": (Remembering, (3,), r"calling it assigns a tensor to self\.first"),
    "wrong example": (lambda: nn.Linear(3, 2), (4,), "cannot trace it: RuntimeError: .*check that the example fits"),
    "several outputs": (lambda: Function(lambda x: (x, x + 1)), (3,), "returns 2 tensors; say which: output=0"),
    "condition": (lambda: Function(lambda x: torch.where(x > 0, x, 1 - x)), (3,), r"aten\.gt\.Scalar has no rule"),
    "dropout": (lambda: Function(lambda x: F.dropout(x, 0.5, training=True)), (3,), "dropout is random"),
    "random": (lambda: Function(lambda x: x + torch.randint(5, (3,))), (3,), "a random number"),
    "power": (lambda: Function(lambda x: x**7), (3,), "the power 7; write it"),
    "threshold": (lambda: nn.Softplus(threshold=1), (3,), r"the threshold 1.* changes the function"),
    "rounding": (lambda: Function(lambda x: torch.div(x, 2, rounding_mode="floor")), (3,), "rounded to an integer"),
    "integers": (lambda: Function(lambda x: x.to(torch.int64)), (3,), "is cast to torch.int64"),
    "integers by an example": (lambda: Function(lambda x: x.type_as(torch.arange(3))), (3,), "is cast to torch.int64"),
    "sum of integers": (lambda: Function(lambda x: x.sum(-1, dtype=torch.int64) + x), (3,), "becomes torch.int64"),
    "sum of truths": (lambda: Function(lambda x, w: x + (w * 3).sum(-1, dtype=torch.bool), w=torch.ones(3)), (3,), "becomes torch.bool"),
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
