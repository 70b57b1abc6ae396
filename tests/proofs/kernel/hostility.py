"""Files made to exhaust the kernel, and a process with limits to check them in."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suffice.proofs.kernel import limits

from .documents import E2M1, EXACT, FP16, FP32, Json, a_run, canonical, cover, floating, formats, integers, law, pair, problem

SECONDS, MEGABYTES = 2.0, 500
"""What checking a hostile file may take."""

MINUTE = 60.0
"""What it may take if it is made to use up the budget of work."""

SQUARE: Json = [["var", "x"], ["pow", 0, 2]]
HUGE = floating(4096, -(1 << 15), 13_000)
UNIT = {"x": ["0", "1"]}
DIGITS = "9" * limits.MAX_DIGITS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What checking a file took, and the one line that was said."""

    line: str
    seconds: float
    """Of the processor."""
    megabytes: float


def check_file(path: Path) -> Outcome:
    """Run the kernel on a file in a process of its own, whose memory is limited."""
    code = (
        "import resource, sys; from suffice.proofs.kernel.__main__ import main; status = main(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(status)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=300, check=False, preexec_fn=_limit_memory
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = finished.stdout.splitlines()
    assert len(lines) == 1, finished.stdout + finished.stderr
    return Outcome(lines[0].removeprefix(f"{path}: "), seconds, int(finished.stderr.split()[-1]) / 1024)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))


def files() -> dict[str, Callable[[Path], None]]:
    """A writer for each hostile file that is refused at once."""
    made: dict[str, Callable[[Path], None]] = writers(_broken_json() | _documents())
    made["a sparse file of 1 GB"] = _sparse
    made["100 MB of brackets"] = lambda path: _repeat(path, b"[" * (1 << 20), 100)
    made["a device without end"] = lambda path: path.symlink_to("/dev/zero")
    return made


def costly_files() -> dict[str, Callable[[Path], None]]:
    """A writer for each file that is refused when the budget is used up."""
    return writers(costly_texts())


def writers(texts: dict[str, Callable[[], bytes]]) -> dict[str, Callable[[Path], None]]:
    """Writers of texts."""
    return {name: _writer(data) for name, data in texts.items()}


def _writer(data: Callable[[], bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data())

    return write


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def _repeat(path: Path, block: bytes, times: int) -> None:
    with path.open("wb") as file:
        for _ in range(times):
            file.write(block)


def _broken_json() -> dict[str, Callable[[], bytes]]:
    almost = limits.MAX_BYTES - 100
    return {
        "a number of 7 million digits": lambda: b'{"version":' + b"9" * 7_000_000 + b"}",
        "a text of 7 million digits": lambda: _with_value("9" * 7_000_000),
        "depth 10^6": lambda: b"[" * 10**6 + b"]" * 10**6,
        "quotes without end": lambda: b'"' + b'\\"' * (almost // 2),
        "quotes and line ends": lambda: b'"\\\n' * (almost // 3),
        "many empty lists": lambda: b"[" + b"[]," * (almost // 3) + b"[]]",
        "many empty objects": lambda: b"[" + b"{}," * (almost // 3) + b"{}]",
        "many keys": lambda: b"{" + b",".join(b'"%d":0' % k for k in range(almost // 12)) + b"}",
        "NaN": lambda: b'{"version":NaN}',
        "Infinity": lambda: b'{"version":-Infinity}',
        "a float": lambda: b'{"version":1.0}',
        "an exponent": lambda: b'{"version":1e999999999}',
        "a key twice": lambda: b'{"version":1,"version":1}',
        "invalid UTF-8": lambda: b'{"version":"\xff\xfe"}',
        "a lone surrogate": lambda: b'{"\\ud800\\n":1}',
        "an encoded surrogate": lambda: b'{"\xed\xa0\x80":1}',
        "a byte order mark": lambda: b"\xef\xbb\xbf{}",
        "nothing": lambda: b"",
    }


def _with_value(value: str) -> bytes:
    evidence = pair({"x": "0"})
    return canonical(_document(problem(SQUARE, UNIT, absolute="1"), formats(FP16), "floor", evidence, value))


def _document(question: Json, fmts: Json, bound: str, evidence: Json, value: str = "0") -> Json:
    return {
        "version": 1, "problem": question, "formats": fmts, "verdict": "undecided", "statement": "", "possible": False, "assumptions": [],
        "smt": [], "claims": [{"bound": bound, "value": value, "statement": "", "evidence": evidence}],
    }  # fmt: skip


def _documents() -> dict[str, Callable[[], bytes]]:
    documents: dict[str, Callable[[], Json]] = {
        "2^2^30 by squaring": lambda: _program(_chain([["const", "2"]], ["pow", 2], 30), FP32),
        "x^1000 chained": lambda: _covered(_chain([["var", "x"]], ["pow", 1000], 2000), FP32, cover(0)),
        "2^1000 chained exactly": lambda: _counted(_chain([["var", "x"], ["const", "2"], ["mul", 0, 1]], ["pow", 1000], 1000)),
        "powers at p = 4096": lambda: _program(_chain([["var", "x"]], ["pow", -999], 5000), HUGE),
        "exp(exp(exp(1000)))": lambda: _program(_chain([["const", "1000"]], ["exp"], 3), FP32),
        "exp(exp(exp(1000))) of reals": lambda: _counted(_chain([["const", "1000"]], ["exp"], 3)),
        "sin of 10^3999": lambda: _program([["const", "1" + "0" * 3999], ["sin", 0]], HUGE),
        "a cover of 200,000 leaves": lambda: _covered(_chain([["var", "x"]], ["tan"], 50), FP32, cover(*_balanced(17), precision=4096)),
        "4,096 pieces on every leaf": lambda: _covered([["var", "x"], ["sin", 0]], FP32, cover(*_balanced(12), pieces=4096)),
        "a cover of 200,000 cuts in a row": lambda: _covered(SQUARE, FP16, cover(*[1] * 400_000)),
        "cuts that leave all else waiting": lambda: _covered(SQUARE, FP16, cover(*[[1, "0"]] * 400_000)),
        "ever finer cuts": lambda: _covered(SQUARE, FP16, cover(*[1, 0] * 200_000)),
        "cuts of 4,000 digits": lambda: _covered(SQUARE, FP16, cover(*_in_a_row(900), 0)),
        "cuts between numbers of 4,000 digits": lambda: _covered(
            SQUARE, FP16, cover(*[1, 0] * 100_000, 0), {"x": [f"1/{DIGITS}", "1"]}
        ),
        "cells at emin = -32768": lambda: _covered(SQUARE, HUGE, cover(*[1, 0] * 10_000, 0)),
        "4,096 pieces of slope": lambda: _document(
            problem(_chain([["var", "x"]], ["tanh"], 19_000), UNIT), formats(FP16), "floor",
            law("curvature", {"x": "0"}, {"x": "1"}, pieces=4096, precision=4096),
        ),
        "codes of 64 bits": lambda: _program(SQUARE, integers(f"1/{DIGITS}", 1 << 64, qmin=-(1 << 64), qmax=1 << 64)),
        "codes of 100 bits": lambda: _program(SQUARE, integers("1", 0, qmax=1 << 100)),
        "20,000 inputs": lambda: _document(
            problem(SQUARE, {f"x{k}": ["0", "1"] for k in range(20_000)} | UNIT), formats(FP16), "floor", pair({"x": "0"})
        ),
        "1,000 inputs": lambda: _document(
            problem(SQUARE, {f"x{k}": ["0", "1"] for k in range(1000)} | UNIT), formats(FP16), "floor", pair({"x": "0"})
        ),
        "100,000 times e": lambda: _covered(_tree(["e"]), FP32, cover(0, precision=4096)),
        "conditions of e": lambda: _within([[["e"], ["e"], ["lt", 0, 1]]] * 60_000, SQUARE),
        "a format for each node": lambda: _document(
            problem(_chain([["var", "x"]], ["neg"], 30_000), UNIT),
            formats(FP16, operations=[[floating(24, -126 - k, 127), [k]] for k in range(30_000)]), "witness_error", a_run(x="1/3"),
        ),
        "a tower of products": lambda: _program(_chain([["const", DIGITS]], ["mul"], 200), HUGE),
        "exact squares": lambda: _document(
            problem(_chain([["var", "x"]], ["pow", 1000], 9), UNIT), formats(EXACT), "witness_error", a_run(x=f"1/{DIGITS}")
        ),
    }  # fmt: skip
    return {name: _encoded(make) for name, make in documents.items()}


def costly_texts() -> dict[str, Callable[[], bytes]]:
    """Files that use up the budget of work before they are refused."""
    far = {"x": ["100", "1000000"]}
    return {
        "a thousand sines of 10^3999": _encoded(lambda: _program(_sines(1000), HUGE)),
        "20,000 functions at p = 4096": _encoded(lambda: _program(_chain([["const", "1/3"]], ["atan"], 19_000), HUGE)),
        "190,000 conditionals on few leaves": _encoded(lambda: _covered(_steps(190_000), FP32, cover(*_balanced(2)))),
        "an undecided conditional in many parts": _encoded(
            lambda: _document(
                problem(_steps(20_000), UNIT), formats(FP16), "floor", law("count", {"x": "0"}, {"x": "1"}, pieces=4096)
            )
        ),
        "4,096 pieces of a wild cell": _encoded(
            lambda: _covered([["var", "x"], ["sin", 0]], E2M1, cover(*_balanced(12), pieces=4096, precision=1024), far)
        ),
    }


def _tree(leaf: Json) -> Json:
    """A sum of many copies of a node."""
    nodes: list[Json] = [leaf] * (limits.MAX_NODES // 2)
    return [*nodes, ["add", 0, 1], *(["add", k, len(nodes) + k - 2] for k in range(2, len(nodes)))]


def _within(conditions: list[Json], nodes: Json) -> Json:
    """A run under preconditions."""
    document = _program(nodes, FP32)
    document["problem"]["preconditions"] = conditions
    return document


def _steps(count: int) -> list[Json]:
    """Conditionals, each in the branch of the next."""
    nodes: list[Json] = [["var", "x"], ["const", "1/2"], ["lt", 0, 1], ["neg", 0], ["if", 2, 3, 0]]
    for _ in range(count):
        nodes.append(["if", 2, len(nodes) - 1, 0])
    return nodes


def _encoded(make: Callable[[], Json]) -> Callable[[], bytes]:
    return lambda: canonical(make())


def _chain(start: list[Json], step: list[Json], times: int) -> list[Json]:
    """An operation applied to its own result again and again (both operands of a product)."""
    nodes = [*start]
    for _ in range(times):
        last = len(nodes) - 1
        nodes.append(["mul", last, last] if step == ["mul"] else [step[0], last, *step[1:]])
    return nodes


def _sines(count: int) -> list[Json]:
    """The sum of sines of one huge number divided by 2, 3, 4, ..."""
    nodes: list[Json] = [["const", "1" + "0" * 3999], ["sin", 0]]
    for k in range(count):
        nodes += [["const", str(k + 2)], ["div", 0, len(nodes)], ["sin", len(nodes) + 1], ["add", len(nodes) - 1, len(nodes) + 2]]
    return nodes


def _in_a_row(count: int) -> list[Json]:
    """Leaves one after another, cut at 10^k / (10^4000 - 1)."""
    return [token for k in range(count) for token in ([1, f"1{'0' * k}/{DIGITS}"], 0)]


def _balanced(depth: int) -> list[int]:
    return [0] if depth == 0 else [1, *_balanced(depth - 1) * 2]


def _program(nodes: Json, fmt: Json) -> Json:
    box = UNIT if ["var", "x"] in nodes else {}
    return _document(problem(nodes, box, absolute="1"), formats(fmt), "witness_error", a_run(x="1/3") if box else a_run())


def _covered(nodes: Json, fmt: Json, evidence: Json, box: Json = None) -> Json:
    return _document(problem(nodes, box or UNIT, absolute="1"), formats(fmt), "error_bound", evidence)


def _counted(nodes: Json) -> Json:
    box = UNIT if ["var", "x"] in nodes else {}
    ends = [dict.fromkeys(box, "0"), dict.fromkeys(box, "1")]
    code = formats(EXACT, output={"kind": "code", "bits": 8})
    return _document(problem(nodes, box, absolute="1"), code, "floor", law("count", *ends, precision=4096), "1")
