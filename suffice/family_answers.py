"""Answers about families: regions of parameters and sizes as tables, for people and for Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.family import Affine, Family
from suffice.errors import InputError
from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest, is_decimal
from suffice.prover.families.extents import Extent, position
from suffice.prover.families.results import FamilyProof, FamilyResult, ProvedRegion
from suffice.prover.results import Amount
from suffice.rendering import to_html, to_text
from suffice.tables import COLOURS, NOTHING, Cell, Table, printable

_LONGEST_FORMULA = 160


@dataclass(frozen=True, slots=True)
class FamilyAnswer:
    """The answer of `prove_family`: one result for each format, in the order asked; `answer["fp16"]` is that of one."""

    proof: FamilyProof

    @property
    def family(self) -> Family:
        """The question."""
        return self.proof.family

    @property
    def results(self) -> tuple[FamilyResult, ...]:
        """One for each format."""
        return self.proof.results

    def __iter__(self) -> Iterator[FamilyResult]:
        return iter(self.results)

    def __getitem__(self, name: str) -> FamilyResult:
        for result in self.results:
            if result.format == name:
                return result
        raise InputError(f"{name!r} was not asked about", mend=f"asked were {', '.join(result.format for result in self.results)}")

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (region_table(self.family, self.results),)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


def region_table(family: Family, results: tuple[FamilyResult, ...]) -> Table:
    """A row for each region and each gap, in the order of sizes and parameters; regions of one verdict at consecutive sizes share one."""
    rows = tuple(row for result in results for row in _rows(result))
    headings = ("format", *axis_names(family), "verdict", "by", "bound", "seconds")
    notes = [f"{result.format}: {line}" for result in results for line in _notes(result)]
    return Table(title=family_headline(family), headings=headings, rows=rows, notes=tuple(notes))


def axis_names(family: Family) -> tuple[str, ...]:
    """The parameters, and the size of the fold."""
    return (*family.parameters, *([family.fold.size] if family.fold else []))


def family_headline(family: Family) -> str:
    """The question in one line."""
    from suffice.encodings.writers.text import to_short_text

    value = f"{family.name or 'f'} = {to_short_text(family.expression, _LONGEST_FORMULA)}"
    fold = family.fold
    steps = ""
    if fold is not None:
        term, start = (to_short_text(part, _LONGEST_FORMULA) for part in (fold.term, fold.start))
        steps = f"{fold.size} steps {fold.state} {'->' if fold.is_step else '+'} {term} from {start}"
    box = ", ".join(f"{name} in [{affine_text(low)}, {affine_text(high)}]" for name, (low, high) in family.box.items())
    conditions = " and ".join(to_short_text(condition, _LONGEST_FORMULA) for condition in family.preconditions)
    sides = ", ".join(f"{name} in [{number_text(side.lo)}, {number_text(side.hi)}]" for name, side in family.parameters.items())
    parts = [value, steps, box, f"where {conditions}" if conditions else "", sides, _sizes_text(family), tolerance_text(family)]
    return printable("; ".join(part for part in parts if part))


def _sizes_text(family: Family) -> str:
    return f"{family.fold.size} {sizes_text(family.fold.least, family.fold.greatest)}" if family.fold else ""


def sizes_text(low: int, high: int | None) -> str:
    """A range of sizes in words."""
    return f">= {low}" if high is None else f"= {low}" if low == high else f"in [{low}, {high}]"


def tolerance_text(family: Family) -> str:
    """What error is allowed."""
    absolute, relative = family.absolute, family.relative
    nothing = Affine(Fraction(0))
    is_relative = absolute == nothing != relative
    return f"|error| <= ({affine_text(relative)}) |f|" if is_relative else f"|error| <= {affine_text(absolute)}"


def affine_text(affine: Affine) -> str:
    """An affine term as it is written in a file."""
    text = ""
    for name, c in affine.coefficients.items():
        factor = "" if abs(c) == 1 else f"{number_text(abs(c))}*"
        sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
        text += f"{sign}{factor}{name}"
    if affine.constant or not text:
        sign = "" if not text else (" - " if affine.constant < 0 else " + ")
        text += f"{sign}{number_text(abs(affine.constant) if text else affine.constant)}"
    return text


def number_text(q: Fraction) -> str:
    """A number of a region: exact where it is short."""
    return decimal_nearest(q, 12) if is_decimal(q, 12) else str(q) if len(str(q)) <= 12 else f"about {decimal_nearest(q, 9)}"


def extent_text(family: Family, extent: Extent) -> str:
    """The parameters and sizes of an extent in words."""
    sides = [f"{name} in [{number_text(side.lo)}, {number_text(side.hi)}]" for name, side in extent.parameters.items()]
    if family.fold is not None and extent.sizes is not None:
        sides.append(f"{family.fold.size} {sizes_text(*extent.sizes)}")
    return ", ".join(sides)


def bound_text(region: ProvedRegion) -> str:
    """What the region's verdict rests on."""
    if isinstance(region.value, str):
        return "a run fails"
    if region.bound == "error_bound":
        return f"error <= {decimal_above(region.value)}"
    return f"{'floor' if region.bound == 'floor' else 'a run errs'} >= {decimal_below(region.value)}"


def merged(regions: Sequence[ProvedRegion]) -> tuple[ProvedRegion, ...]:
    """Regions for people: those of one verdict at consecutive sizes as one, with the weakest of their bounds and all their statements."""
    done: list[ProvedRegion] = []
    for region in sorted(regions, key=lambda region: position(region.extent)):
        both = _merge(done[-1], region) if done else None
        done[-1:] = [both] if both is not None else [*done[-1:], region]
    return tuple(done)


def _merge(a: ProvedRegion, b: ProvedRegion) -> ProvedRegion | None:
    """Two regions as one, None where they are not alike or do not touch."""
    first, second = a.extent.sizes, b.extent.sizes
    if first is None or second is None or first[1] is None or first[1] + 1 != second[0]:
        return None
    if (a.verdict, a.bound, a.extent.parameters) != (b.verdict, b.bound, b.extent.parameters):
        return None
    values = [region.value for region in (a, b) if not isinstance(region.value, str)]
    weakest: Amount = "infinite"
    if values:
        weakest = max(values) if a.bound == "error_bound" else min(values)
    labels = sorted({label for region in (a, b) for label in region.statement.split("+")})
    return replace(
        a, extent=replace(a.extent, sizes=(first[0], second[1])), value=weakest, statement="+".join(labels), seconds=a.seconds + b.seconds
    )


def _rows(result: FamilyResult) -> list[tuple[Cell, ...]]:
    rows = [(region.extent, _verdict_cells(region)) for region in merged(result.regions)]
    rows += [(gap, (Cell("undecided", "magenta"), *[Cell(NOTHING)] * 3)) for gap in result.gaps]
    rows.sort(key=lambda row: position(row[0]))
    return [(Cell(result.format), *_axis_cells(extent), *cells) for extent, cells in rows]


def _verdict_cells(region: ProvedRegion) -> tuple[Cell, ...]:
    verdict = Cell(region.verdict, COLOURS[region.verdict])
    return verdict, Cell(region.statement), Cell(bound_text(region)), Cell(f"{region.seconds:.2f}")


def _axis_cells(extent: Extent) -> list[Cell]:
    cells = [Cell(f"[{number_text(side.lo)}, {number_text(side.hi)}]") for side in extent.parameters.values()]
    return cells + ([Cell(_size_cell(*extent.sizes))] if extent.sizes is not None else [])


def _size_cell(low: int, high: int | None) -> str:
    return f">= {low}" if high is None else str(low) if low == high else f"[{low}, {high}]"


def _notes(result: FamilyResult) -> list[str]:
    lines = []
    if len(merged(result.regions)) < len(result.regions):
        lines.append(f"the certificate proves {len(result.regions)} regions; those of one verdict at consecutive sizes share a row")
    if result.gaps:
        said = "the flip is found down to the resolution" if result.flip_exact else "between the regions nothing is proved"
        lines.append(said)
    elif len({region.verdict for region in result.regions}) > 1:
        lines.append("the flip is exact: the regions leave no gap")
    lines += [f"assumed: {assumption}" for assumption in result.assumptions]
    return lines + ([result.note] if result.note else [])
