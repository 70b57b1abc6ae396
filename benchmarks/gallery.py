"""Make the certificates of proofs/gallery/ anew: well-known claims, each confirmed or refuted.

    python benchmarks/gallery.py            write the certificates and the index
    python benchmarks/gallery.py --check    prove everything again and compare with what is there

Certificates of families are made by `python -m benchmarks.families --gallery`; here the kernel reads them again.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.encodings.readers.numbers import read_number
from suffice.encodings.readers.text import read_expression
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.certificate import Certificate, canonical_bytes, write
from suffice.proofs.kernel import check
from suffice.prover.case import Asked
from suffice.prover.portfolio import prove

GALLERY = Path(__file__).parent.parent / "proofs" / "gallery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A claim, and what the proof says of it."""

    name: str
    claim: str
    expr: str
    box: dict[str, tuple[str, str]]
    eps: str = "0"
    relative: str = "0"
    formats: tuple[str, str, str]
    verdict: str | None
    possible: bool | None = None
    floor: str | None = None


def single(name: str) -> tuple[str, str, str]:
    """One format for inputs, operations and output."""
    return name, name, name


def significand(p: int) -> tuple[str, str, str]:
    """p significand bits in the exponent range of fp32."""
    return single(f"float(p={p},emin=-126,emax=127)")


SOFTMAX = "exp(x)/(exp(x)+exp(y))"
BINADE = "(x-3/2)^2"
EIGHT_BITS = ("fp8_e4m3", "fp8_e5m2", "fp8_e4m3fnuz", "fp8_e5m2fnuz")
FLOATS = ("fp64", "fp32", "tf32", "fp16", "bf16", *EIGHT_BITS, "fp6_e3m2", "fp6_e2m3", "fp4_e2m1")
EXACT_FLOORS = ((5, "0.02734375"), (7, "0.007568359375"))

ENTRIES = (
    Entry(
        name="softmax-any-8-bit-code", claim="No 8-bit code whatever holds softmax outputs (range 1) to 1e-4: 1/512 is forced.",
        expr=SOFTMAX,
        box={"x": ("-8", "8"), "y": ("-8", "8")}, eps="1e-4", formats=("exact", "exact", "code(bits=8)"), verdict="impossible",
    ),
    Entry(
        name="softmax-fp32", claim="fp32 is enough for the softmax of two logits in [-10, 10] to 1e-6.",
        expr=SOFTMAX, box={"x": ("-10", "10"), "y": ("-10", "10")}, eps="1e-6", formats=single("fp32"), verdict="sufficient", possible=True,
    ),
    *(
        Entry(
            name=f"softmax-{fmt}", claim=f"{fmt} cannot hold the softmax of two logits in [-8, 8] to 1e-3.",
            expr=SOFTMAX, box={"x": ("-8", "8"), "y": ("-8", "8")}, eps="1e-3", formats=single(fmt), verdict="impossible",
        )
        for fmt in ("int8", "fp8_e4m3", "bf16", "fp16")
    ),
    Entry(
        name="exp-subnormal-fp32", claim="exp on [-100, -99] to a relative 1e-2: fp32's subnormal results force at least 1.7 %.",
        expr="exp(x)", box={"x": ("-100", "-99")}, relative="1e-2", formats=single("fp32"), verdict="impossible", floor="0.017",
    ),
    Entry(
        name="exp-subnormal-fp64", claim="exp on [-100, -99] to a relative 1e-2: fp64 is enough.",
        expr="exp(x)", box={"x": ("-100", "-99")}, relative="1e-2", formats=single("fp64"), verdict="sufficient", possible=True,
    ),
    Entry(
        name="exp-range-fp32", claim="exp on [0, 100] to 1: results leave the range of fp32.",
        expr="exp(x)", box={"x": ("0", "100")}, eps="1", formats=single("fp32"), verdict="impossible",
    ),
    Entry(
        name="reciprocal-p13", claim="1/x on [0.01, 0.0101] to 1e-2 is impossible with 13 significand bits.",
        expr="1/x", box={"x": ("0.01", "0.0101")}, eps="1e-2", formats=significand(13), verdict="impossible",
    ),
    Entry(
        name="reciprocal-p14", claim="1/x on [0.01, 0.0101] to 1e-2 is possible with 14 significand bits.",
        expr="1/x", box={"x": ("0.01", "0.0101")}, eps="1e-2", formats=significand(14), verdict="sufficient", possible=True,
    ),
    Entry(
        name="square-p17", claim="(x-1024)^2 on [1024, 1025] to 1e-2 is impossible with 17 significand bits.",
        expr="(x-1024)^2", box={"x": ("1024", "1025")}, eps="1e-2", formats=significand(17), verdict="impossible",
    ),
    Entry(
        name="square-p18", claim="(x-1024)^2 on [1024, 1025] to 1e-2 is possible with 18 significand bits.",
        expr="(x-1024)^2", box={"x": ("1024", "1025")}, eps="1e-2", formats=significand(18), verdict="sufficient", possible=True,
    ),
    Entry(
        name="exp-p12", claim="exp on [-20, 0] to 1e-4 is impossible with 12 significand bits.",
        expr="exp(x)", box={"x": ("-20", "0")}, eps="1e-4", formats=significand(12), verdict="impossible",
    ),
    Entry(
        name="exp-p13", claim="exp on [-20, 0] to 1e-4 is possible with 13 significand bits, where the peak-curvature formula asks for 21.",
        expr="exp(x)", box={"x": ("-20", "0")}, eps="1e-4", formats=significand(13), verdict="sufficient", possible=True,
    ),
    *(
        Entry(
            name=f"small-sine-{fmt}",
            claim=f"d^2 sin(x/d), d = 1/100, on [0, 10] to 1.0001 d^2 is possible in {fmt}; the formula asks for 19 bits.",
            expr="1/10000*sin(100*x)", box={"x": ("0", "10")}, eps="0.00010001", formats=single(fmt),
            verdict=None, possible=True,
        )
        for fmt in FLOATS
    ),
    Entry(
        name="inverse-p79",
        claim="An entry of the inverse of [[1, 1], [1, a]], a in [1 + 1e-8, 1 + 2e-8], to 1e-8 is impossible with 79 bits.",
        expr="1/(a-1)", box={"a": ("100000001/100000000", "50000001/50000000")}, eps="1e-8", formats=significand(79), verdict="impossible",
    ),
    *(
        Entry(
            name=f"exact-floor-p{p}",
            claim=f"(x - 3/2)^2 on [1, 2] with {p} bits of input and an exact output: E* = {floor}, no more and no less.",
            expr=BINADE, box={"x": ("1", "2")}, eps=floor, formats=(f"float(p={p},emin=-126,emax=127)",) * 2 + ("exact",),
            verdict="insufficient", possible=True, floor=floor,
        )
        for p, floor in EXACT_FLOORS
    ),
    *(
        Entry(
            name=f"exact-floor-p{p}-below",
            claim=f"(x - 3/2)^2 on [1, 2] with {p} bits of input and an exact output: below {floor} is impossible.",
            expr=BINADE, box={"x": ("1", "2")}, eps=f"{floor[:-1]}4", formats=(f"float(p={p},emin=-126,emax=127)",) * 2 + ("exact",),
            verdict="impossible", floor=floor,
        )
        for p, floor in EXACT_FLOORS
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FamilyEntry:
    """A shipped family whose certificate `python -m benchmarks.families --gallery` writes, and what it says."""

    name: str
    claim: str

    @property
    def file(self) -> str:
        """The certificate's name without suffix."""
        return f"family-{self.name.replace('_', '-')}"


FAMILIES = (
    FamilyEntry("dot_real", "The dot product of n real pairs rounded to fp16, to 1e-2: enough for n <= 20, impossible for every n >= 21."),
    FamilyEntry(
        "dot_fp16",
        "The dot product of n pairs of fp16 numbers, added in fp16, to 1e-2: enough for n <= 6, not from 8 on, impossible from 33 on.",
    ),
    FamilyEntry(
        "dot_fp16_fp32", "The same, multiplied and added in fp32: enough for n <= 669, no longer from 981 on, impossible from 262411 on."
    ),
    FamilyEntry("mean_bf16", "The mean of n numbers in [0, 1] added in bf16, to 1e-2: enough for n <= 4, and for no n >= 5."),
    FamilyEntry("mean_bf16_fp32", "The mean of n numbers that arrive in bf16, added in fp32, to 1e-2: enough for n <= 65536."),
    FamilyEntry("tanh_depth", "s -> tanh(s + x) applied n times in fp16, to 6e-4: enough for n <= 3, not for n from 4 to 6."),
    FamilyEntry("softmax_codes", "No 8-bit code holds a softmax entry of one logit beside n in [-8, 8] to 1e-3, for n from 1 to 65536."),
    FamilyEntry(
        "layernorm_variance",
        "A layer norm of two fp16 features to 1e-2: enough where the variance is at least 1e-3, not where it may be 2e-5.",
    ),
    FamilyEntry("rsqrt_variance", "1/sqrt(v + 1e-5) for v in [w, 1] in fp16 to a relative 2e-3: where it flips as w shrinks."),
    FamilyEntry("exp_decay_relative", "exp(-x) on [0, D] in fp16 to a relative 1e-2: enough up to D = 12.3, impossible from 12.4 on."),
    FamilyEntry("exp_decay_plane", "exp(-x) on [0, D] in fp16 to a relative e: a staircase in the plane of D and e."),
    FamilyEntry("exp_decay_absolute", "exp(-x) on [0, D] in fp16 to 1e-3: enough for every D from 1 to 64."),
)


def problem_of(entry: Entry) -> Problem:
    """The entry's problem."""
    return Problem(
        expression=read_expression(entry.expr, entry.box),
        box={name: Interval(read_number(lo), read_number(hi)) for name, (lo, hi) in entry.box.items()},
        tolerance=Tolerance(absolute=read_number(entry.eps), relative=read_number(entry.relative)),
    )


def certify(entry: Entry) -> Certificate:
    """Prove the entry, and insist on what its claim says."""
    source, compute, output = (parse_format(text) for text in entry.formats)
    result = prove(problem_of(entry), [Asked(name=entry.name, input=source, compute=compute, output=output)]).results[0]
    assert entry.verdict is None or result.verdict == entry.verdict, (entry.name, result.verdict, result.note)
    assert entry.possible is None or result.possible == entry.possible, (entry.name, result.possible)
    if entry.floor is not None:
        assert result.floor is not None
        assert result.floor >= Fraction(entry.floor), (entry.name, float(result.floor))
    if entry.name.startswith("exact-floor") and entry.possible:
        assert result.floor == result.floor_upper == Fraction(entry.eps), entry.name
    return result.certificate


def main(arguments: list[str]) -> int:
    """Write, or compare."""
    GALLERY.mkdir(exist_ok=True)
    differing = []
    lines = ["# Gallery", "", "Certificates of well-known claims, made by `benchmarks/gallery.py` and re-checked in the tests.", ""]
    lines += ["| certificate | claim | verdict | statement | possible |", "|---|---|---|---|---|"]
    for entry in ENTRIES:
        start = time.monotonic()
        certificate = certify(entry)
        path = GALLERY / f"{entry.name}.json"
        if "--check" in arguments:
            if path.read_bytes() != canonical_bytes(certificate):
                differing.append(entry.name)
        else:
            write(certificate, path)
        possible = "yes" if certificate.possible else "not claimed"
        link = f"[{entry.name}]({entry.name}.json)"
        lines.append(f"| {link} | {entry.claim} | {certificate.verdict} | {certificate.statement} | {possible} |")
        print(f"{entry.name}: {certificate.verdict} {certificate.statement} ({time.monotonic() - start:.2f} s)", flush=True)
    for family in FAMILIES:
        report = check((GALLERY / f"{family.file}.json").read_bytes())
        differing += [] if report.status == "accepted" else [family.name]
        labels = " ".join(sorted({region.statement for region in report.regions}))
        lines.append(f"| [{family.file}]({family.file}.json) | {family.claim} | {report.verdict} | {labels} | not claimed |")
    if "--check" not in arguments:
        (GALLERY / "README.md").write_text("\n".join(lines) + "\n")
    if differing:
        print(f"differing: {', '.join(differing)}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
