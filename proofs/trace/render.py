"""Traces as Markdown, HTML and LaTeX."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from suffice.proofs.trace.data import Trace

Target = Literal["md", "html", "tex"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "-": "{-}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
}  # fmt: skip


def render(trace: Trace, to: Target = "md") -> str:
    """The whole document."""
    return _environment(to).get_template(f"trace.{to}.j2").render(trace=trace)


@cache
def _environment(to: Target) -> Environment:
    """Every text from outside passes the target's escaping: HTML by autoescape, the others by the templates' filters."""
    environment = Environment(
        loader=PackageLoader("suffice.proofs.trace"),
        autoescape=to == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=visible,
        **(_LATEX_SYNTAX if to == "tex" else {}),
    )
    environment.filters |= {"markdown": escape_markdown, "fenced": fenced, "latex": escape_latex, "listing": latex_listing}
    return environment


_LATEX_SYNTAX: dict[str, Any] = {
    "block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "<<", "variable_end_string": ">>",
    "comment_start_string": "<#", "comment_end_string": "#>",
}  # fmt: skip


def visible(text: str) -> str:
    """The text with control and formatting characters, which could hide or reorder it, as blanks; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _one_line(text: str) -> str:
    """White space and control characters as single blanks."""
    return " ".join(visible(text).split())


def escape_markdown(text: str) -> str:
    """Text that Markdown sets as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", _one_line(text).replace("&", "&amp;"))


def fenced(text: str) -> str:
    """A block of code whose fence is longer than any inside it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def escape_latex(text: str) -> str:
    """Text that LaTeX sets as it is, on one line; letters beyond ASCII by their code points."""
    return "".join(_LATEX.get(c, c) if c.isascii() else f"U+{ord(c):04X}" for c in _one_line(text))


def latex_listing(text: str) -> str:
    """Code line by line, each line escaped and its indentation kept."""
    lines = text.rstrip().splitlines()
    return "\n".join(rf"\mbox{{\texttt{{{_indent(line)}{escape_latex(line)}}}}}\\" for line in lines)


def _indent(line: str) -> str:
    return "~" * (len(line) - len(line.lstrip(" ")))
