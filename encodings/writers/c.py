"""Programs in C11 that compute, bit for bit, what an expression with a format at every node means (docs/mixed.md).

Every node is one statement. Arithmetic in fp32 and fp64 is C's own; that in fp16 is done in float, whose 24 bits are at least 2 * 11 + 2,
so that rounding again gives the one rounding of + - * / and sqrt. Other formats are held in the smallest type that has their numbers, and
a helper rounds to them. Refused is what C has no one rounding for: an operation whose operands its own format does not hold, other than
those that give back an operand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op, is_logical
from suffice.encodings.readers.numbers import hex_float
from suffice.encodings.writers.rendering import unused_prefix
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import FloatFormat, Format, Overflow, Subnormals
from suffice.hardware_specs.native import C_TYPES, carrier, natives
from suffice.hardware_specs.rounding import Special, Value, round_exact

_KEPT = (Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.IF, Op.CAST)
_SIGNS = {Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.DIV: "/"}
_TRUTHS = {Op.LT: "<", Op.LE: "<=", Op.EQ: "==", Op.AND: "&&", Op.OR: "||"}
_FUNCTIONS = {op: OPERATIONS[op].fpcore for op in OPERATIONS if OPERATIONS[op].elementary and op is not Op.POW} | {
    Op.SQRT: "sqrt",
    Op.FMA: "fma",
}
_SUFFIXES = ("f16", "f", "")
_BITS = 256

_RESERVED = frozenset({
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
    "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "asm",
    "typedef", "union", "unsigned", "void", "volatile", "while", "bool", "true", "false", "main", "round_to", "minimum", "maximum",
    "isnan", "isfinite", "signbit", "frexp", "ldexp", "nearbyint", "fabs", "copysign", "pow", "powf", "INFINITY", "NAN",
    *(f"{name}{end}" for name in _FUNCTIONS.values() for end in ("", "f")),
})  # fmt: skip
"""Names that the text uses otherwise, or may not use."""

_HELPERS = """\
/* x rounded to nearest even, to p bits and exponents from emin; `beyond` in place of what is larger than `largest`. */
static double round_to(double x, int p, int emin, double largest, double beyond, int flushes, int has_negative_zero)
{
    int e;
    double unit, r;
    if (isnan(x))
        return x;
    if (!isfinite(x))
        return copysign(beyond, x);
    frexp(x, &e);
    e -= 1;
    unit = ldexp(1.0, (x == 0 || e < emin ? emin : e) - p + 1);
    r = nearbyint(x / unit) * unit;
    if (fabs(r) > largest)
        return copysign(beyond, x);
    if (flushes && fabs(r) < ldexp(1.0, emin))
        r = copysign(0.0, r);
    return r == 0 && !has_negative_zero ? 0.0 : r;
}
"""

_EXTREMUM = """\
/* The {name} of IEEE 754-2019: NaN propagates, and -0 is below +0. */
static double {name}(double a, double b)
{{
    if (isnan(a) || isnan(b))
        return NAN;
    return a == b ? (signbit(a) ? {negative} : {positive}) : (a {sign} b ? a : b);
}}
"""
_EXTREMA = {
    Op.MIN: _EXTREMUM.format(name="minimum", negative="a", positive="b", sign="<"),
    Op.MAX: _EXTREMUM.format(name="maximum", negative="b", positive="a", sign=">"),
}


def to_c(expression: Expression, inputs: Sequence[str], name: str = "program", notes: Sequence[str] = ()) -> str:
    """A file with one function of the inputs. Every node but truths has a format. Raises InputError for what C cannot say."""
    nodes = expression.nodes
    parameters = _parameters(nodes, inputs)
    function = name if name.isidentifier() and name.isascii() and name not in _RESERVED else "program"
    while function in parameters.values():
        function += "_"
    prefix = unused_prefix("t", [*parameters.values(), function])
    names = [parameters[str(node.payload)] if node.op is Op.VAR else f"{prefix}{k}" for k, node in enumerate(nodes)]
    lines = [_statement(nodes, names, k) for k, node in enumerate(nodes) if node.op is not Op.VAR]
    formats = {str(node.payload): _format(node) for node in nodes if node.op is Op.VAR}
    arguments = ", ".join(f"{_type(formats[variable])} {parameters[variable]}" for variable in inputs if variable in formats)
    parts = [_comment([*notes, *_input_notes(formats, parameters)]), _PREAMBLE, *_helpers(nodes)]
    head = f"{_type(_format(nodes[-1]))} {function}({arguments or 'void'})"
    body = "\n".join(f"    {line}" for line in [*lines, f"return {names[-1]};"])
    return "\n".join([*parts, f"{head}\n{{\n{body}\n}}\n"])


_PREAMBLE = """\
#include <float.h>
#include <math.h>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "compile without -ffast-math and what it stands for"
#elif __FINITE_MATH_ONLY__ || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16)
#error "compile with -std=c11 -ffp-contract=off, and without -ffast-math and what it stands for"
#endif
"""


def _comment(notes: Sequence[str]) -> str:
    """The notes, each on one line: what they quote from outside neither ends the comment nor goes on after a line that a backslash ends."""
    lines = [*notes, "Compile with -std=c11 -ffp-contract=off: every operation is rounded as it stands."]
    plain = ("".join(c if c.isprintable() else " " for c in line) for line in lines)
    return "/* " + "\n   ".join(line.replace("*/", "* /").replace("/*", "/ *") for line in plain) + " */\n"


def _input_notes(formats: Mapping[str, Format], names: Mapping[str, str]) -> list[str]:
    return [
        f"The argument {names[variable]} is a number of {format_name(fmt)}." for variable, fmt in formats.items() if fmt not in natives()
    ]


def _parameters(nodes: Sequence[Node], inputs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in inputs:
        name = variable
        while name in _RESERVED or name in found.values():
            name += "_"
        found[variable] = name
    first: dict[str, Format] = {}
    for node in nodes:
        if node.op is Op.VAR and first.setdefault(str(node.payload), _format(node)) != node.format:
            raise InputError(f"the input {node.payload} comes in several formats", where="C", mend="cast it where it is used")
    return found


def _helpers(nodes: Sequence[Node]) -> list[str]:
    """The functions that the program needs."""
    rounded = {_format(node): None for node in nodes if not is_logical(node.op) and node.op not in (Op.VAR, Op.CONST, Op.PI, Op.E)}
    own = [fmt for fmt in rounded if fmt not in natives()]
    extrema = [text for op, text in _EXTREMA.items() if any(node.op is op for node in nodes)]
    return [*([_HELPERS] if own else []), *extrema]


def _format(node: Node) -> FloatFormat:
    return check_c_format(node.format)


def check_c_format(fmt: Format | None) -> FloatFormat:
    """The format, whose values some type of C holds. Raises InputError for others."""
    if not isinstance(fmt, FloatFormat) or carrier(fmt) is None:
        text = "no format" if fmt is None else format_name(fmt)
        mend = "choose among formats that fp64 holds, rounded to nearest even"
        raise InputError(f"no type of C holds values of {text}", where="C", mend=mend)
    return fmt


def _place(fmt: FloatFormat) -> int:
    place = carrier(fmt)
    assert place is not None
    return place


def _type(fmt: FloatFormat) -> str:
    return C_TYPES[_place(fmt)]


def _statement(nodes: Sequence[Node], names: Sequence[str], k: int) -> str:
    node = nodes[k]
    args = [names[a] for a in node.args]
    if is_logical(node.op):
        return f"int {names[k]} = {_truth(node, nodes, args)};"
    fmt = _format(node)
    return f"{_type(fmt)} {names[k]} = {_value(node, nodes, args, fmt)};"


def _truth(node: Node, nodes: Sequence[Node], args: Sequence[str]) -> str:
    if node.op is Op.NOT:
        return f"!{args[0]}"
    wide = [arg if is_logical(nodes[a].op) else f"(double){arg}" for a, arg in zip(node.args, args, strict=True)]
    return f"{wide[0]} {_TRUTHS[node.op]} {wide[1]}"


def _value(node: Node, nodes: Sequence[Node], args: Sequence[str], fmt: FloatFormat) -> str:
    if node.op is Op.CONST:
        assert isinstance(node.payload, Fraction)
        return _literal(round_exact(fmt, node.payload), fmt)
    if node.op in (Op.PI, Op.E):
        return _literal(_rounded_constant(node, fmt), fmt)
    if node.op in _KEPT:
        return _rounded(_kept(node, args), fmt)
    operands = [_format(nodes[a]) for a in node.args]
    place = _place(fmt)
    if fmt not in natives() or any(_place(operand) > place for operand in operands):
        text = f"{node.op} in {format_name(fmt)} of {', '.join(map(format_name, operands))}"
        raise InputError(f"C has no {text} with one rounding", where="C", mend="compute it in a type of C that holds all, and cast")
    return _native(node, args, place)


def _native(node: Node, args: Sequence[str], place: int) -> str:
    """An operation in a type of C; fp16's through float."""
    if place == 0 and node.op not in _SIGNS and node.op is not Op.SQRT:
        raise InputError(f"C has no {node.op} in fp16", where="C", mend="compute it in fp32, and cast")
    inner = max(place, 1)
    given = [f"({C_TYPES[inner]}){arg}" for arg in args]
    end = _SUFFIXES[inner]
    if node.op in _SIGNS:
        text = f"{given[0]} {_SIGNS[node.op]} {given[1]}"
    elif node.op is Op.POW:
        text = _power(given[0], node.payload, end)
    else:
        text = f"{_FUNCTIONS[node.op]}{end}({', '.join(given)})"
    return f"(_Float16)({text})" if place == 0 else text


def _power(base: str, exponent: object, end: str) -> str:
    """One rounding for 1/x, x and x^2, the library's function for the rest."""
    short = {-1: f"1 / {base}", 0: f"1.0{end}", 1: base, 2: f"{base} * {base}"}
    assert isinstance(exponent, int)
    return short.get(exponent, f"pow{end}({base}, {exponent}.0{end})")


def _kept(node: Node, args: Sequence[str]) -> str:
    """What gives back an operand, in double, which holds all of them."""
    wide = [f"(double){arg}" for arg in args]
    match node.op:
        case Op.NEG:
            return f"-{wide[0]}"
        case Op.ABS:
            return f"fabs({wide[0]})"
        case Op.IF:
            return f"{args[0]} ? {wide[1]} : {wide[2]}"
        case Op.CAST:
            return wide[0]
    return f"{node.op}imum({', '.join(wide)})"


def _rounded(text: str, fmt: FloatFormat) -> str:
    """A term of type double rounded once."""
    kind = C_TYPES[_place(fmt)]
    if fmt in natives():
        return f"({kind})({text})"
    beyond = {Overflow.INFINITY: "INFINITY", Overflow.NAN: "NAN", Overflow.SATURATE: hex_float(fmt.max_finite)}[fmt.overflow]
    flushes, signed = int(fmt.subnormals is Subnormals.FLUSHED), int(fmt.negative_zero)
    numbers = f"{fmt.p}, {fmt.emin}, {hex_float(fmt.max_finite)}, {beyond}, {flushes}, {signed}"
    return f"({kind})round_to({text}, {numbers}) /* {format_name(fmt)} */"


def _literal(value: Value, fmt: FloatFormat) -> str:
    kind = C_TYPES[_place(fmt)]
    special = {Special.INFINITY: "INFINITY", Special.NEGATIVE_INFINITY: "-INFINITY", Special.NAN: "NAN", Special.NEGATIVE_ZERO: "-0.0"}
    return f"({kind}){special[value] if isinstance(value, Special) else hex_float(value)}"


def _rounded_constant(node: Node, fmt: FloatFormat) -> Value:
    from suffice.encodings.enclosures.arb import enclose_at

    value = enclose_at(Expression((Node(node.op),)), {}, _BITS)
    low, high = round_exact(fmt, value.lo), round_exact(fmt, value.hi)
    assert low == high
    return low
