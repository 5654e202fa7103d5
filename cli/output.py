"""How the command line speaks: tables and JSON on stdout, errors and progress on stderr."""

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import click

from model.errors import DriftlineError

if TYPE_CHECKING:
    from rich.console import Console


def talk(text: str = "") -> None:
    """Say something that is not data."""
    click.echo(text, err=True)


def say_error(error: DriftlineError) -> None:
    """Print an error in its form: what, where, one thing to do."""
    for number, problem in enumerate(error.problems):
        if number:
            talk()
        head, _, rest = str(problem).partition("\n")
        word, _, message = head.partition(":")
        talk(click.style(f"{word}:", fg="red", bold=True) + message)
        if rest:
            talk(rest)


def print_json(value: Any) -> None:
    """Write one JSON document: a documented contract, fields are only ever added."""
    import orjson

    click.echo(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode())


def plain(value: Any) -> Any:
    """Turn values into what JSON knows: amounts as text so that no digit is lost, times in ISO form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not field.name.startswith("_")
        }
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Decimal | StrEnum):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def console(*, stderr: bool = False) -> "Console":
    """A rich console: colour only on a terminal and only when NO_COLOR is unset; wide when nobody watches."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> None:
    """Print rows under headers; the columns in ``right`` are set flush right. Cells are plain text, never markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    numbers = set(right)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index, header in enumerate(headers):
        table.add_column(header, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*[cell if isinstance(cell, Text) else Text(clean(str(cell))) for cell in row])
    console().print(table)


def clean(text: str) -> str:
    """Make a foreign text safe to print: control characters would let it steer the terminal (F10)."""
    return "".join(
        character if character.isprintable() and not _steers_direction(character) else " " for character in text
    )


def _steers_direction(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"


def day(value: date | datetime | None) -> str:
    """``30 Sep 2026``, or a dash."""
    return f"{value.day} {value:%b %Y}" if value else "–"


def moment(value: datetime | None) -> str:
    """``2026-09-15 09:00 UTC``, or a dash."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "–"


def money(amount: Decimal, currency: str) -> str:
    """``EUR 2,040,000``; cents only where there are any."""
    return f"{currency} {amount:,.2f}".removesuffix(".00")
