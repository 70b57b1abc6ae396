"""Is every operation defined wherever it is needed? For functions with branches and preconditions.

An operation in the branch of an `if` is needed where the conditions on the way to it hold. Those conditions and the preconditions cut the
ranges of the nodes that they speak of (conditions.cuts_of), so that sqrt(x) under x >= 0 is seen to be defined.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, product

from flint import ctx

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import WORKING_BITS, enclose_at, spans_of_box
from suffice.encodings.enclosures.conditions import EmptyError, implied, nonzero_nodes
from suffice.encodings.enclosures.exact import holds, point_values
from suffice.encodings.enclosures.requirements import MEND, Requirement, naming, refuted, requirements_of, violates
from suffice.encodings.enclosures.spans import Span, UndefinedError
from suffice.encodings.enclosures.tape import Tape, join
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError

BUDGET = 2_000
"""Pieces of the box that are looked at for one operation."""

MOST_CORNERS = 64

Literal = tuple[int, bool]
"""The position of a condition, and whether it is true."""


def check_guarded(expression: Expression, box: Box, preconditions: Sequence[Expression]) -> None:
    """Proves that the value is defined at every point of the box where the preconditions hold.

    Raises DomainError naming the operation and a point at which it is needed and not defined, or saying that neither could be shown.
    """
    if _is_plainly_defined(join([expression], assuming=preconditions), box):
        return
    needed = _needed(expression)
    for position, requirement in requirements_of(expression):
        literals = needed.get(position)
        if literals is not None:
            conditions = [*preconditions, *(_condition(expression, literal) for literal in sorted(literals))]
            _Proof(expression, requirement, conditions, box).run()


def _is_plainly_defined(tape: Tape, box: Box) -> bool:
    with ctx.workprec(WORKING_BITS):
        try:
            tape.evaluate(spans_of_box(box))
        except UndefinedError:
            return False
        except EmptyError:
            return True
    return True


def _needed(expression: Expression) -> dict[int, frozenset[Literal]]:
    """For every node that the value may need: literals that hold wherever it is needed."""
    root = len(expression.nodes) - 1
    needed: dict[int, frozenset[Literal]] = {root: frozenset()}
    for position in range(root, -1, -1):
        node, here = expression.nodes[position], needed.get(position)
        if here is None:
            continue
        for k, argument in enumerate(node.args):
            there = here | _on_the_way(expression.nodes, node, k)
            needed[argument] = needed[argument] & there if argument in needed else there
    return needed


def _on_the_way(nodes: Sequence[Node], node: Node, k: int) -> frozenset[Literal]:
    """What holds of a node's first operand wherever the k-th is needed: the second one of `and` decides only where the first is true."""
    if k == 0 or node.op not in (Op.IF, Op.AND, Op.OR):
        return frozenset()
    return frozenset(implied(nodes, node.args[0], truth=k == 1 if node.op is Op.IF else node.op is Op.AND))


def _condition(expression: Expression, literal: Literal) -> Expression:
    """The literal as an expression of its own."""
    position, holds_there = literal
    algebra = Algebra()
    condition = algebra.include(Expression(expression.nodes[: position + 1]))[-1]
    return algebra.build(condition if holds_there else algebra.apply(Op.NOT, condition))


class _Proof:
    """The proof that one requirement is met wherever conditions hold, by subdivision; every midpoint is tried as a counterexample."""

    def __init__(self, expression: Expression, requirement: Requirement, conditions: Sequence[Expression], box: Box) -> None:
        self._requirement, self._has_conditions = requirement, bool(conditions)
        self._whole = join([expression])
        self._tape = join([requirement.quantity], assuming=conditions)
        self._counting = join(conditions)
        self._box = {name: side for name, side in box.items() if name in expression.variables or self._is_used(name, conditions)}

    @staticmethod
    def _is_used(name: str, conditions: Sequence[Expression]) -> bool:
        return any(name in condition.variables for condition in conditions)

    def run(self) -> None:
        """Raises DomainError."""
        if _follows(self._tape, self._requirement):
            return
        for point in _probes(self._box):
            self._try(point)
        pending = deque([self._box])
        for _ in range(BUDGET):
            if not pending:
                return
            piece = pending.popleft()
            if _is_settled(self._tape, self._requirement, piece):
                continue
            self._try({name: (side.lo + side.hi) / 2 for name, side in piece.items()})
            halves = _halves(piece, self._box)
            if not halves:
                break
            pending.extend(halves)
        where = "where it is needed" if self._has_conditions else "on the whole box"
        raise DomainError(f"{naming(self._requirement)} could not be shown to be defined {where}", mend=MEND)

    def _try(self, point: dict[str, Fraction]) -> None:
        """Raises UndefinedPointError if the point, or one nearby with short coordinates, counts, and the value is not defined at it."""
        for candidate in (point, _simplified(point, self._box)):
            try:
                value = enclose_at(self._requirement.quantity, candidate)
            except DomainError:
                continue
            if violates(self._requirement, value) and self._is_counterexample(candidate):
                raise refuted(self._requirement, candidate)

    def _is_counterexample(self, point: dict[str, Fraction]) -> bool:
        """Whether all conditions surely hold at the point, and the value needs what is not defined there."""
        with ctx.workprec(WORKING_BITS):
            if not holds(self._counting, point):
                return False
            try:
                point_values(self._whole, point)
            except UndefinedError:
                return True
        return False


def _simplified(point: dict[str, Fraction], box: Box) -> dict[str, Fraction]:
    return {name: min(max(value.limit_denominator(64), box[name].lo), box[name].hi) for name, value in point.items()}


def _follows(tape: Tape, requirement: Requirement) -> bool:
    """Whether a condition says what is required, word for word: the strict ones that ranges cannot express."""
    root = tape.roots[0]
    if requirement.either_sign and root in nonzero_nodes(tape.nodes, tape.assumed):
        return True
    return any(
        one.strict and ((one.is_lower and one.bound >= 0) or (not one.is_lower and one.bound <= 0 and requirement.either_sign))
        for one in tape.cuts.get(root, ())
    )


def _is_settled(tape: Tape, requirement: Requirement, box: dict[str, Interval]) -> bool:
    with ctx.workprec(WORKING_BITS):
        try:
            (value,) = tape.evaluate_roots(spans_of_box(box))
        except UndefinedError:
            return False
        except EmptyError:
            return True
    return _satisfies(requirement, value)


def _satisfies(requirement: Requirement, value: Span) -> bool:
    if requirement.either_sign and value[1] < 0:
        return True
    return bool(value[0] > 0 or (value[0] >= 0 and not requirement.strict))


def _probes(box: Box) -> list[dict[str, Fraction]]:
    """Zero and the corners of the box."""
    zero = {name: min(max(Fraction(0), side.lo), side.hi) for name, side in box.items()}
    corners = islice(product(*((side.lo, side.hi) for side in box.values())), MOST_CORNERS)
    return [zero, *(dict(zip(box, corner, strict=True)) for corner in corners)]


def _halves(piece: Box, whole: Box) -> list[Box]:
    """The piece cut in the middle of its side that is widest in proportion to the box; none for a point."""
    sides = {name: side.hi - side.lo for name, side in piece.items() if side.hi > side.lo}
    if not sides:
        return []
    name = max(sides, key=lambda side: sides[side] / (whole[side].hi - whole[side].lo))
    side = piece[name]
    middle = (side.lo + side.hi) / 2
    return [{**piece, name: half} for half in (Interval(side.lo, middle), Interval(middle, side.hi))]
