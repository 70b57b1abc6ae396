"""The program `suffice`: its commands, and how each ending becomes an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from suffice import __version__
from suffice.cli.archive import archive_app
from suffice.cli.certificates import check, explain
from suffice.cli.lemmas import lemmas
from suffice.cli.listings import devices, formats
from suffice.cli.minimising import minimum
from suffice.cli.mixing import mix
from suffice.cli.proving import bounds, prove
from suffice.cli.statuses import BAD_INPUT, INTERNAL, INTERRUPTED, READER_GONE
from suffice.cli.torch import torch
from suffice.errors import SufficeError

app = typer.Typer(
    name="suffice",
    help="Is this number format enough for this computation? Answers with a proof.",
    epilog=(
        "Exit status: 0 proved or accepted, 1 a certificate was rejected, 2 bad input, 3 undecided, 4 not what --expect said, "
        "5 rests on a solver."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (prove, minimum, bounds, mix, check, explain, formats, devices, lemmas, torch):
    app.command()(command)
app.add_typer(archive_app, name="archive")


@app.callback(invoke_without_command=True)
def _start(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"suffice {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status; every complaint is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="suffice", standalone_mode=False)
        sys.stdout.flush()
    except SufficeError as error:
        return _complain(str(error))
    except typer.TyperException as error:
        return _complain(f"{error.format_message().rstrip('.')}; see suffice --help")
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # typer ends the program at a broken pipe
        return _reader_gone()
    except OSError as error:
        return _complain(f"{error.filename or 'output'}: {error.strerror or error}")
    except Exception:
        traceback.print_exc()
        print("suffice: this is a fault of suffice itself; nothing is proved", file=sys.stderr)
        return INTERNAL
    return _interrupted() if status == INTERRUPTED else int(status or 0)


def _complain(message: str) -> int:
    print(f"suffice: {''.join(c if c.isprintable() else ' ' for c in message)}", file=sys.stderr)
    _drop_output()
    return BAD_INPUT


def _interrupted() -> int:
    print("suffice: interrupted", file=sys.stderr)
    _drop_output()
    return INTERRUPTED


def _reader_gone() -> int:
    """Whoever read our output has closed it, as `head` does."""
    _drop_output()
    return READER_GONE


def _drop_output() -> None:
    """What could not be written must not be tried again when Python ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
