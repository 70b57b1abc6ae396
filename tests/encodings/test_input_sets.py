"""Sets of inputs as they are written: what they hold, rounded outward, and a clear line for everything that is none."""

from __future__ import annotations

import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.problem import InputModel
from suffice.encodings.readers.input_sets import float64_beyond, points_of, read_inputs_text
from suffice.encodings.readers.user_code import call_function, names_function
from suffice.errors import InputError

SAMPLES = np.array([[0.0, 0.25, 1.0], [0.5, 0.75, 0.125]])

OWN_CODE = """
import numpy as np
def samples(): return np.eye(3)
def text(): return "abc"
def ragged(): return [[1], [1, 2]]
def raises(): raise ValueError("first line\\nsecond line")
def needs(): import surely_absent
def prints():
    print("hello")
    return np.eye(3)
def leaves(): raise SystemExit(0)
number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with arrays of many kinds, the current one."""
    monkeypatch.chdir(tmp_path)
    np.save("s.npy", SAMPLES)
    np.savez("one.npz", only=SAMPLES)
    np.savez("two.npz", a=SAMPLES, b=SAMPLES[:1])
    np.save("nan.npy", np.array([[1.0, np.nan]]))
    np.save("complex.npy", np.array([[1j]]))
    np.save("objects.npy", np.array([[{}]]), allow_pickle=True)
    np.save("big.npy", np.array([[2**53 + 1]]))
    np.save("none.npy", np.zeros((0, 3)))
    Path("s.csv").write_text("0.1,0.2\n3,4\n")
    Path("heading.csv").write_text("a,b\n1,2\n")
    Path("empty.csv").write_text("")
    Path("ragged.csv").write_text("1,2\n3\n")
    Path("junk.npy").write_bytes(b"no array")
    Path("junk.npz").write_bytes(b"no archive")
    Path("own.py").write_text(OWN_CODE)
    Path("broken.py").write_text("def f(:\n")
    Path("exits.py").write_text("raise RuntimeError('at import')\n")
    return tmp_path


def read(text: str, shape: tuple[int, ...] = (3,)) -> InputSet:
    return read_inputs_text(text).inputs(shape)


def test_a_box_holds_what_it_says() -> None:
    (box,) = read("box(0, 1)").boxes
    assert (box.lo.tolist(), box.hi.tolist()) == ([0, 0, 0], [1, 1, 1])
    (box,) = read("box(own.py:samples, 2)", (3, 3)).boxes
    assert (box.lo.tolist(), box.hi.tolist()) == (np.eye(3).tolist(), np.full((3, 3), 2.0).tolist())


def test_a_table_of_one_line_is_an_end() -> None:
    Path("low.csv").write_text("0,-1,0.5\n")
    asked = read_inputs_text("box(low.csv, 1)")
    assert asked.shape == (3,)
    assert asked.inputs((3,)).boxes[0].lo.tolist() == [0, -1, 0.5]


def test_what_own_code_prints_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    read("points(own.py:prints)")
    assert capsys.readouterr() == ("", "hello\n")


def test_ends_are_rounded_outward() -> None:
    (box,) = read("box(-0.1, 1/3)").boxes
    assert Fraction(box.lo[0]) <= Fraction(-1, 10) < Fraction(np.nextafter(box.lo[0], 1))
    assert Fraction(np.nextafter(box.hi[0], 0)) < Fraction(1, 3) <= Fraction(box.hi[0])


@given(st.fractions())
def test_a_float_beyond_is_the_nearest_on_its_side(value: Fraction) -> None:
    above, below = float64_beyond(value, up=True), float64_beyond(value, up=False)
    assert Fraction(float(np.nextafter(above, -np.inf))) < value <= Fraction(above)
    assert Fraction(below) <= value < Fraction(float(np.nextafter(below, np.inf)))


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.integers(1, 10**6))
def test_a_ball_holds_every_real_within_its_radius(sample: list[float], thousandths: int) -> None:
    """Also where sample - radius is nearly 0 and the radius is no float64 number."""
    text = f"{thousandths}/1000003"
    np.save("ball.npy", np.array([sample]))
    (box,) = read(f"balls(ball.npy, radius={text})").boxes
    for x, lo, hi in zip(sample, box.lo, box.hi, strict=True):
        assert Fraction(lo) <= Fraction(x) - Fraction(text) <= Fraction(x) + Fraction(text) <= Fraction(hi)
        assert Fraction(hi) - Fraction(x) - Fraction(text) < Fraction(1, 2**50)


def test_balls_are_cut_and_counted() -> None:
    (box,) = read("balls(s.npy, radius=0.25, within=0:1, first=1)").boxes
    assert box.lo.tolist() == [0, 0, np.nextafter(0.75, 0)]
    assert box.hi.tolist() == [np.nextafter(0.25, 1), np.nextafter(0.5, 1), 1]
    assert len(read("balls(s.npy, radius=0.25)").boxes) == 2


@pytest.mark.parametrize("place", ["s.npy", "one.npz", "two.npz:a"])
def test_points_are_exact(place: str) -> None:
    boxes = read(f"points({place})").boxes
    assert [box.lo.tolist() for box in boxes] == SAMPLES.tolist() == [box.hi.tolist() for box in boxes]
    assert all(box.is_point for box in boxes)


def test_tables_and_functions_give_samples() -> None:
    assert [box.lo.tolist() for box in read("points(s.csv)", (2,)).boxes] == [[0.1, 0.2], [3, 4]]
    assert len(read("points(own.py:samples, first=2)").boxes) == 2
    assert read_inputs_text("points(s.npy)").inputs((3,), InputModel.REPRESENTABLE).model is InputModel.REPRESENTABLE


def test_flat_samples_and_samples_with_a_batch_axis_take_the_input_s_shape() -> None:
    np.save("flat.npy", np.arange(8.0).reshape(2, 4))
    np.save("batched.npy", np.arange(8.0).reshape(2, 1, 2, 2))
    for name in ("flat", "batched"):
        assert read(f"points({name}.npy)", (2, 2)).boxes[1].lo.tolist() == [[4, 5], [6, 7]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no set of inputs; write box(0,1)"),
        ("ball(s.npy)", "'ball(s.npy)' is no set of inputs"),
        ("points s.npy", "is no set of inputs"),
        ("points(a\0.npy)", "is no set of inputs"),
        ("points(a\nb.npy)", "is no set of inputs"),
        ("box(1)", "box takes two ends, not 1"),
        ("box(1, 0)", "lo > hi at element (0,); swap the ends"),
        ("box(nan, 1)", "'nan' is not a real number; give a finite number"),
        ("box(0, inf)", "'inf' is not a real number"),
        ("box(0, 1e400)", "a number is beyond float64"),
        ("box(0, 1, first=1)", "box has no option 'first'; it takes no options"),
        ("box(s.npy, 1)", "ends of shape (2, 3) do not fit the input's shape (3,)"),
        ("points()", "points takes one array of samples, not 0"),
        ("points(s.npy,)", "an argument is empty"),
        ("points(s.npy, radius=1)", "points has no option 'radius'; it takes first"),
        ("points(s.npy, first=0)", "first=0 is no count of samples; use a whole number >= 1"),
        ("points(s.npy, first=9)", "first=9, but there are 2 samples; use first=2 or fewer"),
        ("points(s.npy, first=1, first=2)", "has no value or is given twice"),
        ("balls(s.npy)", "balls have no radius; add radius=0.01"),
        ("balls(s.npy, radius=-1)", "the radius -1 is negative; use radius >= 0"),
        ("balls(s.npy, radius=wide)", "'wide' is not a number"),
        ("balls(s.npy, radius=1, within=0)", "within=0 is no interval; write within=0:1"),
        ("balls(s.npy, radius=1, within=1:0)", "within=1:0 has lo > hi; swap the ends"),
        ("balls(s.npy, radius=1, within=0.5:2)", "sample 0 does not lie within 0.5:2.0; widen within"),
        ("points(missing.npy)", "missing.npy: there is no such file; check the path"),
        ("points(s.txt)", "s.txt: no array is read from this"),
        ("points(nan.npy)", "nan.npy: element (0, 1) is nan; give finite numbers"),
        ("points(complex.npy)", "an array of complex128 holds no real numbers"),
        ("points(objects.npy)", "objects.npy: it is no array"),
        ("points(big.npy)", "numbers of int64 are no float64 numbers"),
        ("points(none.npy)", "an array of shape (0, 3) holds no samples"),
        ("points(junk.npy)", "junk.npy: it is no array"),
        ("points(junk.npz)", "junk.npz: it holds no array"),
        ("points(two.npz)", "two.npz: it holds 2 arrays: a, b; name one, as in file.npz:NAME"),
        ("points(two.npz:c)", "it holds no array c; it holds a, b"),
        ("points(heading.csv)", "heading.csv: it is no table of numbers"),
        ("points(ragged.csv)", "ragged.csv: it is no table of numbers"),
        ("points(empty.csv)", "holds no samples"),
        ("points(s.csv)", "samples of shape (2,) do not fit the input's shape (3,)"),
        ("points(absent.py:f)", "absent.py: there is no such file"),
        ("points(surely_absent:f)", "no module is called 'surely_absent'"),
        ("points(own.py:absent)", "own.py: there is no function absent"),
        ("points(own.py:number)", "own.py: there is no function number"),
        ("points(own.py:text)", "an array of <U3 holds no real numbers"),
        ("points(own.py:ragged)", "own.py:ragged: it is no array"),
        ("points(own.py:raises)", "own.py:raises: the function raised ValueError: first line second line"),
        ("points(own.py:needs)", "no module is called 'surely_absent'"),
        ("points(own.py:leaves)", "own.py:leaves: the function raised SystemExit: 0"),
        ("points(broken.py:f)", "broken.py: importing it raised SyntaxError"),
        ("points(exits.py:f)", "exits.py: importing it raised RuntimeError: at import"),
    ],
)
def test_what_is_no_set_of_inputs_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.encodings.readers.arrays.MAX_FILE_BYTES", 10_000)
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1_000_000))
    with pytest.raises(InputError, match="an array has more than 10000 bytes"):
        read("points(bomb.npz)")
    np.save("large.npy", np.zeros((1, 5000)))
    with pytest.raises(InputError, match="the file has more than 10000 bytes"):
        read("points(large.npy)")


def test_points_of_an_array_in_memory() -> None:
    assert len(points_of(SAMPLES, "two").inputs((3,)).boxes) == 2
    assert len(points_of(np.arange(4.0), "four numbers").inputs((1,)).boxes) == 4
    with pytest.raises(InputError, match="holds no samples"):
        points_of(np.array(1.0), "one number")


def test_own_code_is_run_from_the_current_folder_and_leaves_the_path_as_it_was(folder: Path) -> None:
    (folder / "beside.py").write_text("def f(): return 7")
    (folder / "user_of_beside.py").write_text("import beside\ndef g(): return beside.f()")
    before = list(sys.path)
    assert call_function("user_of_beside:g") == 7 == call_function("user_of_beside.py:g")
    assert sys.path == before
    for name in ("beside", "user_of_beside"):
        del sys.modules[name]


@pytest.mark.parametrize("text", ["a", "a:", ":f", "a b:f", "a.b:c.d", "a:1", "a.py", "../x:f"])
def test_what_names_no_function(text: str) -> None:
    assert not names_function(text)
    with pytest.raises(InputError, match="names no function"):
        call_function(text)
