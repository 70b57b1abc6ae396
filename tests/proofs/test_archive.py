"""The archive against sqlite3 and hashlib used directly, other processes, and kill -9."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa

from suffice.errors import ArchiveError, InputError
from suffice.proofs.archive import EMPTY_HEAD, Archive, Receipt
from suffice.proofs.certificate import Certificate, canonical_bytes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def contents(samples: dict[str, Certificate]) -> list[bytes]:
    """The bytes of five certificates."""
    one = samples["impossible"]
    tolerances = [dataclasses.replace(one.problem.tolerance, absolute=Fraction(1, n)) for n in range(1, 6)]  # type: ignore[type-var]
    return [canonical_bytes(dataclasses.replace(one, problem=dataclasses.replace(one.problem, tolerance=t))) for t in tolerances]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the archive will be."""
    return tmp_path / "archive.db"


@pytest.fixture
def receipts(path: Path, contents: list[bytes]) -> Iterator[list[Receipt]]:
    """The receipts of an archive of five certificates."""
    with Archive.open(path) as archive:
        yield [archive.add(content, label=f"number {i}") for i, content in enumerate(contents)]


def problems(path: Path, head: str | None = None) -> list[str]:
    """What a check of the file finds."""
    with Archive.open(path, create=False) as archive:
        return archive.check(head)


def alter(path: Path, *statements: str) -> None:
    """Change the file behind the archive's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_what_goes_in_comes_out(path: Path, receipts: list[Receipt], contents: list[bytes], tmp_path: Path) -> None:
    with Archive.open(path) as archive:
        assert [entry.digest for entry in archive.entries()] == ["sha256:" + hashlib.sha256(content).hexdigest() for content in contents]
        assert [entry.label for entry in archive.entries()] == [f"number {i}" for i in range(5)]
        assert [receipt.index for receipt in receipts] == [1, 2, 3, 4, 5]
        assert [entry.head for entry in archive.entries()] == [receipt.head for receipt in receipts]
        assert archive.head() == receipts[-1].head
        for receipt, content in zip(receipts, contents, strict=True):
            assert archive.get(receipt.digest) == archive.get(receipt.digest[7:23]) == content
            assert archive.check(receipt.head) == []
        archive.export(receipts[2].digest, tmp_path / "c.json")
        assert (tmp_path / "c.json").read_bytes() == contents[2]
        assert archive.check() == archive.check(EMPTY_HEAD) == archive.check(receipts[-1].head[7:]) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archive.db", "c.json"]


def test_the_chain_as_its_definition_says(path: Path, receipts: list[Receipt]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT number, digest, label, added, head FROM suffice_entries ORDER BY number").fetchall()
    head = "sha256:" + hashlib.sha256(b"suffice archive 1").hexdigest()
    for number, digest, label, added, stored in rows:
        line = {"added": added, "digest": digest, "index": number, "label": label, "previous": head}
        head = "sha256:" + hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert head == stored
    assert head == receipts[-1].head


def test_the_same_content_is_added_once(path: Path, receipts: list[Receipt], contents: list[bytes]) -> None:
    with Archive.open(path) as archive:
        assert archive.add(contents[1], label="again") == dataclasses.replace(receipts[1], head=receipts[-1].head)
        assert len(archive.entries()) == 5


def test_an_empty_archive_is_in_order(path: Path) -> None:
    with Archive.open(path) as archive:
        assert archive.entries() == ()
        assert archive.head() == EMPTY_HEAD
        assert archive.check(EMPTY_HEAD) == []
        assert archive.check("sha256:" + "0" * 64) != []


SWAP = [
    "UPDATE suffice_entries SET number = 100 WHERE number = 2",
    "UPDATE suffice_entries SET number = 2 WHERE number = 3",
    "UPDATE suffice_entries SET number = 3 WHERE number = 100",
]
MOVE = [
    "CREATE TABLE t AS SELECT * FROM suffice_entries WHERE number = 2",
    "UPDATE suffice_entries SET content = (SELECT content FROM suffice_entries WHERE number = 3) WHERE number = 2",
    "UPDATE suffice_entries SET content = (SELECT content FROM t) WHERE number = 3",
    "DROP TABLE t",
]


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE suffice_entries SET content = replace(content, 'impossible', 'sufficient') WHERE number = 3"], ["3 was altered"]),
        (["UPDATE suffice_entries SET content = x'00' || content WHERE number = 1"], ["1 was altered"]),
        (["UPDATE suffice_entries SET content = 'text' WHERE number = 5"], ["5 was altered"]),
        (["UPDATE suffice_entries SET label = 'other' WHERE number = 2"], ["2 breaks the chain"]),
        (["UPDATE suffice_entries SET label = x'ff' WHERE number = 2"], ["2 breaks the chain"]),
        (["UPDATE suffice_entries SET added = '2001-01-01T00:00:00' WHERE number = 4"], ["4 breaks the chain"]),
        (["UPDATE suffice_entries SET head = digest WHERE number = 3"], ["3 breaks the chain", "4 breaks the chain"]),
        (["UPDATE suffice_entries SET digest = 'sha256:0' WHERE number = 5"], ["5 breaks the chain", "5 was altered"]),
        (["DELETE FROM suffice_entries WHERE number = 1"], ["1 is missing"]),
        (["DELETE FROM suffice_entries WHERE number = 3"], ["3 is missing"]),
        (
            [
                "DELETE FROM suffice_entries WHERE number = 3",
                *(f"UPDATE suffice_entries SET number = {n - 1} WHERE number = {n}" for n in (4, 5)),
            ],
            ["3 breaks the chain", "4 breaks the chain"],
        ),
        (SWAP, ["2 breaks the chain", "3 breaks the chain", "4 breaks the chain"]),
        (MOVE, ["2 was altered", "3 was altered"]),
    ],
)
def test_tampering_shows(path: Path, receipts: list[Receipt], statements: list[str], found: list[str]) -> None:
    assert problems(path, receipts[-1].head) == []
    alter(path, *statements)
    lines = problems(path)
    assert len(lines) == len(found)
    for line, part in zip(lines, found, strict=True):
        assert f"entry {part}" in line
    assert set(lines) <= set(problems(path, receipts[-1].head))


def test_a_removed_tail_shows_against_the_head(path: Path, receipts: list[Receipt], contents: list[bytes]) -> None:
    alter(path, "DELETE FROM suffice_entries WHERE number > 3")
    assert problems(path) == []
    assert problems(path, receipts[2].head) == []
    assert len(problems(path, receipts[3].head)) == len(problems(path, receipts[4].head)) == 1
    with Archive.open(path) as archive:
        archive.add(contents[4], label="number 4")
    assert problems(path) == []
    assert "is not in the chain" in problems(path, receipts[4].head)[0]


def test_altered_content_is_not_handed_out(path: Path, receipts: list[Receipt], tmp_path: Path) -> None:
    alter(path, "UPDATE suffice_entries SET content = replace(content, 'impossible', 'sufficient') WHERE number = 3")
    with Archive.open(path) as archive:
        for use in (lambda: archive.get(receipts[2].digest), lambda: archive.export(receipts[2].digest, tmp_path / "c.json")):
            with pytest.raises(ArchiveError, match="entry 3 was altered"):
                use()
    assert not (tmp_path / "c.json").exists()


def adder(path: str, contents: list[bytes], barrier: Barrier, answers: multiprocessing.SimpleQueue[list[tuple[str, str]]]) -> None:
    """Add certificates; the processes meet before every tenth addition, so that none is done before the others begin."""
    receipts = []
    for number, content in enumerate(contents):
        if number % 10 == 0:
            barrier.wait()
        with Archive.open(path) as archive:
            receipt = archive.add(content)
            receipts.append((receipt.digest, receipt.head))
    answers.put(receipts)


def test_processes_add_at_the_same_time(path: Path, samples: dict[str, Certificate]) -> None:
    """Two processes add 60 certificates each, 20 of them the same: each once, and every receipt's head in the chain."""
    one = samples["impossible"]
    contents = [canonical_bytes(dataclasses.replace(one, assumptions=(str(n),))) for n in range(100)]
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.SimpleQueue()
    processes = [context.Process(target=adder, args=(str(path), part, barrier, answers)) for part in (contents[:60], contents[40:])]
    for process in processes:
        process.start()
    receipts = [*answers.get(), *answers.get()]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with Archive.open(path) as archive:
        entries = archive.entries()
        assert archive.check() == []
        assert all(archive.check(head) == [] for _, head in receipts[::10])
    assert sorted(entry.digest for entry in entries) == sorted("sha256:" + hashlib.sha256(content).hexdigest() for content in contents)
    first = {entry.digest for entry in entries[:60]}
    assert len(first - {digest for digest, _ in receipts[:60]}) >= 5, "the processes did not overlap"


@pytest.mark.usefixtures("receipts")
def test_the_kernel_judges_each_entry(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass
    class Report:
        status: str
        reason: str = "because"

    kernel = ModuleType("suffice.proofs.kernel")
    kernel.check = lambda data: Report("rejected" if b'"1/4"' in data else "accepted_modulo_solver" if b'"1/5"' in data else "accepted")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "suffice.proofs.kernel", kernel)
    with Archive.open(path) as archive:
        assert archive.check() == []
        assert archive.check(kernel=True) == ["entry 4 is rejected: because", "entry 5 is accepted_modulo_solver: because"]
        alter(path, "UPDATE suffice_entries SET content = x'00' WHERE number = 1")
        assert len(archive.check(kernel=True)) == 3


def text_file(path: Path) -> None:
    path.write_text("no database, though it is long enough to be one. " * 100)


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE other (a)")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (text_file, "this file is not an archive; give the archive's file"),
        (other_database, "this database is not an archive; give the archive's file, or a new one"),
        (Path.mkdir, "the file cannot be opened; check the folder and its permissions"),
    ],
)
def test_what_is_no_archive_is_refused(path: Path, make: Callable[[Path], None], message: str) -> None:
    make(path)
    with pytest.raises(ArchiveError) as caught:
        Archive.open(path)
    assert str(caught.value) == f"{path}: {message}"


def test_looking_makes_no_file(path: Path, tmp_path: Path) -> None:
    for place in (path, f"sqlite:///{path}", tmp_path, tmp_path / "missing" / "archive.db"):
        with pytest.raises(ArchiveError, match="no such archive"):
            Archive.open(place, create=False)
    with pytest.raises(ArchiveError, match="cannot be opened"):
        Archive.open(tmp_path / "missing" / "archive.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["nothing://x", "sqlite+nothing:///x", "://", "sqlite://host/x"])
def test_an_unusable_url_is_one_line(url: str) -> None:
    with pytest.raises(ArchiveError, match="URL cannot be used") as caught:
        Archive.open(url)
    assert "\n" not in str(caught.value)


def test_a_read_only_archive_can_be_read(path: Path, receipts: list[Receipt], samples: dict[str, Certificate]) -> None:
    with Archive.open(f"sqlite:///file:{path}?mode=ro&uri=true") as archive:
        assert archive.check(receipts[-1].head) == []
        with pytest.raises(ArchiveError, match="read-only"):
            archive.add(canonical_bytes(samples["sufficient"]))


def test_a_full_disk_loses_nothing(path: Path, receipts: list[Receipt], samples: dict[str, Certificate]) -> None:
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    big = canonical_bytes(dataclasses.replace(samples["impossible"], assumptions=("long " * 10_000,)))
    with Archive.open(path) as archive:
        archive.close()
        sa.event.listen(archive._engine, "connect", limit)
        with pytest.raises(ArchiveError, match="disk is full"):
            archive.add(big)
    assert problems(path, receipts[-1].head) == []
    with Archive.open(path) as archive:
        assert archive.add(big).index == 6


FILE_TOO_LARGE = """
import resource, sys
from pathlib import Path
from suffice.errors import ArchiveError
from suffice.proofs.archive import Archive
with Archive.open(sys.argv[1]) as archive:
    size = Path(sys.argv[1]).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        archive.add(Path(sys.argv[2]).read_bytes())
    except ArchiveError as error:
        print(error)
"""


def test_a_write_that_fails_loses_nothing(path: Path, receipts: list[Receipt], samples: dict[str, Certificate], tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(canonical_bytes(dataclasses.replace(samples["impossible"], assumptions=("long " * 10_000,))))
    done = subprocess.run(
        [sys.executable, "-c", FILE_TOO_LARGE, str(path), str(tmp_path / "big")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{path}: the disk")
    assert done.stdout.count("\n") == 1
    assert problems(path, receipts[-1].head) == []


def test_a_held_lock_is_said(path: Path, receipts: list[Receipt], contents: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.proofs.archive_engine._LOCK_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder, Archive.open(path) as archive:
        holder.execute("BEGIN IMMEDIATE")
        assert archive.check(receipts[-1].head) == []
        with pytest.raises(ArchiveError, match="another process holds the archive"):
            archive.add(contents[0])
        holder.execute("ROLLBACK")
        assert archive.add(contents[0]).index == 1


@pytest.mark.parametrize("data", [b"", b"{}", b"no"])
def test_only_certificates_are_added(path: Path, data: bytes, contents: list[bytes]) -> None:
    with Archive.open(path) as archive:
        with pytest.raises(InputError):
            archive.add(data)
        with pytest.raises(InputError, match="not canonical"):
            archive.add(contents[0] + b"\n")
        with pytest.raises(InputError, match="surrogate"):
            archive.add(contents[0], label="\ud800")
        assert archive.entries() == ()


@pytest.mark.parametrize("name", ["", "sha256:", "abc", "xyz0", "sha256:%%%%", "____", "a" * 65, "ABCD"])
@pytest.mark.usefixtures("receipts")
def test_a_name_must_be_a_digest(path: Path, name: str) -> None:
    with Archive.open(path) as archive, pytest.raises(ArchiveError, match="is not a digest"):
        archive.get(name)


def test_a_name_must_be_known_and_unique(path: Path, receipts: list[Receipt]) -> None:
    unknown = next(f"{n:04x}" for n in range(2**16) if not any(f"sha256:{n:04x}" == receipt.digest[:11] for receipt in receipts))
    with Archive.open(path) as archive:
        with pytest.raises(ArchiveError, match="no certificate is named"):
            archive.get(unknown)
        alter(path, f"UPDATE suffice_entries SET digest = '{receipts[0].digest[:40]}' WHERE number = 2")
        with pytest.raises(ArchiveError, match="more than one"):
            archive.get(receipts[0].digest[:20])


def archive_kill() -> ModuleType:
    """The benchmark of the same name."""
    spec = importlib.util.spec_from_file_location("archive_kill", ROOT / "benchmarks" / "archive_kill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["archive_kill"] = module
    spec.loader.exec_module(module)
    return module


def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(tmp_path: Path) -> None:
    outcome = archive_kill().run(tmp_path / "archive.db", kills=20, additions=100, seed=1)
    assert outcome.kills >= 15
    assert outcome.acknowledged == 100
    assert outcome.inside_an_addition >= 10
    assert outcome.inside_a_write >= 5
    assert outcome.failures == []


def test_an_acknowledgement_before_the_commit_would_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, add = archive_kill(), Archive.add

    def hasty(archive: Archive, certificate: bytes, label: str = "") -> Receipt:
        receipt = Receipt(digest="sha256:" + hashlib.sha256(certificate).hexdigest(), head=EMPTY_HEAD, index=1)
        if os.getpid() != parent:
            os.write(pipes[-1], f"done {label} {receipt.digest} {receipt.head}\n".encode())
        return add(archive, certificate, label)

    def child(path: Path, contents: list[bytes], first: int, pipe: int) -> None:
        pipes.append(pipe)
        with Archive.open(path) as archive:
            for number in range(first, len(contents)):
                os.write(pipe, f"begin {number}\n".encode())
                archive.add(contents[number], label=str(number))

    parent, pipes = os.getpid(), list[int]()
    monkeypatch.setattr(Archive, "add", hasty)
    monkeypatch.setattr(module, "child", child)
    outcome = module.run(tmp_path / "archive.db", kills=10, additions=50, seed=1)
    assert any("acknowledged additions is not there" in failure for failure in outcome.failures)
