"""The reasons for which the kernel's source refuses, beside those that cases bring about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


def unreached(package: ModuleType, reasons: Iterable[str], *, least: int) -> set[str]:
    """The texts in a package's source that none of the reasons has; there must be more than `least` texts."""
    known, texts = set(reasons), _texts(package)
    assert len(texts) > least
    return {text for text in texts if not any(re.fullmatch(re.escape(text).replace("_", ".*"), reason, re.DOTALL) for reason in known)}


def _texts(package: ModuleType) -> set[str]:
    """The texts that are given to Rejection and LeafFailure, with _ for what is filled in."""
    assert package.__file__ is not None
    found = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Rejection", "LeafFailure"):
                text = node.args[0]
                if isinstance(text, ast.Constant):
                    found.add(str(text.value))
                elif isinstance(text, ast.JoinedStr):
                    found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in text.values))
    return found
