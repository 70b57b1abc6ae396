"""Read a PyTorch module as a network: torch.export lists the calls of operators that the module makes, rules say what each of them adds."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suffice.encodings.networks.batches import without_batch
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.torch_models import arithmetic, blocks, products
from suffice.encodings.readers.torch_models.calls import REGISTERED, RULES, Call, Known, Rule, exact_array, place
from suffice.encodings.readers.torch_models.constants import fold
from suffice.errors import InputError, SufficeError

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.fx import GraphModule, Node

TABLES = (arithmetic, blocks, products)
"""Modules whose rules stand in RULES once they are imported."""

IGNORED = frozenset({"aten._assert_tensor_metadata.default", "aten._assert_async.msg", "aten._assert_scalar.default", "aten.sym_size.int"})
"""Checks that add nothing."""


def read_module(
    module: torch.nn.Module,
    example: torch.Tensor,
    *,
    name: str | None = None,
    batched: bool = True,
    output: int | None = None,
    from_embeddings: bool = False,
) -> Network:
    """The function that a module computes in evaluation, as a network whose nodes carry the module paths.

    `example` is one input; only its shape and type count, unless it holds token ids. `batched`: its first axis counts samples and has
    length 1; the network's input and output do not have it. `output` picks one of several outputs. Parameters are read exactly
    (float64, float32, bf16, fp16). The module comes back as it was.

    Token ids (an integer `example`) are part of the network, not its input: the looked-up rows are constants, and the input is one
    number that nothing uses. With `from_embeddings` the rows looked up first are the input instead.

    Raises InputError, with the module path, where something cannot be read; `register` adds rules.
    """
    _check(module, example, batched)
    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    with _evaluating(module):
        program = _exported(module, _in_type_of(module, example))
    walk = _Walk(program, NetworkBuilder(name or type(module).__name__), from_embeddings, output)
    network = walk.read()
    return without_batch(network) if batched else network


def _check(module: torch.nn.Module, example: torch.Tensor, batched: bool) -> None:
    import torch

    if not isinstance(module, torch.nn.Module):
        raise InputError(f"a {type(module).__name__} is no torch.nn.Module", mend="give the module itself, or wrap the function in one")
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.is_meta:
            raise InputError(f"{name} has no values (device meta)", where=type(module).__name__, mend="load the weights first")
    if not isinstance(example, torch.Tensor) or example.is_complex() or example.numel() == 0:
        raise InputError("the example is no tensor of real numbers or token ids", mend="give one input as a torch.Tensor")
    if batched and example.ndim > 1 and example.shape[0] != 1:
        raise InputError(
            f"the example holds {example.shape[0]} samples", mend="give one: example[:1], or batched=False where the first axis is no batch"
        )


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode, without gradients and without fused attention; everything is set back afterwards."""
    import torch

    modes = [(part, part.training) for part in module.modules()]
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        module.train(False)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for part, training in modes:
            part.training = training


def _in_type_of(module: torch.nn.Module, example: torch.Tensor) -> torch.Tensor:
    """The example in the floating type of the module's parameters."""
    types = {parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()}
    device = next((parameter.device for parameter in module.parameters()), example.device)
    example = example.detach().to(device)
    return example.to(types.pop()) if len(types) == 1 and example.is_floating_point() else example


def _exported(module: torch.nn.Module, example: torch.Tensor) -> ExportedProgram:
    """The calls by torch.export; of the module that torch.fx traces where the module itself cannot be exported."""
    import torch

    def export(traced: torch.nn.Module) -> ExportedProgram:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            program = torch.export.export(traced, (example,), strict=False)
        _demand_no_memory(traced, [str(warning.message) for warning in told])
        return program.run_decompositions({}) if any(_writes(node) for node in program.graph.nodes) else program

    try:
        return export(module)
    except InputError:
        raise
    except Exception as first:  # torch.export raises errors of many kinds
        try:
            return export(torch.fx.symbolic_trace(module))
        except Exception:
            reason = " ".join(str(first).split("\n\n")[0].split())[:300]
            raise InputError(
                f"torch.export cannot trace it: {type(first).__name__}: {reason}",
                where=type(module).__name__,
                mend="make its control flow independent of the input, and check that the example fits",
            ) from first


def _demand_no_memory(module: torch.nn.Module, told: list[str]) -> None:
    """Raise InputError where calling the module assigns tensors to its attributes: the next call might find them there."""
    for text in told:
        if "assigned during export" in text:
            name = next((word for word in text.split() if word.startswith("self.")), "an attribute")
            raise InputError(
                f"calling it assigns a tensor to {name}", where=type(module).__name__, mend="assign it outside of forward"
            )


def _writes(node: Node) -> bool:
    """Whether a call may write into an operand; decomposing rewrites such calls."""
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and node.target is not operator.getitem and (schema is None or bool(schema.is_mutable))


@dataclass(slots=True, eq=False)
class _Walk:
    """Goes through the calls in order and keeps what each of them returned."""

    program: ExportedProgram
    builder: NetworkBuilder
    from_embeddings: bool
    wanted: int | None

    def read(self) -> Network:
        """The network."""
        import torch

        graph = self.program.graph_module
        given = [node for node in graph.graph.nodes if node.op == "placeholder" and node.name in self.program.graph_signature.user_inputs]
        if len(given) != 1:
            raise InputError(f"the module takes {len(given)} tensors", where=self.builder.name, mend="wrap it in one that takes one")
        example = given[0].meta["val"]
        ids = not example.is_floating_point()
        looked_up = _first_lookup(graph, given[0])
        if (ids or self.from_embeddings) and (looked_up is None or not ids):
            raise InputError(
                "the input holds integers that no embedding reads" if ids else "no embedding reads the input",
                where=self.builder.name,
                mend="give a floating example" if ids else "leave out from_embeddings",
            )
        shape = looked_up.meta["val"].shape if self.from_embeddings and looked_up is not None else (1,) if ids else example.shape
        entry = self.builder.input(tuple(shape))
        values: dict[Node, Any] = {given[0]: _ids(self.program) if ids else entry}
        if self.from_embeddings and looked_up is not None:
            values[looked_up] = entry
        result: Any = None
        for node in graph.graph.nodes:
            if node in values:
                continue
            if node.op == "placeholder":
                values[node] = self._stored_tensor(node.name)
            elif node.op == "get_attr":
                attribute = operator.attrgetter(node.target)(graph)
                values[node] = Known(attribute, node.target) if isinstance(attribute, torch.Tensor) else attribute
            elif node.op == "call_function":
                values[node] = self._call(node, values)
            elif node.op == "output":
                result = torch.fx.node.map_arg(node.args[0], lambda n: values[n])
        return self.builder.finish(self._one(result), description=f"read from {self.builder.name}")

    def _stored_tensor(self, name: str) -> Known:
        """A parameter, a buffer or a constant, by the name of its placeholder."""
        signature = self.program.graph_signature
        for table in (signature.inputs_to_parameters, signature.inputs_to_buffers, signature.inputs_to_lifted_tensor_constants):
            if name in table:
                target = table[name]
                stored = self.program.state_dict.get(target)
                return Known((self.program.constants[target] if stored is None else stored).detach().cpu(), target)
        raise InputError(f"the placeholder {name} is not a tensor", where=self.builder.name)

    def _call(self, node: Node, values: dict[Node, Any]) -> Any:
        """What one call returns; its result is marked as stored, for eager PyTorch writes it to memory."""
        import torch

        arguments, named = torch.fx.node.map_arg((tuple(node.args), dict(node.kwargs)), lambda n: values[n])
        if node.target is operator.getitem:
            return arguments[0][arguments[1]]
        self.builder.layer = layer = _layer(node)
        name = str(node.target)
        if name in IGNORED:
            return None
        call = Call(
            operator=name,
            layer=layer,
            builder=self.builder,
            arguments=_by_name(node.target, arguments, named),
            target=node.target,
            dtype=_dtype(node, named),
            flat=(arguments, named),
        )
        before = len(self.builder)
        result = _apply(call)
        for part in result if isinstance(result, tuple) else (result,):
            if isinstance(part, Tensor | Masked):
                if call.dtype is not None and not call.dtype.is_floating_point:
                    raise call.error(f"what depends on the input, or is rounded, becomes {call.dtype}")
                self.builder.store(part if isinstance(part, Tensor) else part.tensor, since=before)
        return result

    def _one(self, result: Any) -> Tensor:
        """The output. A module that changes its buffers is no function of its input alone, and refused."""
        kinds = [spec.kind.name for spec in self.program.graph_signature.output_specs]
        if "BUFFER_MUTATION" in kinds:
            raise InputError("the module changes a buffer when it is called", where=self.builder.name, mend="change it outside of forward")
        outputs = [part for part, kind in zip(result, kinds, strict=True) if part is not None and kind == "USER_OUTPUT"]
        if self.wanted is not None and -len(outputs) <= self.wanted < len(outputs):
            outputs = [outputs[self.wanted]]
        if len(outputs) != 1:
            raise InputError(f"the module returns {len(outputs)} tensors", where=self.builder.name, mend="say which: output=0")
        (found,) = outputs
        if isinstance(found, Masked):
            raise InputError("the output holds -infinity", where=self.builder.name)
        return found if isinstance(found, Tensor) else self.builder.constant(exact_array(found, self.builder.name), found.name)


def _apply(call: Call) -> Any:
    """The rule of a call, or its known result."""
    packet = call.operator.rpartition(".")[0]
    found: Rule | None = REGISTERED.get(call.operator) or REGISTERED.get(packet)
    try:
        if found is None and (known := fold(call)) is not None:
            return known
        found = found or RULES.get(call.operator) or RULES.get(packet)
        if found is None:
            raise InputError(
                f"{call.operator} has no rule", where=place(call.layer), mend=f"give one: suffice.torch.register({packet!r}, rule)"
            )
        return found(call)
    except SufficeError as error:
        if error.where.startswith(place(call.layer)):
            raise
        raise InputError(f"{call.operator}: {error}", where=place(call.layer)) from None
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise call.error(f"its arguments do not fit the rule: {type(error).__name__}: {reason}") from error


def _first_lookup(graph: GraphModule, given: Node) -> Node | None:
    """The first embedding that reads the input itself."""
    return next((n for n in graph.graph.nodes if str(n.target).startswith("aten.embedding.") and n.args[1] is given), None)


def _ids(program: ExportedProgram) -> Known:
    """The token ids of the example."""
    (arguments, _) = program.example_inputs
    return Known(arguments[0].detach().cpu(), "")


def _layer(node: Node) -> str:
    """The path of the innermost module that a call happens in."""
    stack = node.meta.get("nn_module_stack") or {}
    path = next(reversed(list(stack.values())), ("",))[0]
    return str(path).removeprefix("L['self']").removeprefix(".")


def _by_name(target: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names in the operator's schema, with its defaults."""
    schema = getattr(target, "_schema", None)
    if schema is None:
        return {**{str(position): value for position, value in enumerate(arguments)}, **named}
    found = dict(zip((argument.name for argument in schema.arguments), arguments, strict=False)) | named
    return {a.name: found.get(a.name, a.default_value if a.has_default_value() else None) for a in schema.arguments}


def _dtype(node: Node, named: dict[str, Any]) -> Any:
    value = node.meta.get("val")
    return named.get("dtype") or getattr(value[0] if isinstance(value, list | tuple) else value, "dtype", None)
