"""What a workbook could be configured to give: its sheets, tables and names, its columns, and the settings to paste."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.base import ReadContext
from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.field_words import field_for
from connectors.spreadsheet.fields import FIELDS, CellType
from connectors.spreadsheet.header_texts import HeaderTexts, header_name
from connectors.spreadsheet.headers import find_header, header_rows
from connectors.spreadsheet.opening import open_file
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.pick import pick_file
from connectors.spreadsheet.place import RemotePath
from connectors.spreadsheet.remote import open_store
from connectors.spreadsheet.suggestion import Column, MonthBlock, month_blocks, settings_for
from connectors.spreadsheet.values import read_text
from model.errors import ConfigurationError, DriftlineError, Problem, SourceError
from model.reading import Container, DiscoveredField, Discovery

_LONGEST_HEADER = 80
_LOOKED_AT = 50
"""How many rows below a header are looked at for a sample."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A sheet with its header row as configured, or else as it seems to be."""

    sheet: Sheet
    row: int
    texts: Mapping[int, tuple[str, ...]]
    kept: Mapping[int, str]
    """Column to the field that reads it already."""
    spread: Mapping[int, tuple[str, ...]]
    """The same texts with groups that are written once above several months."""


def discover(source: str, options: SpreadsheetOptions, context: ReadContext) -> Discovery:
    """Look at the whole workbook; configured sheets or columns that are not there are problems, not the end."""
    place = options.path
    store = open_store(source, place, options, context) if isinstance(place, RemotePath) else None
    picked = pick_file(place, options.pick, store.beside if store else None)
    options = options.model_copy(update={"path": picked})
    everything = open_file(options, store, every=True)
    problems: list[Problem] = []
    try:
        chosen = open_file(options, store)
    except (SourceError, ConfigurationError) as error:
        problems += _located(source, error)
        chosen = [sheet for sheet in everything if sheet.visible] or everything
    seen = [each for sheet in chosen if (each := _look(sheet, source, options, problems)) is not None]
    columns = [column for each in seen for column in _columns(each, options)]
    months = month_blocks(seen[0].spread, seen[0].row) if seen else ()
    return Discovery(
        option="columns",
        containers=[container for sheet in everything for container in _containers(sheet)],
        fields=[_field(column, columns, months) for column in _distinct(columns)],
        problems=problems,
        settings=settings_for(options, _distinct(columns), months) if columns else "",
    )


def _located(source: str, error: DriftlineError) -> list[Problem]:
    return [Problem(each.message, f"{source}: {each.location}", each.hint) for each in error.problems]


def _containers(sheet: Sheet) -> Iterator[Container]:
    """The sheet with its size, its tables and the names of areas on it."""
    size = f"{_counted(len(sheet.used_rows), 'row')}, {_counted(len(sheet.used_columns), 'column')}"
    state = "visible" if sheet.visible else "hidden"
    yield Container(sheet.title, f"{'text file' if sheet.is_text else 'sheet'} of {size}", state)
    for table in sheet.tables:
        area = table.area
        where = f"{column_letters(area.left)}{area.top}:{column_letters(area.right)}{area.bottom}"
        yield Container(table.name, f"table on {sheet.title}, {where}", state)
    for name in sheet.names:
        yield Container(name, f"named range on {sheet.title}", state)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _look(sheet: Sheet, source: str, options: SpreadsheetOptions, problems: list[Problem]) -> _Seen | None:
    """Find the header as configured; where it is not, say so and take the row that looks most like one."""
    location = options.path.name if sheet.is_text else f"{options.path.name}!{sheet.title}"
    rows, texts = header_rows(sheet, options)
    try:
        header = find_header(sheet, options, location)
    except SourceError as error:
        problems += _located(source, error)
    else:
        kept = {column: name for name, column in header.columns.items()}
        kept |= {month.column: f"months of {month.block.series}" for month in header.months}
        return _Seen(
            sheet, header.row, _own(texts, header.row), kept, texts.spread(header.row, header.columns.values())
        )
    best = max(rows, key=lambda row: (_likeness(sheet, row, texts, options), -row), default=None)
    there = _own(texts, best) if best is not None else {}
    if best is None or not there:
        return None
    kept = {}
    for name, wanted in (*options.columns.items(), *options.custom.items()):
        spellings = {header_name(spelling) for spelling in (wanted.header, *wanted.aliases)}
        kept |= {column: name for column, found in there.items() if header_name(found[-1]) in spellings}
    named = [column for column, each in there.items() if field_for(each[-1], options.records)]
    return _Seen(sheet, best, there, kept, texts.spread(best, named))


def _own(texts: HeaderTexts, row: int) -> Mapping[int, tuple[str, ...]]:
    """The headers without the columns that lie below a wide title alone."""
    return {column: each for column, each in texts.above(row).items() if not texts.only_groups(row, column)}


def _likeness(sheet: Sheet, row: int, texts: HeaderTexts, options: SpreadsheetOptions) -> int:
    """How much a row looks like a header: known words count most, then months, then any short texts."""
    above = {column: each for column, each in texts.above(row).items() if texts.stands_in(row, column)}
    short = sum(
        isinstance(sheet.cell(row, column).value, str) and len(each[-1]) <= _LONGEST_HEADER
        for column, each in above.items()
    )
    known = sum(field_for(each[-1], options.records) is not None for each in above.values())
    months = sum(len(block.columns) for block in month_blocks(above, row))
    return 3 * known + 2 * months + short


def _columns(seen: _Seen, options: SpreadsheetOptions) -> Iterator[Column]:
    known = FIELDS[options.records]
    names = [header_name(texts[-1]) for texts in seen.texts.values()]
    for column, texts in seen.texts.items():
        own = " ".join(texts[-1].split())
        # A header that stands twice is told apart by the group above it.
        header = own if names.count(header_name(own)) == 1 else " ".join(" ".join(texts).split())
        kept = seen.kept.get(column, "")
        kind, sample = _cells_below(seen, column)
        yield Column(
            address=f"{column_letters(column)}{seen.row}",
            number=column,
            header=header,
            kind=str(known.get(kept, kind)),
            sample=sample,
            sheet=seen.sheet.title,
            kept=kept,
            suggested="" if kept else field_for(header, options.records) or "",
        )


def _cells_below(seen: _Seen, column: int) -> tuple[CellType, str]:
    """What the cells below a header seem to be, and one of them."""
    rows = seen.sheet.filled(seen.row + 1, seen.row + _LOOKED_AT, _LOOKED_AT)
    cells = [cell for row in rows if (cell := seen.sheet.cell(row, column)).state is CellState.VALUE]
    if not cells:
        return CellType.TEXT, ""
    sample = read_text(cells[0]) or ""
    if all(isinstance(cell.value, date) for cell in cells):
        return CellType.DATE, sample
    numbers = all(isinstance(cell.value, int | float) and not isinstance(cell.value, bool) for cell in cells)
    return (CellType.NUMBER if numbers else CellType.TEXT), sample


def _distinct(columns: Sequence[Column]) -> list[Column]:
    """One of those that bear the same header on several sheets."""
    found: dict[str, Column] = {}
    for column in columns:
        found.setdefault(header_name(column.header), column)
    return list(found.values())


def _field(column: Column, columns: Sequence[Column], months: Sequence[MonthBlock]) -> DiscoveredField:
    alike = [each for each in columns if header_name(each.header) == header_name(column.header)]
    series = next((block.series for block in months if column.number in block.columns), "")
    return DiscoveredField(
        id=column.address,
        name=column.header,
        kind=f"month of {series}" if series else column.kind,
        sample=column.sample,
        containers=tuple(dict.fromkeys(each.sheet for each in alike)),
        setting=column.header,
        kept_as=column.kept,
    )
