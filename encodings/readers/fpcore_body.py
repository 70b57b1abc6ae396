"""The terms of an FPCore as nodes of a DAG.

Terms are read without Python's recursion, for files may be nested deeply: each form is a generator that asks for the values of its parts.
Errors without a place get that of the innermost term in which they arise.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.limits import MAX_NODES
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Box
from suffice.encodings.readers.fpcore_contexts import Context, annotated
from suffice.encodings.readers.fpcore_values import (
    COMPARISONS,
    FALSE,
    TRUE,
    Number,
    Value,
    compare,
    conjunction,
    disjunction,
    negation,
    numbers,
    select,
    truths,
)
from suffice.encodings.readers.functions import INSTEAD
from suffice.encodings.readers.numbers import check_digits, looks_like_number, read_number
from suffice.encodings.readers.places import nearest, place, shown
from suffice.encodings.readers.powers import apply_power
from suffice.encodings.readers.sexpressions import Atom, Group, Item
from suffice.errors import InputError
from suffice.hardware_specs.format import EXACT

if TYPE_CHECKING:
    from suffice.encodings.enclosures.growing import GrowingRanges

Steps = Generator[tuple[Item, Context], Value, Value]
"""Yields a term and its context, is sent its value, and returns a value."""

Form = Callable[["Reader", "Call", Context], Steps]

MAX_COUNTER = 1024
"""Integers up to this magnitude are followed where they do not depend on the inputs, so that loops can be counted."""

MAX_TERMS = 2_000_000
"""Terms that are evaluated while loops are unrolled."""

_OPERATIONS = {
    (operation.fpcore, operation.arity): op
    for op, operation in OPERATIONS.items()
    if op not in (Op.POW, Op.POWR, Op.IF) and not operation.logical
} | {("neg", 1): Op.NEG, ("powr", 2): Op.POWR}
_TRUTHS = {"TRUE": TRUE, "FALSE": FALSE}
_CONSTANTS: Mapping[str, Callable[[ExpressionBuilder], int]] = {
    "PI": lambda build: build.named(Op.PI),
    "E": lambda build: build.named(Op.E),
    "PI_2": lambda build: build.apply(Op.DIV, build.named(Op.PI), build.constant(2)),
    "PI_4": lambda build: build.apply(Op.DIV, build.named(Op.PI), build.constant(4)),
    "LN2": lambda build: build.apply(Op.LOG, build.constant(2)),
    "LN10": lambda build: build.apply(Op.LOG, build.constant(10)),
    "SQRT2": lambda build: build.apply(Op.SQRT, build.constant(2)),
    "SQRT1_2": lambda build: build.apply(Op.SQRT, build.constant(Fraction(1, 2))),
}
"""FPCore's constants that are one rounding of a real number: of pi or e, scaled by a power of two, or of a function of an exact number."""

_REFUSED_CONSTANTS = {
    "INFINITY": ("no real number", "use a finite number, or an input with an interval"),
    "NAN": ("no real number", "leave out the branch that gives it"),
    **dict.fromkeys(
        ("LOG2E", "LOG10E", "M_1_PI", "M_2_PI", "M_2_SQRTPI"),
        ("not one operation on rational numbers", "bind the number that the program holds by let"),
    ),
}
"""FPCore's other constants: why they are refused, and the mend."""

_INTEGERS: Mapping[Op, Callable[..., int]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.NEG: lambda a: -a,
    Op.ABS: abs,
    Op.MIN: min,
    Op.MAX: max,
    Op.CAST: lambda a: a,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A form: its name, its arguments, and where it stands."""

    name: str
    args: tuple[Item, ...]
    offset: int


@dataclass(slots=True)
class Reader:
    """`scope` maps names to values, the innermost last; `box` is known when the body is read, `notes` are what to tell the user."""

    text: str
    forms: Mapping[str, Form]
    builder: ExpressionBuilder = field(default_factory=ExpressionBuilder)
    scope: dict[str, list[Value]] = field(default_factory=dict)
    box: Box = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _ranges: GrowingRanges | None = None
    _terms: int = 0

    def read(self, item: Item, context: Context) -> Value:
        """The value of a term. Raises InputError with line and column."""
        value = self._atom(item, context) if isinstance(item, Atom) else None
        stack: list[tuple[Item, Steps]] = [] if value is not None else [(item, self._begin(item, context))]
        while stack:
            try:
                inner, below = stack[-1][1].send(value)  # type: ignore[arg-type] # a generator that starts is sent None
            except StopIteration as done:
                value = done.value
                stack.pop()
            except InputError as error:
                raise self._placed(error, stack[-1][0]) from None
            else:
                value = self._atom(inner, below) if isinstance(inner, Atom) else None
                if value is None:
                    stack.append((inner, self._begin(inner, below)))
        assert value is not None
        return value

    def bind(self, names: Sequence[str], values: Sequence[Value]) -> None:
        """Give names their values, above those that they have."""
        for name, value in zip(names, values, strict=True):
            self.scope.setdefault(name, []).append(value)

    def unbind(self, names: Sequence[str]) -> None:
        """Take back what `bind` did."""
        for name in names:
            self.scope[name].pop()

    def apply(self, op: Op, context: Context, *args: Number) -> Number:
        """One operation, rounded as the context says."""
        known = [arg.integer for arg in args if arg.integer is not None]
        folded = _INTEGERS[op](*known) if op in _INTEGERS and len(known) == len(args) else None
        if context.integer:
            return self.integer(folded, context)
        self.builder.format = context.format
        position = self.builder.apply(op, *(arg.position for arg in args))
        return Number(position, folded if folded is not None and abs(folded) <= MAX_COUNTER else None)

    def integer(self, value: int | None, context: Context) -> Number:
        """A known integer as an exact constant. Raises InputError if it is not known, or large."""
        if value is None or abs(value) > MAX_COUNTER:
            raise InputError(
                "an integer depends on the inputs, or is no small integer", mend=f"use integer constants up to {MAX_COUNTER}, and + - *"
            )
        self.builder.format = context.format
        return Number(self.builder.constant(value), value)

    def is_surely_false(self, condition: int) -> bool:
        """Whether the condition at this position is false on the whole box, by enclosures."""
        from suffice.encodings.enclosures.growing import GrowingRanges

        self._ranges = self._ranges or GrowingRanges(self.builder, self.box)
        return self._ranges.is_surely_false(condition)

    def check_size(self) -> None:
        """Raise InputError where more nodes were made than an expression may have."""
        if len(self.builder) > 2 * MAX_NODES:
            raise InputError(f"more than {2 * MAX_NODES} operations", mend="shorten the loops")

    def _placed(self, error: InputError, item: Item) -> InputError:
        return InputError(error.what, where=error.where or place(self.text, item.offset), mend=error.mend)

    def _begin(self, item: Item, context: Context) -> Steps:
        assert isinstance(item, Group)
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise InputError(f"more than {MAX_TERMS} terms are evaluated", where=place(self.text, item.offset), mend="shorten the loops")
        head = item.items[0] if item.items else None
        if not isinstance(head, Atom) or head.quoted:
            raise InputError("not an operation", where=place(self.text, item.offset), mend="write (OPERATION ARGUMENT ...)")
        call = Call(head.text, item.items[1:], item.offset)
        return self.forms.get(head.text, _operation)(self, call, context)

    def _atom(self, atom: Atom, context: Context) -> Value:
        bound = None if atom.quoted else self.scope.get(atom.text)
        if bound:
            return bound[-1]
        try:
            return self._constant(atom, context)
        except InputError as error:
            raise self._placed(error, atom) from None

    def _constant(self, atom: Atom, context: Context) -> Value:
        self.builder.format = context.format
        if not atom.quoted and looks_like_number(atom.text):
            value = read_number(atom.text)
            small = value.denominator == 1 and abs(value) <= MAX_COUNTER
            return Number(self.builder.constant(value), value.numerator if small else None)
        if not atom.quoted and atom.text in _CONSTANTS:
            return Number(_CONSTANTS[atom.text](self.builder))
        if not atom.quoted and atom.text in _TRUTHS:
            return _TRUTHS[atom.text]
        if not atom.quoted and atom.text in _REFUSED_CONSTANTS:
            reason, mend = _REFUSED_CONSTANTS[atom.text]
            raise InputError(f"the constant {atom.text} is {reason}", mend=mend)
        known = [*(name for name, values in self.scope.items() if values), *_CONSTANTS, *_TRUTHS]
        raise InputError(f"unknown name {shown(atom.text)}", mend=nearest(atom.text, known, "bind it by let, or make it an argument"))


def each(items: Sequence[Item], context: Context) -> Generator[tuple[Item, Context], Value, list[Value]]:
    """The values of terms, from the left."""
    values = []
    for item in items:
        values.append((yield item, context))  # noqa: PERF401 - a comprehension cannot yield
    return values


def _operation(reader: Reader, call: Call, context: Context) -> Steps:
    op = _OPERATIONS.get((call.name, len(call.args)))
    if op is None:
        raise _unknown(reader, call)
    values = yield from each(call.args, context)
    return reader.apply(op, context, *numbers(values))


def _unknown(reader: Reader, call: Call) -> InputError:
    names = sorted({name for name, _ in _OPERATIONS} | set(reader.forms))
    if call.name in names:
        count = len(call.args)
        return InputError(f"{call.name} does not take {count} argument{'s' * (count != 1)}")
    otherwise = f"write {INSTEAD[call.name]}, in FPCore's notation" if call.name in INSTEAD else "rewrite the core without it"
    mend = otherwise if call.name in INSTEAD else nearest(call.name, names, otherwise)
    return InputError(f"the construct {shown(call.name)} is not supported", mend=mend)


def _comparison(reader: Reader, call: Call, context: Context) -> Steps:
    values = yield from each(call.args, context)
    return compare(reader.builder, call.name, numbers(values))


def _logic(reader: Reader, call: Call, context: Context) -> Steps:
    values = yield from each(call.args, context)
    parts = truths(values)
    if call.name == "not":
        if len(parts) != 1:
            raise _unknown(reader, call)
        return negation(reader.builder, parts[0])
    return (conjunction if call.name == "and" else disjunction)(reader.builder, parts)


def _if(reader: Reader, call: Call, context: Context) -> Steps:
    """A branch that is known not to be taken is not read."""
    if len(call.args) != 3:
        raise InputError("not an if", mend="write (if CONDITION VALUE OTHERWISE)")
    (condition,) = truths([(yield call.args[0], context)])
    if condition.position is None:
        return (yield call.args[1 if condition.known else 2], context)
    yes = yield call.args[1], context
    no = yield call.args[2], context
    reader.builder.format = context.format
    return select(reader.builder, condition, yes, no)


def _annotation(reader: Reader, call: Call, context: Context) -> Steps:
    """(! :key value ... term)."""
    properties = dict(zip(call.args[:-1:2], call.args[1:-1:2], strict=False))
    names = {key.text: value for key, value in properties.items() if isinstance(key, Atom) and key.text.startswith(":")}
    if len(call.args) % 2 == 0 or len(names) != len(call.args) // 2:
        raise InputError("not an annotation", mend="write (! :precision binary32 TERM)")
    return (yield call.args[-1], annotated(reader.text, context, names))


def _in_integers(reader: Reader, call: Call, context: Context) -> Steps:
    """(# term), short for (! :precision integer term)."""
    if len(call.args) != 1:
        raise _unknown(reader, call)
    return (yield call.args[0], replace(context, precision=EXACT, format=EXACT, integer=True))


def _power(reader: Reader, call: Call, context: Context) -> Steps:
    if len(call.args) != 2:
        raise _unknown(reader, call)
    base, exponent = numbers([(yield call.args[0], context), (yield call.args[1], context)])
    reader.builder.format = context.format
    return Number(apply_power(reader.builder, base.position, exponent.position))


def _positive_difference(reader: Reader, call: Call, context: Context) -> Steps:
    """(fdim a b) is max(a - b, 0): rounding keeps the sign, and 0 is a number of every format."""
    if len(call.args) != 2:
        raise _unknown(reader, call)
    a, b = numbers([(yield call.args[0], context), (yield call.args[1], context)])
    zero = Number(reader.builder.constant(0), 0)
    return reader.apply(Op.MAX, context, reader.apply(Op.SUB, context, a, b), zero)


def _digits(reader: Reader, call: Call, context: Context) -> Steps:
    """(digits m e b) is the constant m b^e."""
    yield from ()
    texts = [arg.text for arg in call.args if isinstance(arg, Atom)]
    if len(texts) != 3 or len(call.args) != 3:
        raise InputError("not digits", mend="write (digits SIGNIFICAND EXPONENT BASE) with integers")
    significand, exponent, base = (read_number(text) for text in texts)
    if exponent.denominator != 1 or base.denominator != 1 or not 2 <= base <= 64 or abs(exponent) > 20_000:
        raise InputError("digits with such an exponent or base", mend="use an integer exponent and a base from 2 to 64")
    reader.builder.format = context.format
    return Number(reader.builder.constant(check_digits(significand * base**exponent.numerator)))


def _let(reader: Reader, call: Call, context: Context) -> Steps:
    """The bindings of `let` do not see each other; those of `let*` see the earlier ones."""
    if len(call.args) != 2:
        raise InputError(f"not a {call.name}", mend=f"write ({call.name} ([name value] ...) body)")
    bindings = bindings_of(reader, call.args[0], 2)
    names = [name for name, _ in bindings]
    sequential = call.name == "let*"
    if len(set(names)) < len(names) and not sequential:
        raise InputError("a let binds a name twice", mend="rename one, or write let*")
    values = []
    for name, (value,) in bindings:
        values.append((yield value, context))
        if sequential:
            reader.bind([name], values[-1:])
    if not sequential:
        reader.bind(names, values)
    result = yield call.args[-1], context
    reader.unbind(names)
    return result


def bindings_of(reader: Reader, given: Item, length: int) -> list[tuple[str, tuple[Item, ...]]]:
    """The names, and the terms beside each, of a list of bindings of so many parts. Raises InputError."""
    bindings = given.items if isinstance(given, Group) else (given,)
    result = []
    for binding in bindings:
        parts = binding.items if isinstance(binding, Group) else ()
        if len(parts) != length or not isinstance(parts[0], Atom) or parts[0].quoted:
            mend = "write [name value]" if length == 2 else "write [name initial update]"
            raise InputError("not a binding", where=place(reader.text, binding.offset), mend=mend)
        result.append((parts[0].text, parts[1:]))
    return result


FORMS: dict[str, Form] = {
    "!": _annotation,
    "#": _in_integers,
    "if": _if,
    "and": _logic,
    "or": _logic,
    "not": _logic,
    "let": _let,
    "let*": _let,
    "pow": _power,
    "fdim": _positive_difference,
    "digits": _digits,
    **dict.fromkeys(COMPARISONS, _comparison),
}
"""How each form that is no operation is read; loops and tensors add theirs (fpcore_loops)."""
