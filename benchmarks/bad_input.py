"""What the command line says to bad input: every kind below is put to the real program, each in a process of its own.

    python -m benchmarks.bad_input

Status 1 if one of them does not end with status 2 and exactly one line, or takes longer than it may.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 20.0
"""What a complaint may take."""

PROVE = ("prove", "--expr", "x*x", "--var", "x=0:1", "--eps", "1e-2", "--format", "fp16")
HOSTILE = b'{"assumptions":[],"claims":' + b"[" * 200_000


@dataclass(frozen=True, slots=True)
class BadInput:
    """A kind of bad input: the command, the files it finds, what must stand in its line, and how large a file it may write."""

    kind: str
    arguments: tuple[str, ...]
    says: str
    files: tuple[tuple[str, bytes], ...] = ()
    status: int = 2
    largest_file: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How the program ended."""

    status: int
    out: str
    err: str
    seconds: float


def formula(expr: str, *sides: str, eps: str = "1e-2", fmt: str = "fp16") -> tuple[str, ...]:
    """A question about a formula; without sides x is in [0, 1]."""
    return ("prove", "--expr", expr, *(part for side in sides or ("x=0:1",) for part in ("--var", side)), "--eps", eps, "--format", fmt)


def toml(text: str) -> tuple[tuple[str, bytes], ...]:
    """A problem file."""
    return (("p.toml", text.encode()),)


def core(text: str) -> tuple[tuple[str, bytes], ...]:
    """An FPCore file."""
    return (("p.fpcore", text.encode()),)


FILE = ("prove", "p.toml", "--format", "fp16")
CORE = ("prove", "p.fpcore", "--eps", "1e-2", "--format", "fp16")
BOX = '[box]\nx = ["0", "1"]\n'

KINDS = (
    # the box
    BadInput("an interval upside down", formula("x", "x=1:0"), "the interval is empty"),
    BadInput("an end that is NaN", formula("x", "x=nan:1"), "not a real number"),
    BadInput("an end that is infinite", formula("x", "x=0:inf"), "not a real number"),
    BadInput("an interval with one end", formula("x", "x=1"), "NAME=LO:HI"),
    BadInput("an interval with three ends", formula("x", "x=0:1:2"), "x=0:1:2"),
    BadInput("an interval without a name", formula("x", "=0:1"), "not a name"),
    BadInput("an input without an interval", formula("x*y"), "y"),
    BadInput("an interval that no input uses", formula("x", "x=0:1", "y=0:1"), "y"),
    BadInput("an input given twice", formula("x", "x=0:1", "x=0:2"), "given twice"),
    # the formula
    BadInput("no formula", formula(""), "empty"),
    BadInput("a bracket too many", formula("(x + 1))"), "column"),
    BadInput("an unknown function", formula("sine(x)"), "sin"),
    BadInput("an attribute of Python", formula("x.__class__"), "unexpected character"),
    BadInput("a call of Python", formula("__import__('os')"), "unexpected character"),
    BadInput("a computed exponent", formula("x^2^3", "x=1:2"), "exponent"),
    BadInput("a power of a million", formula("x^1000000"), "1000"),
    BadInput("a literal with a huge exponent", formula("x*1e999999999"), "too large"),
    BadInput("a division by zero in the box", formula("1/x", "x=-1:1"), "div"),
    BadInput("a division by the constant zero", formula("x/0"), "zero"),
    BadInput("the logarithm of negative numbers", formula("log(x)", "x=-1:1"), "log"),
    BadInput("the root of negative numbers", formula("sqrt(x)", "x=-1:1"), "sqrt"),
    BadInput("a formula nested 100,000 deep", ("prove", "p.toml", "--format", "fp16"), "expr", toml(f'expr = "{"(" * 100_000}x"\n{BOX}')),
    BadInput("a formula of 10 MB", FILE, "characters", toml('expr = "x' + "+x" * 5_000_000 + f'"\n{BOX}')),
    BadInput("a value beyond all limits", formula("exp(exp(exp(x)))", "x=0:100"), "bounded"),
    # the tolerance
    BadInput("no tolerance", ("prove", "--expr", "x", "--var", "x=0:1", "--format", "fp16"), "--eps"),
    BadInput("a negative tolerance", formula("x", eps="-1e-3"), "eps >= 0"),
    BadInput("a tolerance that is NaN", formula("x", eps="nan"), "not a real number"),
    BadInput("a tolerance of 1e999999999", formula("x", eps="1e999999999"), "too large"),
    BadInput("a tolerance that is a word", formula("x", eps="small"), "small"),
    BadInput("a tolerance of 1/0", formula("x", eps="1/0"), "zero"),
    BadInput("two tolerances", (*PROVE, "--abs", "1"), "beside"),
    # formats
    BadInput("an unknown format", formula("x", fmt="fp61"), "fp61"),
    BadInput("no format", formula("x", fmt=""), "format"),
    BadInput("a list of formats with a gap", formula("x", fmt="fp16,,fp32"), "empty part"),
    BadInput("a custom format without precision", formula("x", fmt="float(emin=-4,emax=4)"), "p"),
    BadInput("a custom format of precision zero", formula("x", fmt="float(p=0,emin=-4,emax=4)"), "1 <= p"),
    BadInput("a custom format that is not finished", formula("x", fmt="float(p=4"), "float(p=4"),
    BadInput("an unknown format of inputs", (*PROVE, "--in", "fp61"), "fp61"),
    BadInput("an input format that leaves numbers open", (*PROVE, "--in", "code(bits=3)"), "code"),
    # options
    BadInput("an unknown command", ("proof",), "prove"),
    BadInput("an unknown option", (*PROVE, "--precise"), "--precise"),
    BadInput("an unknown input model", (*PROVE, "--inputs", "all"), "representable"),
    BadInput("no time at all", (*PROVE, "--timeout", "0"), "--timeout"),
    BadInput("a time limit that is NaN", (*PROVE, "--timeout", "nan"), "--timeout"),
    BadInput("an option without its value", ("prove", "--expr"), "--expr"),
    BadInput("nothing to check", ("check",), "CERT"),
    BadInput("an unknown solver", ("check", "c.json", "--with", "yices"), "z3", (("c.json", b"{}"),)),
    # files
    BadInput("a file that is missing", ("prove", "nowhere.toml", "--format", "fp16"), "No such file"),
    BadInput("a folder in place of a file", FILE, "Is a directory", (("p.toml/inside", b""),)),
    BadInput("a file of another kind", ("prove", "p.docx", "--format", "fp16"), ".toml", (("p.docx", b"x"),)),
    BadInput("a binary file", FILE, "UTF-8", (("p.toml", bytes(range(256))),)),
    BadInput("an empty problem file", FILE, "expr", toml("")),
    BadInput("a file that is not TOML", FILE, "TOML", toml("expr = = x")),
    BadInput("an unknown key", FILE, "eps", toml(f'expr = "x"\nepz = "1"\n{BOX}')),
    BadInput("a box that is no table", FILE, "box", toml('expr = "x"\neps = "1"\nbox = 3\n')),
    BadInput("a number of another type", FILE, "eps", toml(f'expr = "x"\neps = [1]\n{BOX}')),
    BadInput("wrong FPCore", CORE, "p.fpcore", core("(FPCore (x) (+ x")),
    BadInput("FPCore without a box", CORE, "x", core("(FPCore (x) (+ x 1))")),
    BadInput("FPCore with a loop", CORE, "while", core("(FPCore (x) :pre (<= 0 x 1) (while (< x 1) ([y x y]) y))")),
    BadInput("a file cannot be saved: no folder", (*PROVE, "--save", "no/folder/c.json"), "no such folder"),
    BadInput("a file cannot be saved: the folder is a file", (*PROVE, "--save", "f/c.json"), "no such folder", (("f", b""),)),
    BadInput("a file cannot be saved: the disk is full", (*PROVE, "--save", "c.json"), "c.json", largest_file=64),
    BadInput("the archive cannot grow: the disk is full", (*PROVE, "--archive", "a.db"), "a.db", largest_file=64),
    BadInput("an archive that is none", ("archive", "list", "--archive", "a.db"), "a.db", (("a.db", b"no archive" * 100),)),
    BadInput("an archive that is missing", ("archive", "list", "--archive", "a.db"), "no such archive"),
    BadInput("a certificate that is missing", ("check", "c.json"), "No such file"),
    BadInput("a certificate that is a folder", ("check", "c"), "c", (("c/inside", b""),)),
    BadInput("a certificate of 65 MB", ("check", "c.json"), "bytes", (("c.json", b" " * 65_000_000),)),
    # certificates that can be read are judged: status 1, and the reason on stdout
    BadInput("a certificate that is none", ("check", "c.json"), "rejected", (("c.json", b"hello"),), status=1),
    BadInput("a certificate of another version", ("check", "c.json"), "rejected", (("c.json", b'{"version":2}'),), status=1),
    BadInput("a certificate nested 200,000 deep", ("check", "c.json"), "rejected", (("c.json", HOSTILE),), status=1),
    BadInput("a certificate with a number of 7 MB", ("check", "c.json"), "rejected", (("c.json", b"9" * 7_000_000),), status=1),
    BadInput("no certificate to explain", ("explain", "c.json"), "rejected", (("c.json", b"{}"),), status=1),
)


def ask(bad: BadInput) -> Answer:
    """Put one to the program."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in bad.files:
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        command = [sys.executable, "-m", "suffice", *bad.arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        start = time.perf_counter()
        ended = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, preexec_fn=limits(bad.largest_file)
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr, time.perf_counter() - start)


def limits(largest_file: int | None) -> Callable[[], None]:
    """Limits on the processor's time and, as a full disk would, on the size of files."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return limit


def faults(bad: BadInput, answer: Answer) -> list[str]:
    """What is wrong with an answer: one line, with what, where and the mend, is right."""
    found = []
    if answer.status != bad.status:
        found.append(f"status {answer.status} in place of {bad.status}")
    line = answer.err if bad.status == 2 else answer.out
    if line.count("\n") != 1 or (bad.status == 1 and answer.err):
        found.append(f"{line.count(chr(10))} lines")
    if "Traceback" in answer.err:
        found.append("a traceback")
    if bad.says not in line:
        found.append(f"does not say {bad.says}")
    if bad.status == 2 and not line.startswith("suffice: "):
        found.append("does not say who speaks")
    if bad.status == 2 and "; " not in line:
        found.append("does not say what to do")
    if answer.seconds > SECONDS:
        found.append(f"{answer.seconds:.0f} s")
    if bad.status == 2 and answer.out and bad.largest_file is None:
        found.append("an answer beside the complaint")
    if len(line) > 600:
        found.append(f"{len(line)} characters")
    return found


def ask_all() -> list[tuple[BadInput, Answer]]:
    """All of them, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(zip(KINDS, pool.map(ask, KINDS), strict=True))


def main() -> int:
    """Print the table."""
    wrong = 0
    print(f"{len(KINDS)} kinds of bad input\n\n| bad input | status | what is said |\n|---|---|---|")
    for bad, answer in ask_all():
        said = (answer.err if bad.status == 2 else answer.out).rstrip("\n").replace("|", "\\|")
        complaints = faults(bad, answer)
        wrong += bool(complaints)
        print(f"| {bad.kind} | {answer.status} | {said[:400]} |{' WRONG: ' + ', '.join(complaints) if complaints else ''}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
