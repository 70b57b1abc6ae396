"""Loops of an FPCore, unrolled, and its tensors, taken apart.

A loop variable that stays an integer up to MAX_COUNTER and does not depend on the inputs counts as an integer counter: exact in every
format, and known while the loop is unrolled, so that conditions on counters vanish.

Any other condition is a node, evaluated by the rounded program as well: `if(c0, if(c1, ..., r1), r0)`, r_k being the result that k
iterations give. Rounding may make the program go on where the real loop ends. The nest is therefore EXTRA iterations longer than the real
loop, whose end must be proved (the condition is false on the whole box), and ends in 0/0: a program that goes on still longer counts as
failed. That makes no claim about such a program; what is proved of all others holds for the loop itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.fpcore_body import Call, Form, Reader, Steps, bindings_of, each
from suffice.encodings.readers.fpcore_contexts import Context
from suffice.encodings.readers.fpcore_values import Number, Truth, Value, numbers, select, shape, truths
from suffice.encodings.readers.places import place
from suffice.encodings.readers.sexpressions import Item
from suffice.errors import InputError

MAX_ITERATIONS = 1_000
"""Iterations of one loop, and parts of one tensor."""

MAX_DIMENSIONS = 8
"""Dimensions of a tensor."""

EXTRA = 2
"""Iterations that the rounded program may make beyond the real loop."""

_COUNTED = f"loop variables that stay integers up to {MAX_ITERATIONS} count as integer counters, exact in every format"
_MORE = f"a rounded program that iterates more than {EXTRA} times beyond the real loop counts as failed"


@dataclass(frozen=True, slots=True)
class _State:
    """The loop's variables with their updates. `sequential`: an update sees those before it."""

    names: tuple[str, ...]
    updates: tuple[Item, ...]
    sequential: bool


def _initial(reader: Reader, bindings: Sequence[tuple[str, tuple[Item, ...]]], sequential: bool, context: Context) -> Steps:
    """Bind the variables to their initial values, which are returned."""
    values: list[Value] = []
    for name, (initial, _) in bindings:
        values.append(_counter(reader, (yield initial, context), context))
        if sequential:
            reader.bind([name], values[-1:])
    if not sequential:
        reader.bind([name for name, _ in bindings], values)
    return tuple(values)


def _advance(reader: Reader, state: _State, context: Context) -> Steps:
    """Put the updated values in place of the variables' present ones."""
    values: list[Value] = []
    for name, update in zip(state.names, state.updates, strict=True):
        values.append(_counter(reader, (yield update, context), context))
        if state.sequential:
            reader.scope[name][-1] = values[-1]
    for name, value in zip(state.names, values, strict=True):
        reader.scope[name][-1] = value
    reader.check_size()
    return tuple(values)


def _counter(reader: Reader, value: Value, context: Context) -> Value:
    """A known integer as a constant, not as the sum that it came from."""
    return reader.integer(value.integer, context) if isinstance(value, Number) and value.integer is not None else value


def _while(reader: Reader, call: Call, context: Context) -> Steps:
    """(while condition ([name initial update] ...) body)."""
    if len(call.args) != 3:
        raise InputError(f"not a {call.name}", mend=f"write ({call.name} CONDITION ([name initial update] ...) body)")
    condition, _, body = call.args
    bindings = bindings_of(reader, call.args[1], 3)
    state = _State(tuple(name for name, _ in bindings), tuple(parts[1] for _, parts in bindings), call.name == "while*")
    yield from _initial(reader, bindings, state.sequential, context)
    ends = _End(reader, call)
    exits: list[tuple[Truth, Value]] = []
    while not ends.passed:
        (going,) = truths([(yield condition, context)])
        if going.known is False:
            break
        if going.position is not None:
            exits.append((going, (yield body, context)))
        ends.count(going)
        yield from _advance(reader, state, context)
    reader.builder.format = context.format
    result = _failure(reader.builder, exits[-1][1]) if ends.passed else (yield body, context)
    reader.unbind(state.names)
    for going, otherwise in reversed(exits):
        reader.builder.format = context.format
        result = select(reader.builder, going, result, otherwise)
    ends.note(open_ended=bool(exits))
    return result


class _End:
    """Whether the loop has surely ended: `passed` says that EXTRA iterations beyond its real end were made."""

    def __init__(self, reader: Reader, call: Call) -> None:
        self.passed = False
        self._reader, self._call = reader, call
        self._iterations = self._beyond = self._counted = 0

    def count(self, going: Truth) -> None:
        """Note one iteration under this condition. Raises InputError after too many."""
        self._iterations += 1
        self._counted += going.known is True
        if self._iterations > MAX_ITERATIONS:
            where = place(self._reader.text, self._call.offset)
            mend = "give it a counter, as in (< i 10), or a smaller box"
            raise InputError(f"the {self._call.name} could not be shown to end within {MAX_ITERATIONS} iterations", where=where, mend=mend)
        if self._beyond or (going.position is not None and self._reader.is_surely_false(going.position)):
            self._beyond += 1
        self.passed = self._beyond > EXTRA

    def note(self, *, open_ended: bool) -> None:
        """Tell the user how the loop was read."""
        for applies, note in ((self._counted > 0, _COUNTED), (open_ended, _MORE)):
            if applies and note not in self._reader.notes:
                self._reader.notes.append(note)


def _failure(builder: ExpressionBuilder, like: Value) -> Value:
    """0/0 in every part of a value of this shape."""
    if isinstance(like, tuple):
        return tuple(_failure(builder, part) for part in like)
    if isinstance(like, Truth):
        raise InputError("a loop whose end depends on rounding gives a truth", mend="give a number as its body")
    zero = builder.constant(0)
    return Number(builder.apply(Op.DIV, zero, zero))


def _for(reader: Reader, call: Call, context: Context) -> Steps:
    """(for ([index count] ...) ([name initial update] ...) body): once for all indices, the last of them running fastest."""
    if len(call.args) != 3:
        raise InputError(f"not a {call.name}", mend=f"write ({call.name} ([index count] ...) ([name initial update] ...) body)")
    indices = bindings_of(reader, call.args[0], 2)
    bindings = bindings_of(reader, call.args[1], 3)
    state = _State(tuple(name for name, _ in bindings), tuple(parts[1] for _, parts in bindings), call.name == "for*")
    counts = yield from _counts([part for _, (part,) in indices], context)
    yield from _initial(reader, bindings, state.sequential, context)
    names = [name for name, _ in indices]
    for at in product(*map(range, _sizes(counts))):
        reader.bind(names, [reader.integer(i, context) for i in at])
        yield from _advance(reader, state, context)
        reader.unbind(names)
    result = yield call.args[2], context
    reader.unbind(state.names)
    return result


def _tensor(reader: Reader, call: Call, context: Context) -> Steps:
    """(tensor ([index count] ...) body), and (tensor* ([index count] ...) ([name initial update] ...) body), updated before each part."""
    has_state = call.name == "tensor*"
    if len(call.args) != 2 + has_state:
        variables = " ([name initial update] ...)" if has_state else ""
        raise InputError(f"not a {call.name}", mend=f"write ({call.name} ([index count] ...){variables} body)")
    indices = bindings_of(reader, call.args[0], 2)
    bindings = bindings_of(reader, call.args[1], 3) if has_state else []
    state = _State(tuple(name for name, _ in bindings), tuple(parts[1] for _, parts in bindings), sequential=True)
    sizes = _sizes((yield from _counts([part for _, (part,) in indices], context)))
    yield from _initial(reader, bindings, state.sequential, context)
    names = [name for name, _ in indices]
    parts: list[Value] = []
    for at in product(*map(range, sizes)):
        reader.bind(names, [reader.integer(i, context) for i in at])
        yield from _advance(reader, state, context)
        parts.append((yield call.args[-1], context))
        reader.unbind(names)
    reader.unbind(state.names)
    for size in reversed(sizes):
        parts = [tuple(parts[k : k + size]) for k in range(0, len(parts), size)]
    return _checked(parts[0])


def _counts(items: Sequence[Item], context: Context) -> Steps:
    """The counts of indices, as numbers. Raises InputError."""
    known = numbers((yield from each(items, context)))
    if not known or any(number.integer is None or number.integer < 1 for number in known):
        raise InputError("the count of an index is no positive integer constant", mend="write a number, or (size A 0)")
    if prod(_sizes(tuple(known))) > MAX_ITERATIONS:
        raise InputError(f"more than {MAX_ITERATIONS} iterations or parts", mend="use fewer")
    return tuple(known)


def _sizes(counts: Value) -> list[int]:
    assert isinstance(counts, tuple)
    return [count.integer for count in counts if isinstance(count, Number) and count.integer is not None]


def _array(_reader: Reader, call: Call, context: Context) -> Steps:
    """(array part ...)."""
    parts = yield from each(call.args, context)
    if not parts:
        raise InputError("an array without parts", mend="write (array x y)")
    return _checked(tuple(parts))


def _checked(tensor: Value) -> Value:
    extents = shape(tensor)
    if prod(extents) > MAX_ITERATIONS or len(extents) > MAX_DIMENSIONS:
        raise InputError(f"an array of more than {MAX_ITERATIONS} numbers or {MAX_DIMENSIONS} dimensions", mend="use fewer")
    return tensor


def _ref(_reader: Reader, call: Call, context: Context) -> Steps:
    """(ref tensor index ...)."""
    if len(call.args) < 2:
        raise InputError("not a ref", mend="write (ref A i)")
    value = yield call.args[0], context
    for arg in call.args[1:]:
        (index,) = numbers([(yield arg, context)])
        if not isinstance(value, tuple) or index.integer is None or not 0 <= index.integer < len(value):
            raise InputError("an index is outside the tensor, or no integer constant", mend="count from 0, and keep within the dimensions")
        value = value[index.integer]
    return value


def _size(reader: Reader, call: Call, context: Context) -> Steps:
    """(dim tensor), and (size tensor k), the extent along the dimension k."""
    if len(call.args) != (1 if call.name == "dim" else 2):
        raise InputError(f"not a {call.name}", mend="write (dim A) or (size A 0)")
    extents = shape((yield call.args[0], context))
    if call.name == "dim":
        return reader.integer(len(extents), context)
    (k,) = numbers([(yield call.args[1], context)])
    if k.integer is None or not 0 <= k.integer < len(extents):
        raise InputError("the tensor has no such dimension", mend="count dimensions from 0")
    return reader.integer(extents[k.integer], context)


LOOPS: dict[str, Form] = {
    "while": _while,
    "while*": _while,
    "for": _for,
    "for*": _for,
    "tensor": _tensor,
    "tensor*": _tensor,
    "array": _array,
    "ref": _ref,
    "dim": _size,
    "size": _size,
}
