"""Tables as plain text, HTML, and in the colours of a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape

from suffice.tables import Cell, Table


def to_text(tables: Iterable[Table]) -> str:
    """Columns aligned by blanks, without colours."""
    return "\n\n".join(_table_text(table) for table in tables)


def to_html(tables: Iterable[Table]) -> str:
    """Tables for a notebook; every text is escaped."""
    return "\n".join(_table_html(table) for table in tables)


def show(tables: Iterable[Table]) -> None:
    """Print on stdout: in colours on a terminal, as plain text elsewhere."""
    if sys.stdout.isatty():
        _show_in_colours(tables)
    else:
        print(to_text(tables))


def _table_text(table: Table) -> str:
    rows = [table.headings, *(tuple(cell.text for cell in row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([table.title, "", lines[0], rule, *lines[1:], *([""] if table.notes else []), *table.notes])


def _table_html(table: Table) -> str:
    head = "".join(f"<th style='text-align:left'>{escape(heading)}</th>" for heading in table.headings)
    body = "".join(f"<tr>{''.join(map(_cell_html, row))}</tr>" for row in table.rows)
    notes = "".join(f"<div>{escape(note)}</div>" for note in table.notes)
    return f"<table><caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def _cell_html(cell: Cell) -> str:
    style = f";color:{cell.colour};font-weight:bold" if cell.colour else ""
    return f"<td style='text-align:left{style}'>{escape(cell.text)}</td>"


def _show_in_colours(tables: Iterable[Table]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    for table in tables:
        console.print(Text(table.title, style="bold"), soft_wrap=True)
        shown = RichTable(box=SIMPLE_HEAD, pad_edge=False)
        for heading in table.headings:
            shown.add_column(Text(heading))
        for row in table.rows:
            shown.add_row(*(Text(cell.text, style=f"bold {cell.colour}" if cell.colour else "") for cell in row))
        console.print(shown)
        for note in table.notes:
            console.print(Text(note), soft_wrap=True)
