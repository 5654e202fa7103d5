"""What each mapped column is now: its header, type and unit, wherever it stands (S12)."""

from collections import defaultdict
from collections.abc import Iterator

from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.extract import Extract
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.options import Column, SpreadsheetOptions


def shape_of(options: SpreadsheetOptions, found: Extract) -> dict[str, str]:
    """Our name of each column, and its configured header with type and unit; empty for an optional one that is not
    there. The letter is no part of it, so a column may move; nor is the spelling that an alias allows.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for path, placed in (pair for part in found.sheets for pair in part.columns.items()):
        series, _, below = path.partition(".")
        kinds[below if series == "custom" else series].add(_kind(placed))
    shape = {name: f"'{header_name(wanted.header)}'" for name, wanted in _mapped(options)}
    shape |= {block.series: "months" for block in options.months}
    return {name: f"{what} ({', '.join(sorted(kinds[name]))})" if name in kinds else "" for name, what in shape.items()}


def _mapped(options: SpreadsheetOptions) -> Iterator[tuple[str, Column]]:
    yield from options.columns.items()
    yield from options.custom.items()


def _kind(placed: PlacedColumn) -> str:
    unit = placed.reading.unit
    if unit is None:
        return placed.type.value
    return " ".join(
        [placed.type.value, "in", "/".join(sorted(unit.currencies)) or "units", f"x{unit.scale.normalize():f}"]
    )
