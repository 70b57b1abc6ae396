"""PROBLEM of docs/certificate.md: the expression, the box, the tolerance and the input model."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Box, InputModel, Interval, Problem, Tolerance
from suffice.errors import InputError
from suffice.proofs.jsondata import Json, as_choice, as_integer, as_list, as_number, as_object, as_text, fields, member, number_text


def problem_to_json(problem: Problem) -> Json:
    """PROBLEM of docs/certificate.md. Raises InputError for a problem without a tolerance."""
    if problem.tolerance is None:
        raise InputError("a certificate needs a tolerance", mend="give eps")
    tolerance: Json = {"absolute": number_text(problem.tolerance.absolute), "relative": number_text(problem.tolerance.relative)}
    result: dict[str, Json] = {
        "expression": expression_to_json(problem.expression),
        "box": {name: [number_text(side.lo), number_text(side.hi)] for name, side in problem.box.items()},
        "tolerance": tolerance,
        "inputs": problem.inputs.value,
    }
    if problem.preconditions:
        result["preconditions"] = [expression_to_json(condition) for condition in problem.preconditions]
    return result


def problem_from_json(value: Json, where: str) -> Problem:
    """Read PROBLEM. Raises InputError."""
    given = [name for name in ("preconditions",) if name in as_object(value, where)]
    expression, box, tolerance, inputs, *conditions = fields(value, where, "expression", "box", "tolerance", "inputs", *given)
    absolute, relative = fields(tolerance, f"{where}.tolerance", "absolute", "relative")
    return Problem(
        expression=expression_from_json(expression, f"{where}.expression"),
        box=_box_from_json(box, f"{where}.box"),
        tolerance=Tolerance(
            absolute=as_number(absolute, f"{where}.tolerance.absolute"),
            relative=as_number(relative, f"{where}.tolerance.relative"),
        ),
        inputs=InputModel(as_choice(inputs, f"{where}.inputs", *InputModel)),
        preconditions=tuple(
            expression_from_json(condition, f"{where}.preconditions[{i}]")
            for i, condition in enumerate(as_list(conditions[0], f"{where}.preconditions") if conditions else ())
        ),
    )


def expression_to_json(expression: Expression) -> Json:
    """The list of NODE, in topological order."""
    return [_node_to_json(node) for node in expression.nodes]


def expression_from_json(value: Json, where: str) -> Expression:
    """Read a list of NODE, each used, none twice. Raises InputError."""
    nodes = tuple(_node_from_json(node, i, f"{where}[{i}]") for i, node in enumerate(as_list(value, where)))
    if not nodes:
        raise InputError("the expression is empty", where=where)
    unused = set(range(len(nodes) - 1)).difference(*(node.args for node in nodes))
    if unused:
        raise InputError("the node is not used", where=f"{where}[{min(unused)}]")
    return Expression(nodes)


def _node_to_json(node: Node) -> Json:
    payload = number_text(node.payload) if isinstance(node.payload, Fraction) else node.payload
    return [node.op.value, *node.args, *([] if payload is None else [payload])]


def _node_from_json(value: Json, position: int, where: str) -> Node:
    name, *rest = as_list(value, where) or [None]
    op = Op(as_choice(name, where, *Op))
    arity = OPERATIONS[op].arity if op in OPERATIONS else 0
    takes_payload = op in (Op.CONST, Op.VAR, Op.POW)
    if len(rest) != arity + takes_payload:
        raise InputError(f"{op} takes {arity + takes_payload} arguments, not {len(rest)}", where=where)
    args = tuple(as_integer(argument, where) for argument in rest[:arity])
    if not all(0 <= argument < position for argument in args):
        raise InputError("an argument is not an earlier node", where=where)
    match op:
        case Op.CONST:
            return Node(op, args, as_number(rest[-1], where))
        case Op.VAR:
            return Node(op, args, as_text(rest[-1], where))
        case Op.POW:
            return Node(op, args, as_integer(rest[-1], where))
        case _:
            return Node(op, args)


def _box_from_json(value: Json, where: str) -> Box:
    return {name: _interval_from_json(ends, member(where, name)) for name, ends in as_object(value, where).items()}


def _interval_from_json(value: Json, where: str) -> Interval:
    ends = [as_number(end, where) for end in as_list(value, where)]
    if len(ends) != 2:
        raise InputError(f"an interval has two ends, not {len(ends)}", where=where)
    return Interval(ends[0], ends[1])
