"""A progress bar on stderr, for people who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 2.0
"""Seconds before the bar appears."""


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None] | None]:
    """What to tell progress to; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _LateBar()
    try:
        yield bar.tell
    finally:
        bar.stop()


class _LateBar:
    """A bar that appears when the work has taken a while."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def tell(self, stage: str, fraction: float) -> None:
        if self._shown is None and time.monotonic() - self._start < _PATIENCE:
            return
        progress, task = self._shown or self._show()
        progress.update(task, description=stage, completed=fraction)

    def _show(self) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import Progress

        progress = Progress(console=Console(stderr=True), transient=True)
        self._shown = progress, progress.add_task("", total=1.0)
        progress.start()
        return self._shown

    def stop(self) -> None:
        if self._shown is not None:
            self._shown[0].stop()
