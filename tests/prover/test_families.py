"""Regions of families: what is proved of all members holds for each, and flips lie where they must."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.problem import Interval
from suffice.encodings.readers.family_toml import read_family_toml
from suffice.errors import InputError
from suffice.family_questions import ask_family
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.rounding import Special, round_exact
from suffice.proofs.certificate import Verdict
from suffice.proofs.families import canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.families import FamilyResult, ProvedRegion, prove_family
from suffice.prover.families.columns import Columns, column_axis
from suffice.prover.families.desk import Desk
from suffice.prover.families.extents import FARTHEST_SIZE, SIZE, Extent, cut, declared, ends, is_fine, join, meet, subtract, touch, widest
from suffice.prover.families.question import FamilyCase
from suffice.prover.families.survey import Survey

S, IMPOSSIBLE, INSUFFICIENT = Verdict.SUFFICIENT, Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT
TINY = "float(p=4,emin=-6,emax=7)"

SUM = """
expr = "s"
eps = "{eps}"
inputs = "{inputs}"
[box]
x = ["0", "1"]
[fold]
size = "n"
sizes = {sizes}
state = "s"
start = "0"
term = "x"
elements = ["x"]
"""

DECAY = """
expr = "exp(-x)"
{tolerance}
[parameters]
D = ["1", "64"]
{more}
[box]
x = ["0", "D"]
"""


def solve(text: str, fmt: str, accumulate: str | None = None, timeout: float = 60.0, resolution: str = "1/1000") -> FamilyResult:
    family = read_family_toml(text).family
    return prove_family(family, ask_family(fmt, accumulate=accumulate), timeout=timeout, resolution=Fraction(resolution)).results[0]


def sizes_of(result: FamilyResult) -> list[tuple[Verdict, tuple[int, int | None]]]:
    found = [(region.verdict, region.extent.sizes) for region in result.regions]
    return sorted(((verdict, sizes) for verdict, sizes in found if sizes is not None), key=lambda item: item[1][0])


# extents


def line(low: str, high: str) -> Extent:
    return Extent({"t": Interval(Fraction(low), Fraction(high))})


@pytest.mark.parametrize(
    ("extent", "axis"),
    [
        (line("0", "1"), "t"),
        (line("1/1000", "1000"), "t"),
        (line("-64", "-1"), "t"),
        (line("-1", "1"), "t"),
        (Extent({}, (1, 65536)), SIZE),
        (Extent({}, (7, 8)), SIZE),
        (Extent({}, (3, None)), SIZE),
    ],
)
def test_halves_join_to_the_whole(extent: Extent, axis: str) -> None:
    halves = cut(extent, axis)
    assert halves is not None
    near, far = halves
    assert touch(near, far, axis)
    assert join(near, far) == join(far, near) == extent
    assert subtract(extent, near, axis) == [far]
    assert subtract(extent, extent, axis) == []
    assert meet(extent, near)
    assert meet(near, far) == (axis != SIZE)


def test_what_cannot_be_cut_or_joined() -> None:
    assert cut(Extent({}, (5, 5)), SIZE) is None
    assert cut(Extent({}, (FARTHEST_SIZE * 2, None)), SIZE) is None
    assert cut(line("1", "1"), "t") is None
    assert join(Extent({}, (1, 5)), Extent({}, (7, 9))) is None
    assert join(line("0", "1"), line("2", "3")) is None
    assert (
        join(Extent({"t": Interval(Fraction(0), Fraction(1))}, (1, 5)), Extent({"t": Interval(Fraction(1), Fraction(2))}, (6, 9))) is None
    )
    assert not meet(Extent({}, (1, 5)), Extent({}, (6, None)))
    assert is_fine(line("1", "1001/1000"), "t", Fraction(1, 1000))
    assert not is_fine(line("1", "1003/1000"), "t", Fraction(1, 1000))


def test_the_widest_axis_is_measured_as_it_is_cut() -> None:
    whole = Extent({"e": Interval(Fraction(1, 10**6), Fraction(1))}, (1, 16))
    near, _ = cut(whole, "e") or (whole, whole)
    assert widest(whole, whole, Fraction(1, 100)) in ("e", SIZE)
    assert widest(near, whole, Fraction(1, 100)) == SIZE


# surveys, with verdicts that are known


def region(extent: Extent, verdict: Verdict) -> ProvedRegion:
    return ProvedRegion(extent=extent, verdict=verdict, bound="floor", value=Fraction(1), statement="T", evidence={})


def survey(whole: Extent, truth: Callable[[Extent, Verdict], bool], resolution: str = "1/1000") -> Survey:
    done = Survey(
        whole, lambda extent, verdict: region(extent, verdict) if truth(extent, verdict) else None, Fraction(resolution), lambda: False
    )
    done.run()
    return done


def partition(whole: Extent, parts: Iterable[Extent], axis: str) -> None:
    """The parts lie side by side and fill the whole."""
    ordered = sorted(parts, key=lambda part: ends(part, axis)[0])
    assert ends(ordered[0], axis)[0] == ends(whole, axis)[0]
    assert ends(ordered[-1], axis)[1] == ends(whole, axis)[1]
    assert all(touch(a, b, axis) for a, b in itertools.pairwise(ordered))


@pytest.mark.parametrize("flip", ["1/3", "1/50", "0.999"])
def test_a_flip_is_found_down_to_the_resolution(flip: str) -> None:
    at = Fraction(flip)

    def truth(extent: Extent, verdict: Verdict) -> bool:
        side = extent.parameters["t"]
        return (verdict is S and side.hi <= at) or (verdict is IMPOSSIBLE and side.lo > at)

    found = survey(line("1/100", "1"), truth)
    assert found.is_exact()
    assert {part.verdict for part in found.regions} == {S, IMPOSSIBLE}
    partition(found.whole, [*(part.extent for part in found.regions), *found.gaps], "t")
    assert sum(gap.parameters["t"].hi - gap.parameters["t"].lo for gap in found.gaps) <= Fraction(1, 400)


def test_sizes_are_told_apart_exactly_and_what_is_impossible_wins() -> None:
    def truth(extent: Extent, verdict: Verdict) -> bool:
        assert extent.sizes is not None
        low, high = extent.sizes
        top = high if high is not None else 1 << 62
        return (verdict is S and top <= 17) or (verdict is INSUFFICIENT and low >= 40) or (verdict is IMPOSSIBLE and low >= 3000)

    found = survey(Extent({}, (1, None)), truth)
    assert sorted((part.extent.sizes or (0, 0), part.verdict) for part in found.regions) == [
        ((1, 17), S), ((40, 2999), INSUFFICIENT), ((3000, None), IMPOSSIBLE),
    ]  # fmt: skip
    assert found.gaps == [Extent({}, (18, 39))]
    assert not found.is_exact()


def test_verdicts_that_come_and_go_are_found() -> None:
    """Not monotone: sufficient in the middle alone."""

    def truth(extent: Extent, verdict: Verdict) -> bool:
        side = extent.parameters["t"]
        inside = Fraction(1, 4) <= side.lo and side.hi <= Fraction(1, 2)
        outside = side.hi < Fraction(1, 4) or side.lo > Fraction(1, 2)
        return inside if verdict is S else verdict is INSUFFICIENT and outside

    found = survey(line("0", "1"), truth)
    assert [part.verdict for part in sorted(found.regions, key=lambda part: part.extent.parameters["t"].lo)] == [
        INSUFFICIENT,
        S,
        INSUFFICIENT,
    ]
    assert found.is_exact()


@pytest.mark.parametrize("rising", [True, None])
def test_a_plane_is_covered_by_boxes_that_do_not_overlap(*, rising: bool | None) -> None:
    def truth(extent: Extent, verdict: Verdict) -> bool:
        assert extent.sizes is not None
        side, (low, high) = extent.parameters["e"], extent.sizes
        assert high is not None
        return (verdict is S and side.lo * 100 >= high) or (verdict is IMPOSSIBLE and side.hi * 100 < low)

    whole = Extent({"e": Interval(Fraction(1, 100), Fraction(1))}, (1, 100))
    found = Survey(
        whole, lambda extent, verdict: region(extent, verdict) if truth(extent, verdict) else None, Fraction(1, 20), lambda: False
    )
    Columns(found, "e", rising).run()
    areas = [
        (part.parameters["e"].hi - part.parameters["e"].lo) * (part.sizes[1] - part.sizes[0] + 1)
        for part in (*(part.extent for part in found.regions), *found.gaps)
        if part.sizes and part.sizes[1]
    ]
    assert sum(areas) == Fraction(99, 100) * 100
    proved = sum(areas[: len(found.regions)])
    assert proved > 80
    assert {part.verdict for part in found.regions} == {S, IMPOSSIBLE}


def test_columns_run_along_a_parameter_of_the_tolerance_alone() -> None:
    for tolerance, rising in (('rel = "e"', True), ('rel = "1 - e"', False)):
        family = read_family_toml(DECAY.format(tolerance=tolerance, more='e = ["1e-3", "1e-1"]')).family
        assert column_axis(family, declared(family)) == ("e", rising)
    family = read_family_toml(DECAY.format(tolerance='rel = "e"', more='e = ["1e-3", "1e-1"]').replace("exp(-x)", "exp(-x) + e")).family
    assert column_axis(family, declared(family)) == ("e", None)


def test_nothing_is_tried_when_time_is_spent() -> None:
    late = Survey(line("0", "1"), lambda *_: pytest.fail("asked"), Fraction(1, 10), lambda: True)
    late.run()
    assert (late.regions, late.gaps) == ([], [line("0", "1")])


# against enumeration


def number(rounded: Fraction | Special) -> Fraction:
    assert isinstance(rounded, Fraction)
    return rounded


def test_a_sum_in_a_tiny_format_against_all_choices_of_elements() -> None:
    """p = 4: regions against the largest error over all representable elements, by exact rationals."""
    fmt = parse_format(TINY)
    result = solve(SUM.format(eps="3/32", inputs="representable", sizes="[1, 64]"), TINY)
    values = {number(round_exact(fmt, Fraction(k, 64))) for k in range(65)}
    reached = {(Fraction(0), Fraction(0))}
    worst = {}
    for size in range(1, 6):
        reached = {(number(round_exact(fmt, held + x)), real + x) for held, real in reached for x in values}
        worst[size] = max(abs(held - real) for held, real in reached)
    for part in result.regions:
        assert part.extent.sizes is not None
        low, high = part.extent.sizes
        for size, error in worst.items():
            if low <= size and (high is None or size <= high):
                assert (error <= Fraction(3, 32)) == (part.verdict is S), (size, error, part)
    assert {verdict for verdict, _ in sizes_of(result)} >= {S, INSUFFICIENT} or IMPOSSIBLE in {verdict for verdict, _ in sizes_of(result)}
    assert result.certificate is not None
    assert check(canonical_bytes(result.certificate)).status == "accepted"


def test_a_sum_that_stands_still_is_insufficient_for_all_sizes() -> None:
    """Four bits count to 16 in steps of 1, for 17 is a tie that goes back: from there on the program is wrong for ever."""
    result = solve(SUM.format(eps="1/2", inputs="representable", sizes='[1, "inf"]').replace('x = ["0", "1"]', 'x = ["1", "1"]'), TINY)
    assert sizes_of(result)[0] == (S, (1, 16))
    assert sizes_of(result)[-1][1][1] is None
    assert {verdict for verdict, _ in sizes_of(result)[1:]} <= {INSUFFICIENT, IMPOSSIBLE}
    assert result.gaps == ()
    assert result.flip_exact


# the exponential as its interval grows


def test_a_relative_tolerance_flips_where_results_become_subnormal() -> None:
    result = solve(DECAY.format(tolerance='rel = "1e-2"', more=""), "fp16", resolution="1/100")
    assert result.flip_exact
    (enough,) = [part for part in result.regions if part.verdict is S]
    (never,) = [part for part in result.regions if part.verdict is IMPOSSIBLE]
    least, greatest = enough.extent.parameters["D"], never.extent.parameters["D"]
    assert least.lo == 1
    assert greatest.hi == 64
    assert 0 <= greatest.lo - least.hi <= Fraction(1, 50) * greatest.lo
    inputs = np.linspace(0, float(least.hi), 20001)
    answers = np.exp(-inputs.astype(np.float16).astype(np.float64)).astype(np.float16).astype(np.float64)
    assert np.max(np.abs(answers / np.exp(-inputs) - 1)) <= 1e-2
    assert best_relative_error(np.linspace(11, float(greatest.lo), 400001)) > 1e-2
    assert best_relative_error(np.linspace(11, float(least.hi), 400001)) <= 1e-2


def best_relative_error(inputs: np.ndarray) -> float:
    """What the best fp16 answer to exp(-x) costs on the worst of the cells of these inputs."""
    codes, exact = inputs.astype(np.float16), np.exp(-inputs)
    worst = 0.0
    for code in np.unique(codes):
        image = exact[codes == code]
        near = np.float16(image.mean())
        answers = [near, np.nextafter(near, np.float16(1)), np.nextafter(near, np.float16(0))]
        worst = max(worst, min(float(np.abs(float(answer) / image - 1).max()) for answer in answers))
    return worst


def test_an_absolute_tolerance_is_enough_for_all() -> None:
    result = solve(DECAY.format(tolerance='eps = "1e-3"', more=""), "fp16")
    assert result.verdict is S
    assert result.gaps == ()
    assert [part.extent for part in result.regions] == [declared(read_family_toml(DECAY.format(tolerance='eps = "1e-3"', more="")).family)]
    assert result.flip_exact


def test_the_kernel_accepts_the_certificate_and_no_wider_region() -> None:
    result = solve(DECAY.format(tolerance='rel = "1e-2"', more=""), "fp16", resolution="1/20")
    assert result.certificate is not None
    data = canonical_bytes(result.certificate)
    assert check(data).status == "accepted"
    (enough,) = [part for part in result.regions if part.verdict is S]
    family = read_family_toml(DECAY.format(tolerance='rel = "1e-2"', more="")).family
    desk = Desk(FamilyCase(family=family, asked=ask_family("fp16")[0]), time.monotonic() + 10)
    for high, proved in ((enough.extent.parameters["D"].hi, True), (Fraction(14), False)):
        extent = Extent({"D": Interval(Fraction(1), high)})
        assert (desk.offer(extent, S, enough.evidence, 0.0) is not None) == proved


def test_a_resolution_is_a_positive_number() -> None:
    with pytest.raises(InputError, match="resolution"):
        solve(DECAY.format(tolerance='eps = "1e-3"', more=""), "fp16", resolution="2")


def test_without_time_nothing_is_claimed() -> None:
    result = solve(DECAY.format(tolerance='eps = "1e-3"', more=""), "fp16", timeout=0.0)
    assert (result.regions, result.certificate, result.verdict) == ((), None, Verdict.UNDECIDED)
    assert result.note == "time ran out"
