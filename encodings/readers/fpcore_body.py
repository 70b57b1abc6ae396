"""The body of an FPCore as a DAG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.readers.numbers import looks_like_number, read_number
from suffice.encodings.readers.places import nearest, place, shown
from suffice.encodings.readers.powers import apply_power
from suffice.encodings.readers.sexpressions import Atom, Group, Item
from suffice.encodings.readers.text import check_size
from suffice.errors import InputError

_CONSTANTS = {"PI": Op.PI, "E": Op.E}
_OPERATIONS = {(operation.fpcore, operation.arity): op for op, operation in OPERATIONS.items() if op is not Op.POW} | {
    ("neg", 1): Op.NEG,
}
_NAMES = sorted({name for name, _ in _OPERATIONS} | {"pow", "let", "let*"})


def read_body(text: str, body: Item, inputs: Sequence[str]) -> Expression:
    """The DAG of an FPCore expression in these inputs. Raises InputError that names a construct outside the subset, and its place."""
    reader = _Reader(text)
    reader.scope = {name: [reader.builder.variable(name)] for name in inputs}
    expression = reader.builder.build(reader.read(body))
    check_size(expression)
    return expression


@dataclass(slots=True)
class _Reader:
    """A stack machine: `steps` are still to be done, `values` are positions of terms not yet used.

    `scope` maps names to positions, the innermost last.
    """

    text: str
    builder: ExpressionBuilder = field(default_factory=ExpressionBuilder)
    scope: dict[str, list[int]] = field(default_factory=dict)
    values: list[int] = field(default_factory=list)
    steps: list[Callable[[], None]] = field(default_factory=list)

    def read(self, body: Item) -> int:
        self.steps.append(partial(self._evaluate, body))
        while self.steps:
            self.steps.pop()()
        (value,) = self.values
        return value

    def _evaluate(self, item: Item) -> None:
        if isinstance(item, Atom):
            self.values.append(self._atom(item))
            return
        head = item.items[0] if item.items else None
        if not isinstance(head, Atom) or head.quoted:
            raise InputError("not an operation", where=place(self.text, item.offset), mend="write (OPERATION ARGUMENT ...)")
        args = item.items[1:]
        if head.text in ("let", "let*"):
            self._let(item, args, sequential=head.text == "let*")
        elif head.text == "pow":
            self._power(item, args)
        else:
            self._plan(partial(self._apply, self._operation(head, len(args)), len(args)), args)

    def _plan(self, last: Callable[[], None], args: Sequence[Item]) -> None:
        """Evaluate the arguments from the left, then do the last step."""
        self.steps.append(last)
        self.steps.extend(partial(self._evaluate, arg) for arg in reversed(args))

    def _apply(self, op: Op, arity: int) -> None:
        args = self.values[-arity:]
        del self.values[-arity:]
        self.values.append(self.builder.apply(op, *args))

    def _operation(self, head: Atom, arity: int) -> Op:
        op = _OPERATIONS.get((head.text, arity))
        if op is not None:
            return op
        where = place(self.text, head.offset)
        if head.text in _NAMES:
            raise InputError(f"{head.text} does not take {arity} argument{'s' * (arity != 1)}", where=where)
        mend = nearest(head.text, _NAMES, "rewrite the core without it")
        raise InputError(f"the construct {shown(head.text)} is not supported", where=where, mend=mend)

    def _atom(self, atom: Atom) -> int:
        where = place(self.text, atom.offset)
        if not atom.quoted:
            if self.scope.get(atom.text):
                return self.scope[atom.text][-1]
            if atom.text in _CONSTANTS:
                return self.builder.named(_CONSTANTS[atom.text])
            if looks_like_number(atom.text):
                return self.builder.constant(read_number(atom.text, where=where))
        known = [*(name for name, terms in self.scope.items() if terms), *_CONSTANTS]
        mend = nearest(atom.text, known, "bind it by let, or make it an argument")
        raise InputError(f"unknown name {shown(atom.text)}", where=where, mend=mend)

    def _power(self, item: Group, args: Sequence[Item]) -> None:
        where = place(self.text, item.offset)
        if len(args) != 2:
            raise InputError(f"pow takes 2 arguments, not {len(args)}", where=where)
        exponent = args[1]
        if not isinstance(exponent, Atom) or not looks_like_number(exponent.text):
            raise InputError("an exponent is not a number", where=where, mend="write (exp (* b (log a))) for (pow a b)")
        value = read_number(exponent.text, where=where)
        self._plan(lambda: self.values.append(apply_power(self.builder, self.values.pop(), value, where=where)), args[:1])

    def _let(self, item: Group, args: Sequence[Item], *, sequential: bool) -> None:
        """The bindings of `let` do not see each other; those of `let*` see the earlier ones."""
        where = place(self.text, item.offset)
        if len(args) != 2 or not isinstance(args[0], Group):
            raise InputError("not a let", where=where, mend="write (let ([name value] ...) body)")
        names: list[str] = []
        values: list[Item] = []
        for binding in args[0].items:
            pair = binding.items if isinstance(binding, Group) else ()
            if len(pair) != 2 or not isinstance(pair[0], Atom) or pair[0].quoted:
                raise InputError("not a binding", where=place(self.text, binding.offset), mend="write [name value]")
            names.append(pair[0].text)
            values.append(pair[1])
        if len(set(names)) < len(names) and not sequential:
            raise InputError("a let binds a name twice", where=where, mend="rename one, or write let*")
        self.steps.append(partial(self._unbind, names))
        self.steps.append(partial(self._evaluate, args[1]))
        if sequential:
            for name, value in zip(reversed(names), reversed(values), strict=True):
                self._plan(partial(self._bind, [name]), [value])
        else:
            self._plan(partial(self._bind, names), values)

    def _bind(self, names: Sequence[str]) -> None:
        positions = self.values[len(self.values) - len(names) :]
        del self.values[len(self.values) - len(names) :]
        for name, position in zip(names, positions, strict=True):
            self.scope.setdefault(name, []).append(position)

    def _unbind(self, names: Sequence[str]) -> None:
        for name in names:
            self.scope[name].pop()
