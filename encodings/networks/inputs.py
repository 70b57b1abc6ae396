"""The sets of inputs asked about: a finite union of boxes, a single point being a box without width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.problem import InputModel
from suffice.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputBox:
    """lo <= x <= hi for every element; float64 ends, exact."""

    lo: Array
    hi: Array
    name: str = ""

    def __post_init__(self) -> None:
        if self.lo.shape != self.hi.shape or not (np.isfinite(self.lo).all() and np.isfinite(self.hi).all()):
            raise InputError(
                "the ends of a box differ in shape or are not finite", where=self.name, mend="give finite lo and hi of one shape"
            )
        if (self.lo > self.hi).any():
            where = tuple(int(i) for i in np.argwhere(self.lo > self.hi)[0])
            raise InputError(f"lo > hi at element {where}", where=self.name, mend="swap the ends")

    @property
    def is_point(self) -> bool:
        """Whether the box holds one input only."""
        return bool((self.lo == self.hi).all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputSet:
    """A union of boxes, and how inputs arrive: `real` (first rounded to the input format) or `representable` (in it already)."""

    boxes: tuple[InputBox, ...]
    model: InputModel = InputModel.REAL

    def __post_init__(self) -> None:
        if not self.boxes:
            raise InputError("no inputs were given", mend="give a box, balls around samples, or a data set")
        if len({box.lo.shape for box in self.boxes}) > 1:
            raise InputError("the inputs differ in shape", mend="give samples of one shape")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self.boxes[0].lo.shape


def box(lo: Array | float, hi: Array | float, shape: tuple[int, ...], model: InputModel = InputModel.REAL) -> InputSet:
    """All inputs between lo and hi, element by element; numbers stand for every element."""
    ends = (np.ascontiguousarray(np.broadcast_to(np.asarray(end, dtype=np.float64), shape)) for end in (lo, hi))
    lower, upper = ends
    return InputSet(boxes=(InputBox(lo=lower, hi=upper, name="box"),), model=model)


def balls(samples: Array, radius: float, *, within: tuple[float, float] | None = None, model: InputModel = InputModel.REAL) -> InputSet:
    """Max-norm balls around samples (the first axis counts them), cut to `within` where given; ends are rounded outward to float64."""
    if not radius >= 0:
        raise InputError(f"the radius {radius} is not a number >= 0", mend="use radius >= 0")
    samples = np.asarray(samples, dtype=np.float64)
    lower, upper = (samples, samples) if radius == 0 else (np.nextafter(samples - radius, -np.inf), np.nextafter(samples + radius, np.inf))
    if within is not None:
        lower, upper = np.clip(lower, *within), np.clip(upper, *within)
    boxes = tuple(InputBox(lo=lo, hi=hi, name=f"sample {position}") for position, (lo, hi) in enumerate(zip(lower, upper, strict=True)))
    return InputSet(boxes=boxes, model=model)


def points(samples: Array, model: InputModel = InputModel.REAL) -> InputSet:
    """A finite data set: each sample (first axis) is one input."""
    return balls(samples, 0.0, model=model)
