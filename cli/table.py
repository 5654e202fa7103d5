"""Rows in columns: wrapped to the terminal's width, or one whole line per row when a program reads them."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from cli.output import coloured, talk, write
from cli.wording import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

UNLIMITED = 100_000
"""The width when nobody watches: no row is ever wrapped, so that each stays one line to search for."""
NARROWEST = 60
LABELS = 13
"""How wide the column of labels is at least, so that the parts of one page stand in line."""


def watched() -> bool:
    """Whether stdout is a terminal: then texts are wrapped and laid out for eyes, otherwise for programs."""
    return sys.stdout.isatty()


def console(stream: TextIO) -> "Console":
    """A rich console for a stream; colours and the width of the window only on a terminal."""
    from rich.console import Console

    terminal = stream.isatty()
    made = Console(
        file=stream,
        force_terminal=terminal,
        color_system="auto" if coloured(stream) else None,
        width=None if terminal else UNLIMITED,
        highlight=False,
        markup=False,
        emoji=False,
    )
    if terminal and made.width < NARROWEST:
        made.width = NARROWEST
    return made


def cell(*lines: str, style: str = "") -> "Text":
    """Text for a cell: cleaned and never markup. Several lines stand below each other only on a terminal."""
    from rich.text import Text

    return Text(("\n" if watched() else " ").join(clean(line) for line in lines), style=style)


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence["str | int | Text"]], *, right: Iterable[int] = ()
) -> None:
    """Print rows under headers; the columns in ``right`` are set flush right."""
    from rich import box
    from rich.table import Table

    numbers = set(right)
    table = Table(
        box=box.SIMPLE_HEAD if watched() else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0) if watched() else (0, 2, 0, 0),
        header_style="bold",
    )
    for index, header in enumerate(headers):
        flush_right = index in numbers
        table.add_column(header, justify="right" if flush_right else "left", overflow="fold", no_wrap=flush_right)
    _fill(table, rows)
    write(_rendered(table, sys.stdout))


def print_pairs(rows: Iterable[Sequence["str | int | Text"]], *, indent: int = 0, talking: bool = False) -> None:
    """Print rows whose first cell is a label; longer texts hang under their own column."""
    from rich.table import Table

    rows = [list(row) for row in rows]
    if not rows:
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    columns = max(len(row) for row in rows)
    for index in range(columns):
        first = index == 0
        grid.add_column(overflow="fold", no_wrap=first, min_width=LABELS if first and not talking else None)
    _fill(grid, [[*row, *[""] * (columns - len(row))] for row in rows])
    from rich.padding import Padding

    text = _rendered(Padding(grid, (0, 0, 0, indent)), sys.stderr if talking else sys.stdout)
    if talking:
        for line in text.splitlines():
            talk(line)
    else:
        write(text)


def _fill(table: "Table", rows: Iterable[Sequence["str | int | Text"]]) -> None:
    from rich.text import Text

    for row in rows:
        table.add_row(*[entry if isinstance(entry, Text) else cell(str(entry)) for entry in row])


def _rendered(renderable: "Table | object", stream: TextIO) -> str:
    """The text of a table without the blanks that fill its last column."""
    made = console(stream)
    with made.capture() as captured:
        made.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
