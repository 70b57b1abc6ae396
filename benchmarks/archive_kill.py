"""Kill a process that adds certificates, at random moments, and see that the archive keeps what it acknowledged.

    python benchmarks/archive_kill.py [--kills 200] [--additions 1000] [--seed 0]

A child adds certificates and writes each receipt to a pipe after `add` returned; kill -9 ends it at a random moment and the next
child goes on. After every kill: each acknowledged certificate is there, the chain holds, and contains the last acknowledged head.
At the end: with the tail removed behind the archive's back, the last head shows it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.hardware_specs.format import EXACT, CodeFormat
from suffice.proofs.archive import Archive
from suffice.proofs.certificate import Bound, Certificate, Claim, Formats, Verdict, canonical_bytes
from suffice.proofs.evidence import CountEvidence

_AIMED = 0.75
"""Share of the kills that wait until a write has begun; the others come at any moment of an addition."""


@dataclass(slots=True)
class Outcome:
    """What happened: kills, those after an addition had begun and before it returned, and those that left a journal to roll back."""

    kills: int = 0
    inside_an_addition: int = 0
    inside_a_write: int = 0
    acknowledged: int = 0
    committed_unacknowledged: int = 0
    failures: list[str] = field(default_factory=list)


def certificate(number: int) -> bytes:
    """A certificate of its own for each number, about 20 kB long, so that a write takes several pages."""
    build = ExpressionBuilder()
    expression = build.build(build.variable("x"))
    box = {"x": Interval(Fraction(0), Fraction(1))}
    evidence = CountEvidence(points=({"x": Fraction(0)}, {"x": Fraction(1)}), pieces=1, precision=64)
    return canonical_bytes(
        Certificate(
            problem=Problem(expression=expression, box=box, tolerance=Tolerance(absolute=Fraction(1, 1000 + number))),
            formats=Formats(input=EXACT, compute=EXACT, output=CodeFormat(bits=8)),
            claims=(Claim(bound=Bound.FLOOR, value=Fraction(1, 512), statement="T3", evidence=evidence),),
            verdict=Verdict.IMPOSSIBLE,
            statement="T3",
            possible=False,
            assumptions=("padding " * 2500,),
        )
    )


def child(path: Path, contents: list[bytes], first: int, pipe: int) -> None:
    """Add certificates from number `first` on; say `begin` before and `done` after each."""
    with Archive.open(path) as archive:
        for number in range(first, len(contents)):
            os.write(pipe, f"begin {number}\n".encode())
            receipt = archive.add(contents[number], label=str(number))
            os.write(pipe, f"done {number} {receipt.digest} {receipt.head}\n".encode())


@contextmanager
def forked(path: Path, contents: list[bytes], first: int) -> Iterator[tuple[int, BinaryIO]]:
    """A child process: its id, and what it says."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            child(path, contents, first, writer)
        except BaseException as error:
            os.write(writer, f"error {error!r}\n".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        yield process, pipe
    os.waitpid(process, 0)


def journal_of(path: Path) -> Path:
    """SQLite's journal, which is there from the first page that an addition changes until its commit."""
    return path.with_name(f"{path.name}-journal")


def await_write(journal: Path) -> None:
    """Return when a write has begun, or after a second."""
    deadline = time.perf_counter() + 1
    while not journal.exists() and time.perf_counter() < deadline:
        pass


def measure(folder: Path) -> float:
    """Seconds of one addition here."""
    with Archive.open(folder / "timing.db") as archive:
        begun = time.perf_counter()
        for number in range(20):
            archive.add(certificate(number))
        return (time.perf_counter() - begun) / 20


def run(path: Path, *, kills: int, additions: int, seed: int) -> Outcome:
    """Add `additions` certificates while `kills` children are killed; the findings."""
    chance, outcome = random.Random(seed), Outcome()
    contents = [certificate(number) for number in range(additions)]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        seconds = measure(Path(folder))
    heads: list[str] = []
    for left in range(kills, 0, -1):
        spare = additions - len(heads) - left
        if spare < 0:
            break
        victim = len(heads) + min(chance.randint(0, 2 * spare // left), spare)
        with forked(path, contents, len(heads)) as (process, pipe):
            said = [line.split() for line in takewhile(f"begin {victim}\n".encode().__ne__, pipe)]
            if chance.random() < _AIMED:
                await_write(journal_of(path))
            time.sleep(chance.uniform(0, seconds / 2))
            os.kill(process, signal.SIGKILL)
            said += [[b"begin", str(victim).encode()], *(line.split() for line in pipe if line.endswith(b"\n"))]
        outcome.kills += 1
        outcome.inside_an_addition += said[-1][0] == b"begin"
        outcome.inside_a_write += journal_of(path).exists()
        outcome.failures += listen(said, heads, contents)
        outcome.failures += examine(path, heads, contents, outcome)
    with forked(path, contents, len(heads)) as (_, pipe):
        outcome.failures += listen([line.split() for line in pipe], heads, contents)
    outcome.failures += examine(path, heads, contents, outcome)
    outcome.acknowledged = len(heads)
    outcome.failures += cut_the_tail(path, heads[-1])
    return outcome


def listen(said: list[list[bytes]], heads: list[str], contents: list[bytes]) -> list[str]:
    """Note the heads that a child acknowledged; what is wrong with its receipts."""
    failures = []
    for word, *rest in said:
        if word == b"error":
            failures.append(b" ".join(rest).decode())
        if word == b"done":
            number, name, head = (part.decode() for part in rest)
            if int(number) != len(heads) or name != f"sha256:{hashlib.sha256(contents[len(heads)]).hexdigest()}":
                failures.append(f"the receipt of addition {number} is another's")
            heads.append(head)
    return failures


def examine(path: Path, heads: list[str], contents: list[bytes], outcome: Outcome) -> list[str]:
    """What is wrong with the archive: every acknowledged certificate is there, and at most one more; the chain holds."""
    with Archive.open(path) as archive:
        failures = archive.check(heads[-1] if heads else None)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT content, head FROM suffice_entries ORDER BY number").fetchall()
    if [content for content, _ in rows[: len(heads)]] != contents[: len(heads)] or [head for _, head in rows[: len(heads)]] != heads:
        failures.append(f"one of {len(heads)} acknowledged additions is not there")
    if len(rows) - len(heads) not in (0, 1):
        failures.append(f"{len(rows)} entries, {len(heads)} acknowledged")
    outcome.committed_unacknowledged += len(rows) > len(heads)
    return failures


def cut_the_tail(path: Path, head: str) -> list[str]:
    """Remove the newest entry behind the archive's back: only the head shows it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM suffice_entries WHERE number = (SELECT max(number) FROM suffice_entries)")
    with Archive.open(path) as archive:
        if archive.check() == [] and len(archive.check(head)) == 1:
            return []
    return ["a removed tail does not show against the last head"]


def main() -> int:
    """Run and report; status 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--additions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "archive.db", kills=options.kills, additions=options.additions, seed=options.seed)
    print(
        f"{outcome.kills} kills; {outcome.inside_an_addition} of them inside an addition, {outcome.inside_a_write} with a journal on disk"
    )
    print(f"{outcome.acknowledged} additions acknowledged; {outcome.committed_unacknowledged} kills between the commit and its receipt")
    print(f"{len(outcome.failures)} failures; {time.perf_counter() - begun:.1f} s")
    print(*outcome.failures, sep="\n")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
