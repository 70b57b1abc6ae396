"""What the assertions of a script say of given rational values, in exact arithmetic: the judge of a solver's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from suffice.encodings.readers.sexpressions import Atom, Group, Item, read_items
from suffice.errors import InputError

Value = Fraction | bool

_CHAINS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "=": lambda a, b: a == b,
}  # fmt: skip


def declared(script: str) -> dict[str, str]:
    """The constants that a script declares, with their sorts."""
    commands = [_parts(item) for item in read_items(script)]
    return {_text(parts[1]): _text(parts[2]) for parts in commands if _text(parts[0]) == "declare-const"}


def all_hold(script: str, values: Mapping[str, Fraction]) -> bool:
    """Whether every assertion is true where the declared constants have these values.

    False where a value is missing, an Int is not whole, or a divisor is zero. Raises InputError at what is no polynomial, quotient,
    comparison or connective over the declared and defined constants.
    """
    sorts = declared(script)
    if set(sorts) - set(values) or any(sort == "Int" and values[name].denominator != 1 for name, sort in sorts.items()):
        return False
    known: dict[str, Value] = {name: values[name] for name in sorts}
    try:
        return all(_obeys(_parts(item), known) for item in read_items(script))
    except ZeroDivisionError:
        return False


def _obeys(parts: Sequence[Item], known: dict[str, Value]) -> bool:
    """Run one command; only an assertion can fail."""
    match _text(parts[0]):
        case "define-fun":
            if _parts(parts[2]):
                raise InputError(f"{_text(parts[1])} has parameters", where="SMT-LIB script", mend="write it out")
            known[_text(parts[1])] = _value(parts[4], known)
        case "assert":
            return _truth(parts[1], known)
        case "set-logic" | "declare-const" | "check-sat":
            pass
        case other:
            raise InputError(f"unknown command {other}", where="SMT-LIB script", mend="declare, define and assert only")
    return True


def _value(item: Item, known: Mapping[str, Value]) -> Value:
    if isinstance(item, Atom):
        if item.text in known:
            return known[item.text]
        if item.text in ("true", "false"):
            return item.text == "true"
        return _literal(item.text)
    operation, *arguments = item.items
    match _text(operation):
        case "!":
            return _value(arguments[0], known)
        case "ite":
            return _value(arguments[1 if _truth(arguments[0], known) else 2], known)
        case "not":
            return not _truth(arguments[0], known)
        case "and":
            return all(_truth(argument, known) for argument in arguments)
        case "or":
            return any(_truth(argument, known) for argument in arguments)
        case "=>":
            *premises, conclusion = [_truth(argument, known) for argument in arguments]
            return conclusion or not all(premises)
        case name:
            return _arithmetic(name, [_number(argument, known) for argument in arguments])


def _arithmetic(name: str, numbers: Sequence[Fraction]) -> Value:
    first, *others = numbers
    if name in _CHAINS and others:
        return all(_CHAINS[name](a, b) for a, b in pairwise(numbers))
    match name:
        case "to_real":
            return first
        case "-" if not others:
            return -first
        case "+":
            return sum(others, first)
        case "-":
            return first - sum(others, Fraction())
        case "*" | "/":
            for other in others:
                first = first * other if name == "*" else first / other
            return first
        case _:
            raise InputError(f"unknown operation {name}", where="SMT-LIB script", mend="use + - * / and comparisons")


def _literal(text: str) -> Fraction:
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        raise InputError(f"unknown symbol {text}", where="SMT-LIB script", mend="declare it")
    return Fraction(text)


def _number(item: Item, known: Mapping[str, Value]) -> Fraction:
    value = _value(item, known)
    if isinstance(value, bool):
        raise InputError("a truth stands where a number belongs", where="SMT-LIB script", mend="compare numbers only")
    return value


def _truth(item: Item, known: Mapping[str, Value]) -> bool:
    value = _value(item, known)
    if not isinstance(value, bool):
        raise InputError("a number stands where a truth belongs", where="SMT-LIB script", mend="compare it")
    return value


def _parts(item: Item) -> Sequence[Item]:
    if not isinstance(item, Group):
        raise InputError(f"{item.text} is no command", where="SMT-LIB script", mend="put it in parentheses")
    return item.items


def _text(item: Item) -> str:
    if not isinstance(item, Atom):
        raise InputError("a name is missing", where="SMT-LIB script", mend="name the command or operation")
    return item.text
