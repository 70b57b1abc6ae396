"""FORMAT of docs/certificate.md: the numbers of a number format, without name and storage width."""

from __future__ import annotations

from suffice.errors import FormatError, InputError
from suffice.hardware_specs.format import EXACT, CodeFormat, ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.proofs.jsondata import Json, as_boolean, as_choice, as_integer, as_number, as_object, fields, number_text

_FLOAT = (
    "kind", "p", "emin", "emax", "max_finite", "infinities", "nan", "negative_zero", "subnormals", "rounding", "overflow",
)  # fmt: skip


def format_to_json(fmt: Format) -> Json:
    """FORMAT of docs/certificate.md."""
    match fmt:
        case FloatFormat():
            return {
                "kind": "float",
                "p": fmt.p,
                "emin": fmt.emin,
                "emax": fmt.emax,
                "max_finite": number_text(fmt.max_finite),
                "infinities": fmt.infinities,
                "nan": fmt.nan,
                "negative_zero": fmt.negative_zero,
                "subnormals": fmt.subnormals.value,
                "rounding": fmt.rounding.value,
                "overflow": fmt.overflow.value,
            }
        case IntFormat():
            return {
                "kind": "int",
                "qmin": fmt.qmin,
                "qmax": fmt.qmax,
                "scale": None if fmt.scale is None else number_text(fmt.scale),
                "zero": fmt.zero,
                "rounding": fmt.rounding.value,
            }
        case CodeFormat():
            return {"kind": "code", "bits": fmt.bits}
        case ExactFormat():
            return {"kind": "exact"}


def format_from_json(value: Json, where: str) -> Format:
    """Read FORMAT; the storage width becomes the natural one. Raises InputError."""
    kind = as_choice(as_object(value, where).get("kind"), f"{where}.kind", "float", "int", "code", "exact")
    try:
        match kind:
            case "float":
                return _float(value, where)
            case "int":
                return _int(value, where)
            case "code":
                return CodeFormat(bits=as_integer(fields(value, where, "kind", "bits")[1], f"{where}.bits"))
            case _:
                fields(value, where, "kind")
                return EXACT
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None


def _float(value: Json, where: str) -> FloatFormat:
    _, p, emin, emax, largest, infinities, nan, negative_zero, subnormals, rounding, overflow = fields(value, where, *_FLOAT)
    return FloatFormat(
        p=as_integer(p, f"{where}.p"),
        emin=as_integer(emin, f"{where}.emin"),
        emax=as_integer(emax, f"{where}.emax"),
        max_finite=as_number(largest, f"{where}.max_finite"),
        infinities=as_boolean(infinities, f"{where}.infinities"),
        nan=as_boolean(nan, f"{where}.nan"),
        negative_zero=as_boolean(negative_zero, f"{where}.negative_zero"),
        subnormals=Subnormals(as_choice(subnormals, f"{where}.subnormals", *Subnormals)),
        rounding=Rounding(as_choice(rounding, f"{where}.rounding", *Rounding)),
        overflow=Overflow(as_choice(overflow, f"{where}.overflow", *Overflow)),
    )


def _int(value: Json, where: str) -> IntFormat:
    _, qmin, qmax, scale, zero, rounding = fields(value, where, "kind", "qmin", "qmax", "scale", "zero", "rounding")
    return IntFormat(
        qmin=as_integer(qmin, f"{where}.qmin"),
        qmax=as_integer(qmax, f"{where}.qmax"),
        scale=None if scale is None else as_number(scale, f"{where}.scale"),
        zero=None if zero is None else as_integer(zero, f"{where}.zero"),
        rounding=Rounding(as_choice(rounding, f"{where}.rounding", *Rounding)),
    )
