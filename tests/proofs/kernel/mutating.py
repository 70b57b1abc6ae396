"""Random changes of one field of a certificate."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random

from .documents import Json, canonical, report

_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?")

SECTIONS = ("value", "evidence", "evidence", "evidence", "formats", "problem", "problem", "decision", "rest", "anywhere")
"""Where a change is made; equally often each."""

WORDS = (
    "floor", "floor_upper", "error_bound", "witness_error", "sufficient", "impossible", "insufficient", "undecided", "", "T0", "T1", "T2",
    "T1+T2", "T3", "T4", "T5", "T6", "T7", "T8", "S1", "S2", "S1+T0", "S2+T0", "W", "pair", "count", "slope", "curvature", "cell_slope",
    "cell_curvature", "cover", "run", "real", "representable", "kept", "flushed", "nearest_even", "nearest_away", "toward_zero", "up",
    "down", "infinity", "saturate", "nan", "float", "int", "code", "exact", "infinite", "x", "add", "sub", "mul", "div", "neg", "abs",
    "min", "max", "sqrt", "fma", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "exp2", "log2", "log10", "cbrt", "asinh", "acosh", "atanh", "hypot", "atan2", "powr",
)  # fmt: skip

Place = tuple[Json, Json]
"""A container and the key or position of the field in it."""


def mutate(document: Json, rng: Random) -> Json:
    """The certificate with one field changed."""
    changed: Json = copy.deepcopy(document)
    while changed == document and _is_same_type(changed, document):
        changed = copy.deepcopy(document)
        places = _places_of(changed, rng.choice(SECTIONS))
        if places:
            container, key = rng.choice(places)
            change_field(changed, container, key, rng)
    return changed


def _is_same_type(a: Json, b: Json) -> bool:
    """Equal values may still differ as 1 and true do."""
    return repr(a) == repr(b)


def _places_of(document: Json, section: str) -> list[Place]:
    claims = document["claims"]
    match section:
        case "value":
            return [(claim, "value") for claim in claims]
        case "evidence":
            return [place for claim in claims for place in below(claim, "evidence")]
        case "decision":
            return [(document, key) for key in ("verdict", "statement", "possible")] + [(claim, "statement") for claim in claims]
        case "rest":
            return [place for key in ("assumptions", "smt", "version") for place in below(document, key)]
        case "anywhere":
            return [place for key in document for place in below(document, key)]
        case _:
            return list(below(document, section))


def below(container: Json, key: Json) -> list[Place]:
    """A field, and all fields in it."""
    value = container[key]
    found = [(container, key)]
    if isinstance(value, dict):
        found += [place for inner in value for place in below(value, inner)]
    elif isinstance(value, list):
        found += [place for inner in range(len(value)) for place in below(value, inner)]
    return found


def change_field(document: Json, container: Json, key: Json, rng: Random) -> None:
    """Change one field at random, mostly to something of its kind."""
    value = container[key]
    if rng.random() < 0.04:
        del container[key]
    elif isinstance(value, bool):
        container[key] = rng.choice([not value, int(value)])
    elif isinstance(value, int):
        container[key] = rng.choice([value + 1, value - 1, 2 * value, value // 2, -value, 0, bool(value), str(value)])
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        container[key] = _other_number(value, document, rng)
    elif isinstance(value, str):
        container[key] = rng.choice([*WORDS, value[:-1], value + " ", _with_other_digit(value, rng)])
    elif isinstance(value, list):
        _change_list(value, rng)
    elif isinstance(value, dict):
        _change_object(value, rng)
    else:
        container[key] = rng.choice(["1", "1/2", 0, False])


def _other_number(text: str, document: Json, rng: Random) -> str:
    q = Fraction(text)
    ulp = Fraction(1, q.denominator * rng.choice([1, 1, 2**10, 2**40]))
    changes: list[Callable[[], Fraction]] = [
        lambda: q + ulp, lambda: q - ulp, lambda: -q, lambda: 2 * q, lambda: q / 2, lambda: q + 1, lambda: Fraction(0),
        lambda: q * Fraction(rng.randint(90, 110), 100), lambda: Fraction(rng.choice(_numbers(document))), lambda: 1 / q if q else q,
    ]  # fmt: skip
    return str(rng.choice(changes)())


def _numbers(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value] if _NUMBER.fullmatch(value) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _numbers(item)]


def _with_other_digit(text: str, rng: Random) -> str:
    digits = [k for k, char in enumerate(text) if char.isdigit()]
    if not digits:
        return text.upper()
    k = rng.choice(digits)
    return text[:k] + str((int(text[k]) + rng.randint(1, 9)) % 10) + text[k + 1 :]


def _change_list(items: list[Json], rng: Random) -> None:
    if not items:
        items.append(rng.choice([0, 1, "0", "", {}]))
        return
    first, second = rng.randrange(len(items)), rng.randrange(len(items))
    match rng.randrange(5):
        case 0:
            del items[first]
        case 1:
            items.insert(first, copy.deepcopy(items[second]))
        case 2:
            items[first], items[second] = items[second], items[first]
        case 3:
            items.append(rng.choice([0, 1, 2, "0", [1, "1"]]))
        case _:
            items[first] = copy.deepcopy(items[second])


def _change_object(value: dict[str, Json], rng: Random) -> None:
    keys = sorted(value)
    if not keys:
        value["x"] = "0"
        return
    first, second = rng.choice(keys), rng.choice(keys)
    match rng.randrange(4):
        case 0:
            del value[first]
        case 1:
            value[first], value[second] = value[second], value[first]
        case 2:
            value[rng.choice(["x", "y", "z", "note"])] = copy.deepcopy(value[first])
        case _:
            value[first] = copy.deepcopy(value[second])


def judged_mutants(pool: Sequence[Json], falsehoods: Callable[[Json], list[str] | None], count: int, rng: Random) -> Counter[str]:
    """Families changed in one field each: how many are rejected, true, or accepted and unjudged (None). No accepted one may be false."""
    seen = Counter[str]()
    while seen.total() < count:
        document = rng.choice(pool)
        mutant = copy.deepcopy(document)
        change_field(mutant, *rng.choice([place for part in ("family", "formats", "regions") for place in below(mutant, part)]), rng)
        if canonical(mutant) == canonical(document):
            continue
        if report(mutant).status == "rejected":
            seen["rejected"] += 1
            continue
        wrong = falsehoods(mutant)
        assert not wrong, (mutant, wrong)
        seen["unjudged" if wrong is None else "true"] += 1
    return seen
