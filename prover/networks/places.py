"""Where the inputs of a search may lie, and to which side of their cells they are moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import Storage
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.hardware_specs.vectorised import cell_ends_array, fits_float64, round_array

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """In the box, and in the input's format where inputs arrive representable."""

    stored: Storage | None
    box: InputBox
    model: InputModel

    @property
    def cells(self) -> FloatFormat | IntFormat | None:
        """The input's format, where its cells can be computed with."""
        return self.stored if isinstance(self.stored, FloatFormat | IntFormat) and fits_float64(self.stored) else None

    def admit(self, batch: Array) -> tuple[Array, Mask]:
        """The batch moved into the set, and for which inputs that succeeds."""
        inside = np.clip(batch, self.box.lo, self.box.hi)
        if self.model is InputModel.REAL or self.cells is None:
            return inside, np.ones(len(batch), dtype=np.bool_)
        rounded = round_array(self.cells, inside)
        fits: Mask = ((rounded >= self.box.lo) & (rounded <= self.box.hi)).reshape(len(batch), -1)
        return rounded, np.asarray(fits.all(axis=1))

    def pushed(self, batch: Array, signs: Array) -> Array:
        """Each element moved, within its cell, to where its rounding error has this sign and is largest."""
        if self.model is not InputModel.REAL or self.cells is None:
            return batch
        lower, upper = cell_ends_array(self.cells, round_array(self.cells, batch))
        pushed = np.where(signs > 0, np.nextafter(lower, np.inf), np.nextafter(upper, -np.inf))
        return np.where(np.isfinite(pushed) & (signs != 0), pushed, batch)

    def random(self, count: int, rng: np.random.Generator) -> Array:
        """Random inputs, a third of them corners, the first the middle."""
        lo, hi = self.box.lo, self.box.hi
        batch = lo + (hi - lo) * rng.random((count, *lo.shape))
        corners = np.where(rng.random((count // 3, *lo.shape)) < 0.5, lo, hi)
        batch[1 : 1 + len(corners)] = corners
        batch[0] = lo + (hi - lo) / 2
        return batch

    def sides(self, x: Array, rng: np.random.Generator) -> Array:
        """Other values for every element, along the leading axis: ends of the box, sides of its own cell and of those of the ends, any."""
        lo, hi = self.box.lo, self.box.hi
        values = [lo, hi, lo + (hi - lo) * rng.random(lo.shape)]
        for place in (x, lo, hi):
            values += [np.clip(self.pushed(place, np.full(lo.shape, sign)), lo, hi) for sign in (1.0, -1.0)]
        return np.stack(values)
