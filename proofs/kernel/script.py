"""The SMT-LIB 2.6 form of a claim that rests on enclosures: named assertions whose unsatisfiability is the verdict.

Every number stands in its own named assertion, the statement of the theory in another, and the tolerance, negated, in the last. Each is
needed: without it the rest is satisfiable.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from . import limits
from .derivation import Derivation
from .failures import Rejection
from .formats import Code, Exact, Float, Format, Int, power_of_two
from .question import Question


@dataclass(frozen=True, slots=True)
class Scope:
    """The members of a family that a script speaks of: lines that declare and bound symbols, and how they enter.

    `tolerance` is a term in them, and `guard` the formula under which a law holds; "" where there is none.
    """

    lines: tuple[str, ...] = ()
    tolerance: str = ""
    guard: str = ""


ONE_PROBLEM = Scope()
"""No symbols: a tolerance that is a number."""

_TOO_LONG = 10**limits.MAX_SCRIPT_DIGITS


def script(question: Question, bound: str, derivation: Derivation, scope: Scope = ONE_PROBLEM) -> str | None:
    """The script of a claim, None where no solver is needed (points and cells alone), or too many numbers are."""
    if bound == "floor" and derivation.facts:
        return _floor_script(question, derivation, scope)
    if bound in ("floor_upper", "error_bound") and 0 < len(derivation.shares) <= limits.MAX_SCRIPT_SHARES:
        return _error_script(question, bound, derivation, scope)
    return None


def term(q: Fraction) -> str:
    """A rational as an SMT-LIB real."""
    if max(abs(q.numerator), q.denominator) >= _TOO_LONG:
        raise Rejection(f"a number of an SMT-LIB script has more than {limits.MAX_SCRIPT_DIGITS} digits")
    size = f"{abs(q.numerator)}.0" if q.denominator == 1 else f"(/ {abs(q.numerator)}.0 {q.denominator}.0)"
    return f"(- {size})" if q < 0 else size


def named(name: str, formula: str) -> str:
    """An assertion with a name."""
    return f"(assert (! {formula} :named {name}))"


def _declare(*names: str) -> list[str]:
    return [f"(declare-const {name} Real)" for name in names]


def _hardware(question: Question, formats: tuple[Format | Code, ...]) -> tuple[list[str], str, Fraction]:
    """The first format that rounds, as lines that fix its size, the condition they are used under, and its unit."""
    for fmt in formats:
        if isinstance(fmt, Float):
            lines = ["(declare-const significand Int)", named("hardware_significand", f"(= significand {fmt.p})")]
            return lines, f"(= significand {fmt.p})", power_of_two(-fmt.p)
        if isinstance(fmt, Code):
            return ["(declare-const bits Int)", named("hardware_bits", f"(= bits {fmt.bits})")], f"(= bits {fmt.bits})", Fraction(1)
        if isinstance(fmt, Int):
            codes = fmt.code_count()
            lines = ["(declare-const codes Int)", named("hardware_codes", f"(= codes {codes})")]
            return lines, f"(= codes {codes})", fmt.scale / 2 if fmt.scale is not None else Fraction(1)
    raise AssertionError(question)


def _floor_script(question: Question, derivation: Derivation, scope: Scope) -> str:
    """T2-T6: enclosures from below, the law, and a floor within tolerance."""
    facts = derivation.facts
    cell = derivation.label in ("T2", "T6")
    inputs, output = tuple(question.inputs.values()), question.output
    hardware, condition, _ = _hardware(question, (*inputs, output) if cell else (output, *inputs))
    match derivation.label:
        case "T3":
            parts = {"range": 1 / (2 * facts["codes"])}
        case "T4":
            parts = {"slope": facts["length"] / (2 * facts["codes"])}
        case "T5":
            parts = {"curvature": facts["length"] ** 2 / (8 * facts["codes"])}
        case "T6":
            parts = {"curvature": facts["width"] ** 2 / 8}
        case _ if "range" in facts:
            parts = {"range": Fraction(1, 2)}
        case _:
            names = sorted(name.removeprefix("slope_") for name in facts if name.startswith("slope_"))
            parts = {f"slope_{name}": facts[f"width_{name}"] / 2 for name in names}
    law = _sum([f"(* {term(factor)} {name})" for name, factor in parts.items()])
    within = f"(>= floor {law})"
    if scope.guard:
        within = f"(=> {scope.guard} {within})"
    lines = [
        f"; {derivation.label}: no algorithm stays within the tolerance",
        "(set-logic ALL)",
        *hardware,
        *_declare(*parts, "floor"),
        *scope.lines,
        *(named(f"enclosure_{name}", f"(>= {name} {term(facts[name])})") for name in parts),
        named(f"statement_{derivation.label}", f"(=> {condition} {within})"),
        named("tolerance", f"(<= floor {scope.tolerance or term(question.threshold)})"),
        "(check-sat)",
    ]
    return "\n".join(lines) + "\n"


def _error_script(question: Question, bound: str, derivation: Derivation, scope: Scope) -> str | None:
    """S1, S2: on the leaf with the largest bound, roundings and slopes from above, their sum, and an error beyond tolerance.

    None for a program of exact operations alone, whose error is only that of its branches.
    """
    label = "S2" if bound == "floor_upper" else "S1"
    program = question.program
    assert program is not None
    formats = (*program.inputs.values(), program.output) if label == "S2" else (*program.nodes, program.output, *program.inputs.values())
    rounding = tuple(fmt for fmt in formats if not isinstance(fmt, Exact))
    if not rounding:
        return None
    hardware, condition, unit = _hardware(question, rounding)
    shares = derivation.shares
    size = derivation.facts["size"]
    allowed = term(question.absolute) if question.relative else scope.tolerance or term(question.absolute)
    lines = [
        f"; {label}: the error stays within the tolerance on the leaf with the largest bound",
        "(set-logic ALL)",
        *hardware,
        *_declare("unit", *(f"{kind}_{share.name}" for share in shares for kind in ("rounding", "error")), "error"),
        named("hardware_unit", f"(=> {condition} (= unit {term(unit)}))"),
        *scope.lines,
    ]
    for share in shares:
        lines.append(named(f"hardware_{share.name}", f"(<= rounding_{share.name} (* {term(share.rounding / unit)} unit))"))
        lines.append(named(f"slope_{share.name}", f"(<= error_{share.name} (* {term(share.slope)} rounding_{share.name}))"))
    lines.append(named(f"statement_{label}", f"(<= error {_sum([f'error_{share.name}' for share in shares])})"))
    if question.relative:
        lines += _declare("size")
        lines.append(named("enclosure_size", f"(>= size {term(size)})"))
        allowed = f"(+ {allowed} (* {scope.tolerance or term(question.relative)} size))"
    lines += [named("tolerance", f"(> error {allowed})"), "(check-sat)"]
    return "\n".join(lines) + "\n"


def _sum(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
