"""Check that a wheel and a source archive hold every file of the package that the repository holds."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOMS = ("encodings", "hardware_specs", "proofs", "prover", "suffice")


def expected_files() -> set[str]:
    """Every tracked file of the rooms, as it is named inside the package."""
    listed = subprocess.run(["git", "ls-files", *ROOMS], check=True, capture_output=True, text=True).stdout.splitlines()
    files = [name for name in listed if not Path(name).is_symlink() and not name.endswith(".md")]
    return {name if name.startswith("suffice/") else f"suffice/{name}" for name in files}


def held_files(archive: Path) -> set[str]:
    """The names in an archive; those of a source archive without its top folder."""
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as source:
        return {name.partition("/")[2] for name in source.getnames()}


def main(archives: list[str]) -> int:
    """Print what is missing; 1 if anything is."""
    expected = expected_files()
    missing = [f"{archive}: {name} is missing" for archive in archives for name in sorted(expected - held_files(Path(archive)))]
    print("\n".join(missing) or f"each of {len(archives)} archives holds all {len(expected)} files")
    return 1 if missing or not expected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
