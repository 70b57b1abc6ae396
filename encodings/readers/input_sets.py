"""Sets of inputs of a network, as they are written on a command line.

    box(0, 1)    box(low.npy, high.npy)    balls(samples.npy, radius=0.01, within=0:1, first=10)    points(data.csv, first=100)

Samples are an array whose first axis counts them: a file .npy, .npz (file.npz:NAME where it holds several), .csv (a line for each sample),
or MODULE:FUNCTION, which gives one. Numbers in the text are exact: ends that are no float64 numbers are rounded outward, a radius upward.
Those in a .csv are read as the nearest float64 numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, isfinite, nextafter

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.inputs import InputSet, balls, box
from suffice.encodings.problem import InputModel
from suffice.encodings.readers.arrays import read_array
from suffice.encodings.readers.numbers import looks_like_number, read_number
from suffice.encodings.readers.places import shown
from suffice.errors import InputError

Array = NDArray[np.float64]

_CALL = re.compile(r"\s*([a-z]+)\s*\((.*)\)\s*")
_MEND = "write box(0,1), balls(FILE.npy, radius=0.01, within=0:1, first=10) or points(FILE.npy, first=100)"
_OPTIONS = {"box": (), "balls": ("radius", "within", "first"), "points": ("first",)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputsAsked:
    """What a text asks for, its arrays read. `samples` are those of balls and points; `lo` and `hi` the ends of a box, or of `within`."""

    text: str
    kind: str
    samples: Array | None = None
    radius: float = 0.0
    lo: Array | None = None
    hi: Array | None = None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of one input as the arrays have it; None where only numbers are given."""
        if self.samples is not None:
            return self.samples.shape[1:]
        assert self.lo is not None and self.hi is not None
        return max(self.lo.shape, self.hi.shape, key=len) or None

    def inputs(self, shape: tuple[int, ...], model: InputModel = InputModel.REAL) -> InputSet:
        """The set, for a network whose input has this shape. Raises InputError where the arrays do not fit it."""
        if self.samples is None:
            assert self.lo is not None and self.hi is not None
            return box(_fitted(self.lo, shape, self.text), _fitted(self.hi, shape, self.text), shape, model)
        samples = _fitted_samples(self.samples, shape, self.text)
        if self.lo is None or self.hi is None:
            return balls(samples, self.radius, model=model)
        within = (float(self.lo), float(self.hi))
        outside = ((samples < within[0]) | (samples > within[1])).reshape(len(samples), -1).any(axis=1)
        if outside.any():
            raise InputError(
                f"sample {int(np.argmax(outside))} does not lie within {within[0]}:{within[1]}", where=self.text, mend="widen within"
            )
        return balls(samples, self.radius, within=within, model=model)


def read_inputs_text(text: str) -> InputsAsked:
    """Read the text and the arrays it names. Raises InputError."""
    match = _CALL.fullmatch(text)
    if match is None or match[1] not in _OPTIONS or not text.isprintable():
        raise InputError(f"{shown(text)} is no set of inputs", mend=_MEND)
    kind, places, options = match[1], *_arguments(match[2], text)
    for name in options:
        if name not in _OPTIONS[kind]:
            known = ", ".join(_OPTIONS[kind]) or "no options"
            raise InputError(f"{kind} has no option {shown(name)}", where=text, mend=f"it takes {known}")
    if len(places) != (2 if kind == "box" else 1):
        raise InputError(
            f"{kind} takes {'two ends' if kind == 'box' else 'one array of samples'}, not {len(places)}", where=text, mend=_MEND
        )
    if kind == "box":
        lo, hi = (_end(place, text, up=up) for place, up in zip(places, (False, True), strict=True))
        return InputsAsked(text=text, kind=kind, lo=lo, hi=hi)
    asked = InputsAsked(text=text, kind=kind, samples=_samples(places[0], options.get("first"), text))
    return _as_balls(asked, options) if kind == "balls" else asked


def points_of(samples: Array, text: str) -> InputsAsked:
    """A finite set, from an array in memory whose first axis counts samples. Raises InputError."""
    return InputsAsked(text=text, kind="points", samples=_checked_samples(samples, text))


def _arguments(text: str, where: str) -> tuple[list[str], dict[str, str]]:
    """The parts without a name, then those with one."""
    places: list[str] = []
    options: dict[str, str] = {}
    for part in text.split(",") if text.strip() else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            places.append(name)
        elif not value or name in options:
            raise InputError(f"{shown(part.strip())} has no value or is given twice", where=where, mend=_MEND)
        else:
            options[name] = value
    if not all(places):
        raise InputError("an argument is empty", where=where, mend=_MEND)
    return places, options


def _as_balls(asked: InputsAsked, options: dict[str, str]) -> InputsAsked:
    if "radius" not in options:
        raise InputError("balls have no radius", where=asked.text, mend="add radius=0.01, or write points(...)")
    radius = read_number(options["radius"], where=asked.text)
    if radius < 0:
        raise InputError(f"the radius {options['radius']} is negative", where=asked.text, mend="use radius >= 0")
    asked = replace(asked, radius=float64_beyond(radius, up=True))
    if "within" not in options:
        return asked
    lo, colon, hi = options["within"].partition(":")
    if not colon:
        raise InputError(f"within={options['within']} is no interval", where=asked.text, mend="write within=0:1")
    ends = [read_number(end, where=asked.text) for end in (lo, hi)]
    if ends[0] > ends[1]:
        raise InputError(f"within={options['within']} has lo > hi", where=asked.text, mend="swap the ends")
    return replace(asked, lo=np.array(float64_beyond(ends[0], up=False)), hi=np.array(float64_beyond(ends[1], up=True)))


def _end(place: str, text: str, *, up: bool) -> Array:
    """One end of a box: a number for all elements, or an array; a table of one line is a vector."""
    if looks_like_number(place) or place.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return np.array(float64_beyond(read_number(place, where=text), up=up))
    array = read_array(place)
    return array[0] if place.lower().endswith(".csv") and len(array) == 1 else array


def _samples(place: str, first: str | None, text: str) -> Array:
    samples = _checked_samples(read_array(place), place)
    if first is None:
        return samples
    if not first.isdecimal() or len(first) > 9 or int(first) < 1:
        raise InputError(f"first={first} is no count of samples", where=text, mend="use a whole number >= 1")
    if int(first) > len(samples):
        raise InputError(f"first={first}, but there are {len(samples)} samples", where=text, mend=f"use first={len(samples)} or fewer")
    return samples[: int(first)]


def _checked_samples(samples: Array, where: str) -> Array:
    if samples.ndim == 0 or samples.size == 0:
        raise InputError(f"an array of shape {samples.shape} holds no samples", where=where, mend="its first axis counts the samples")
    return samples.reshape(-1, 1) if samples.ndim == 1 else samples


def _fitted(ends: Array, shape: tuple[int, ...], where: str) -> Array:
    if ends.ndim and ends.size != np.prod(shape, dtype=np.int64):
        raise InputError(f"ends of shape {ends.shape} do not fit the input's shape {shape}", where=where, mend="give ends of that shape")
    return ends.reshape(shape) if ends.ndim else ends


def _fitted_samples(samples: Array, shape: tuple[int, ...], where: str) -> Array:
    """Samples with a batch axis of one more, or flat ones, are those of the input's shape."""
    given = samples.shape[1:]
    fits = given == shape or given == (1, *shape) or (len(given) == 1 and given[0] == np.prod(shape, dtype=np.int64))
    if not fits:
        raise InputError(
            f"samples of shape {given} do not fit the input's shape {shape}", where=where, mend="give an array (samples, *shape)"
        )
    return samples.reshape(-1, *shape)


def float64_beyond(value: Fraction, *, up: bool) -> float:
    """The nearest float64 number that is >= value (`up`) or <= it. Raises InputError where there is none that is finite."""
    try:
        near = float(value)
    except OverflowError:
        near = inf
    exact = isfinite(near) and (Fraction(near) >= value if up else Fraction(near) <= value)
    near = near if exact else nextafter(near, inf if up else -inf)
    if not isfinite(near):
        raise InputError("a number is beyond float64", mend="use a smaller one")
    return near
