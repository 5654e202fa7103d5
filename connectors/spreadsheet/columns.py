"""How each mapped column is read: its type, locale, unit and currency, from the configuration and from its headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import column_letters
from connectors.spreadsheet.fields import FIELDS, CellType
from connectors.spreadsheet.headers import Header
from connectors.spreadsheet.months import MonthColumn
from connectors.spreadsheet.options import Column, SpreadsheetOptions
from connectors.spreadsheet.units import Unit, bare_unit, parse_unit, unit_in_header
from connectors.spreadsheet.values import Reading
from model.errors import SourceContentError
from model.keys import normalise_key


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A mapped column where it stands in this workbook."""

    column: int
    header: str
    address: str
    type: CellType
    reading: Reading
    currency: str | None = None

    @property
    def is_amount(self) -> bool:
        return self.type in (CellType.MONEY, CellType.NUMBER)


def place_columns(header: Header, options: SpreadsheetOptions, location: str) -> Mapping[str, PlacedColumn]:
    """Field path to column: ``title``, ``custom.region``, ``plan.2026-10``, the names that provenance uses too.

    Raise SourceContentError when a header names another unit than the configuration (a sheet that went from EUR to
    kEUR would otherwise be read a thousand times too small).
    """
    known = FIELDS[options.records]
    placed = {}
    for name, wanted in options.columns.items():
        if name in header.columns:
            placed[name] = _place(header, header.columns[name], wanted, known[name], options, location)
    for name, wanted in options.custom.items():
        if name in header.columns:
            kind = wanted.type or CellType.TEXT
            placed[f"custom.{name}"] = _place(header, header.columns[name], wanted, kind, options, location)
    for month in header.months:
        placed[f"{month.block.series}.{month.month}"] = _place_month(header, month, options, location)
    return placed


def _place(
    header: Header, column: int, wanted: Column, kind: CellType, options: SpreadsheetOptions, location: str
) -> PlacedColumn:
    texts = header.texts[column]
    address = f"{column_letters(column)}{header.row}"
    told = (*texts, header.units.get(column, ""))
    unit = _unit(wanted.unit, told, f"{location}!{address}") if kind is CellType.MONEY else None
    if kind is CellType.NUMBER and wanted.unit:
        unit = parse_unit(wanted.unit)
    reading = Reading(wanted.locale or options.locale, wanted.date_order, unit, _blanks(options))
    return PlacedColumn(
        column, " ".join(texts[-1].split()), address, kind, reading, wanted.currency or _only_currency(unit)
    )


def _place_month(header: Header, month: MonthColumn, options: SpreadsheetOptions, location: str) -> PlacedColumn:
    address = f"{column_letters(month.column)}{header.row}"
    told = (*month.headers, header.units.get(month.column, ""))
    unit = _unit(month.block.unit, told, f"{location}!{address}")
    reading = Reading(month.block.locale or options.locale, None, unit, _blanks(options))
    text = " ".join(month.headers[-1].split())
    return PlacedColumn(month.column, text, address, CellType.MONEY, reading, _only_currency(unit))


def _unit(configured: str | None, texts: Sequence[str], location: str) -> Unit | None:
    """The configured unit, or the one that the headers name; both must agree."""
    in_header = next((unit for text in reversed(texts) if (unit := unit_in_header(text) or bare_unit(text))), None)
    if configured is None:
        return in_header
    unit = parse_unit(configured)
    if in_header is not None and not _agree(in_header, unit):
        raise SourceContentError(
            f"the header {' '.join(texts).strip()!r} names another unit than the configured {configured}",
            location=location,
            hint="correct unit: in the source's settings, or remove it to follow the header",
        )
    return unit


def _agree(told: Unit, configured: Unit) -> bool:
    """Whether two units are the same as far as both tell; a unit without a currency says only how many."""
    currencies = told.currencies & configured.currencies
    return told.scale == configured.scale and bool(currencies or not (told.currencies and configured.currencies))


def _only_currency(unit: Unit | None) -> str | None:
    return next(iter(unit.currencies)) if unit and len(unit.currencies) == 1 else None


def _blanks(options: SpreadsheetOptions) -> frozenset[str]:
    return frozenset(normalise_key(text) for text in options.blanks)


def identifying_paths(options: SpreadsheetOptions) -> Sequence[str]:
    """The field paths that name a row."""
    if "key" in options.columns:
        return ("key",)
    return tuple(name if name in options.columns else f"custom.{name}" for name in options.identity) or ("title",)
