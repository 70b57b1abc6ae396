"""The rules of the repository, as tests."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("suffice", "prover", "proofs", "encodings", "hardware_specs")
"""From top to bottom: a room imports those after it, never those before it."""

THIRD_PARTY = ("numpy", "sympy", "z3", "cvc5", "flint", "mpmath", "lark", "typer", "rich", "sqlalchemy", "jinja2", "matplotlib", "torch")

OPTIONAL = {
    "torch": ("suffice/torch.py", "suffice/testing.py", "suffice/running/*.py", "encodings/readers/torch_models/*.py"),
    "onnx": ("encodings/readers/onnx_models*.py",),
    "sklearn": (),
    "safetensors": (),
}
"""Packages that need not be installed, and the only files of the rooms that may import them."""


def modules_of(room: str) -> list[Path]:
    """The Python files that stand in a room, links not followed."""
    return [path for path in sorted((ROOT / room).rglob("*.py")) if not any(parent.is_symlink() for parent in path.parents)]


def imports_of(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, also inside functions and for type checking."""
    package = ["suffice", *path.relative_to(ROOT).parent.parts] if path.parts[len(ROOT.parts)] != "suffice" else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            if module == "suffice":
                yield from (f"suffice.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    """The room that a module of the project stands in; None for other modules and for the errors that all may import."""
    parts = module.split(".")
    if parts[0] != "suffice" or module == "suffice.errors":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "suffice"


def python(*arguments: str, isolated: bool = False, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python with the repository's root on its path; isolated: without any installed package."""
    program = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), None, '__main__', True)"
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT), *arguments] if isolated else [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    allowed = {None, *ROOMS[ROOMS.index(room) :]}
    wrong = [(path.name, name) for path in modules_of(room) for name in imports_of(path) if room_of(name) not in allowed]
    assert modules_of(room)
    assert wrong == []


def test_the_check_of_imports_sees_a_wrong_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    for name, text in {"absolute": "from suffice.prover.case import Case", "inside": "def f():\n    import suffice.api"}.items():
        path = tmp_path / "proofs" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        assert {room_of(module) for module in imports_of(path)} <= {"prover", "suffice"}


def importers_of(package: str) -> list[Path]:
    """The files of the rooms that import a package, at the top or inside functions, other than those that may."""
    importing = [path for room in ROOMS for path in modules_of(room) if package in {name.split(".")[0] for name in imports_of(path)}]
    return [path for path in importing if not any(path.relative_to(ROOT).match(pattern) for pattern in OPTIONAL[package])]


@pytest.mark.parametrize("package", OPTIONAL)
def test_an_optional_package_is_imported_by_named_files_only(package: str) -> None:
    assert importers_of(package) == []


def test_the_check_of_optional_packages_sees_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    texts = {"suffice/torch.py": "import torch", "suffice/api.py": "from suffice.torch import certify"}
    wrong = {
        "suffice/top.py": "import torch.nn as nn",
        "prover/inside.py": "def f():\n    from torch import nn",
        "suffice/cli/torch.py": "import torch",
    }
    for name, text in {**texts, **wrong}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert {str(path.relative_to(tmp_path)) for path in importers_of("torch")} == set(wrong)


def test_tests_that_import_torch_are_skipped_without_it() -> None:
    """By a line that `make test-torch` finds them by, too."""
    skipping = re.compile(r"^ *(torch = )?pytest\.importorskip\(\"torch\"", re.MULTILINE)
    torch_tests = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if skipping.search(text):
            torch_tests.append(path.name)
        else:
            assert not {"torch", "examples"} & {name.split(".")[0] for name in imports_of(path)}, path
    assert "test_examples.py" in torch_tests


def test_the_kernel_imports_the_standard_library_and_itself_only() -> None:
    files = modules_of("proofs/kernel")
    names = {name for path in files for name in imports_of(path)}
    foreign = {
        name for name in names if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith("suffice.proofs.kernel.")
    }
    assert len(files) > 5
    assert foreign == set()


def test_no_code_reads_outside_text_as_code() -> None:
    forbidden = {"eval", "exec", "sympify", "parse_expr", "parse_latex", "literal_eval", "lambdify"}
    called = [
        (path.name, name)
        for room in ROOMS
        for path in modules_of(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in forbidden
    ]
    assert called == []


def test_python_starts_with_the_repository_on_its_path() -> None:
    """A package `encodings` at the top level would hide Python's own, which it needs to start."""
    assert not (ROOT / "encodings" / "__init__.py").exists()
    assert python("-c", "print('ready')").stdout == "ready\n"


@pytest.mark.parametrize("module", ["suffice", "suffice.proofs", "suffice.proofs.kernel", "suffice.errors"])
def test_importing_loads_no_third_party_package(module: str) -> None:
    listed = python("-c", f"import {module}, sys; print(*sys.modules)")
    assert listed.returncode == 0, listed.stderr
    loaded = {name.split(".")[0] for name in listed.stdout.split()}
    assert "suffice" in loaded
    assert loaded & set(THIRD_PARTY) == set()


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    listed = python("-c", "import suffice.cli, sys; print(*sys.modules)")
    loaded = {name.split(".")[0] for name in listed.stdout.split()}
    assert loaded & set(THIRD_PARTY) <= {"typer", "rich"}


def test_public_names_exist() -> None:
    import suffice
    import suffice.proofs

    for package in (suffice, suffice.proofs):
        assert all(getattr(package, name) is not None for name in package.__all__)
        assert set(package.__all__) <= set(dir(package))
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            _ = package.nonsense


def test_the_kernel_runs_where_nothing_is_installed(tmp_path: Path) -> None:
    from suffice import Problem, prove
    from suffice.proofs import write

    path = tmp_path / "certificate.json"
    write(prove(Problem("x*x", {"x": (0, 1)}, eps="1e-2"), "fp16")["fp16"].certificate, path)
    checked = python("suffice.proofs.kernel", str(path), isolated=True, folder=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, f"{path}: accepted: sufficient by S1\n"), checked.stderr
    path.write_bytes(path.read_bytes().replace(b'"1/100"', b'"1/10000"'))
    assert python("suffice.proofs.kernel", str(path), isolated=True, folder=tmp_path).returncode == 1
    absent = python("numpy", isolated=True)
    assert "No module named" in absent.stderr


def test_the_names_of_the_rooms_lead_to_their_folders() -> None:
    for room in ROOMS[1:]:
        assert (ROOT / "suffice" / room).resolve() == ROOT / room


def test_package_data_is_declared() -> None:
    """Every file of the rooms is either a Python module or of a kind that pyproject.toml ships."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    tracked = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = [Path(name) for name in tracked if not (ROOT / name).is_symlink() and not name.endswith((".py", ".md"))]
    assert files
    assert [str(path) for path in files if not any(path.match(pattern) for pattern in patterns)] == []


def test_nothing_says_where_packages_come_from() -> None:
    """Files name packages, never an address to load them from."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    texts = [ROOT / name for name in tracked if name.endswith((".toml", ".cfg", ".md", ".txt", ".sh", "run", "Makefile"))]
    addresses = re.compile(r"--(extra-)?index-url|--find-links|simple/?\s*$|https?://[^\s]*(pypi|artifactory|nexus)", re.MULTILINE)
    assert [path.name for path in texts if path.is_file() and addresses.search(path.read_text(encoding="utf-8"))] == []


VERDICT_LINE = re.compile(r"^ *(\S+ +(?:generic +)?(?:sufficient|impossible|insufficient|undecided) +\S+)|(: accepted: .*)$")


def readme_commands() -> list[tuple[str, list[str]]]:
    """The commands behind `$ ` in the README, in order, each with the verdicts that stand below it."""
    found: list[tuple[str, list[str]]] = []
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), []))
        elif found and line.startswith("    ") and (match := VERDICT_LINE.search(line)):
            found[-1][1].append(match[1] or match[2])
    return found


@pytest.mark.slow
def test_the_commands_of_the_readme_answer_as_it_says(tmp_path: Path) -> None:
    """In order, in one folder, so that a later one finds the files of an earlier one."""
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    commands = [(command, verdicts) for command, verdicts in readme_commands() if not command.startswith("suffice torch")]
    assert len(commands) > 5
    assert sum(len(verdicts) for _, verdicts in commands) > 8
    for command, verdicts in commands:
        words = shlex.split(command)
        done = python(*(["-m", *words] if words[0] == "suffice" else words[1:]), folder=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert [verdict for verdict in verdicts if verdict not in done.stdout] == [], command


def test_make_offers_what_the_readme_says() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    for target in ("prove", "test", "test-torch", "lint"):
        shown = subprocess.run([make, "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
