"""Where verdicts turn, as JSON."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from suffice.cli.json_output import Object, exact, problem_object, result_object
from suffice.cli.keeping import Kept
from suffice.proofs.certificate import Certificate, digest
from suffice.proofs.decimals import decimal_nearest
from suffice.prover.boxes import LargestBox, LargestBoxes, ScaledBox
from suffice.prover.significand import ExponentRange, Scan
from suffice.prover.staircase import Staircase
from suffice.prover.tolerances import Reached, SmallestTolerances, Tolerances
from suffice.tables import number_text


def scan_object(scan: Scan) -> Object:
    """What the candidates say together, and a line for each; counts and p are JSON numbers."""
    return {
        "impossible_up_to": scan.impossible_up_to,
        "last_impossible": scan.last_impossible,
        "ideal": scan.ideal,
        "sufficient_from": scan.sufficient_from,
        "tight": scan.tight,
        "smallest": scan.is_smallest,
        "open": list(scan.open),
        "undecided": list(scan.undecided),
        f"by_{scan.quantity}": [
            {
                scan.quantity: value,
                "format": result.format,
                "verdict": result.verdict.value,
                "possible": result.possible,
                "certificate": result.digest,
            }
            for value, result in scan
        ],
    }


def exponents_object(found: ExponentRange) -> Object:
    """Both ends, and the first format tried that is enough with both."""
    return {"p": found.base.p, "emax": scan_object(found.emax), "emin": scan_object(found.emin), "format": found.format}


def staircase_object(found: Staircase, kept: Kept) -> Object:
    """One object for each tolerance, with the results of its scan."""
    steps = []
    for threshold, scan in zip(found.thresholds, found.scans, strict=True):
        results = [result_object(result) | _file(kept, step_name(result.format, threshold)) for result in scan.results]
        about = {"tolerance": exact(threshold), "tolerance_decimal": decimal_nearest(threshold, 6)}
        steps.append({**about, "bits": scan_object(scan), "results": results})
    return {
        "problem": problem_object(replace(found.problem, tolerance=None)),
        "measure": _measured(is_relative=found.is_relative),
        "staircase": steps,
    }


def tolerances_object(found: SmallestTolerances, kept: Kept) -> Object:
    """One object for each format."""
    return {
        "problem": problem_object(replace(found.problem, tolerance=None)),
        "measure": _measured(is_relative=found.problem.tolerance is not None and found.problem.tolerance.is_relative),
        "results": [_tolerances_of(result, kept) for result in found.results],
    }


def _measured(*, is_relative: bool) -> str:
    return "relative error" if is_relative else "absolute error"


def _tolerances_of(result: Tolerances, kept: Kept) -> Object:
    named = {name: getattr(result, name) for name in ("sufficient", "insufficient", "possible", "impossible")}
    turns: Object = {name: None if reached is None else _reached(reached, kept, result) for name, reached in named.items()}
    return {"format": result.format, **turns, "always_fails": result.always_fails, "note": result.note, "seconds": result.seconds}


def _reached(reached: Reached, kept: Kept, result: Tolerances) -> Object:
    names = {digest(certificate): name for name, certificate in result.certificates.items()}
    identity = digest(reached.certificate)
    return {
        "tolerance": exact(reached.threshold),
        "tolerance_decimal": decimal_nearest(reached.threshold, 6),
        "verdict": reached.certificate.verdict.value,
        "statement": reached.certificate.statement,
        "certificate": identity,
        **_file(kept, kept_name(result.format, names[identity])),
    }


def boxes_object(found: LargestBoxes, kept: Kept) -> Object:
    """One object for each format."""
    return {"problem": problem_object(found.problem), "results": [_box_of(result, kept) for result in found.results]}


def _box_of(result: LargestBox, kept: Kept) -> Object:
    ends = {"largest": result.largest, "smallest_failing": result.smallest_failing, "unanswered": result.unanswered}
    objects = {name: end and _scaled(end) | _file(kept, kept_name(result.format, name)) for name, end in ends.items()}
    return {"format": result.format, **objects, "tried": [_scaled(box) for box in result.tried]}


def _scaled(box: ScaledBox) -> Object:
    return {
        "scale": exact(box.scale),
        "scale_decimal": decimal_nearest(box.scale, 6),
        "box": {name: [exact(side.lo), exact(side.hi)] for name, side in box.box.items()},
        "note": box.note,
        "result": None if box.result is None else result_object(box.result),
    }


def kept_name(fmt: str, what: str) -> str:
    """The name under which a certificate about a format is kept that proves `what`."""
    return f"{fmt} {what.replace('_', ' ')}"


def step_name(fmt: str, threshold: Fraction) -> str:
    """The name under which a certificate of a staircase is kept."""
    return f"{fmt} at {number_text(threshold)}"


def staircase_certificates(found: Staircase) -> dict[str, Certificate]:
    """All certificates, under the names that they are kept by."""
    return {
        step_name(result.format, threshold): result.certificate
        for threshold, scan in zip(found.thresholds, found.scans, strict=True)
        for result in scan.results
    }


def tolerance_certificates(found: SmallestTolerances) -> dict[str, Certificate]:
    """The certificates of all formats, under the names that they are kept by."""
    return {kept_name(result.format, name): certificate for result in found.results for name, certificate in result.certificates.items()}


def box_certificates(found: LargestBoxes) -> dict[str, Certificate]:
    """The certificates of the two ends of all formats, under the names that they are kept by."""
    return {
        kept_name(result.format, name): end.result.certificate
        for result in found.results
        for name, end in (("largest", result.largest), ("smallest_failing", result.smallest_failing))
        if end is not None and end.result is not None
    }


def _file(kept: Kept, name: str) -> Object:
    return {"file": str(kept.files[name])} if name in kept.files else {}
