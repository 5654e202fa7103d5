"""The settings that would read the columns of a sheet, as YAML to paste."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.spreadsheet.field_words import series_for
from connectors.spreadsheet.fields import FIELDS, CellType
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.months import month_columns
from connectors.spreadsheet.options import Column as ColumnSetting
from connectors.spreadsheet.options import Months, SpreadsheetOptions

_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})
"""What YAML takes for something else than a text."""
_LONGEST_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it stands there: the field that reads it, or the one that it seems to be for."""

    address: str
    number: int
    header: str
    kind: str
    sample: str
    sheet: str
    kept: str = ""
    suggested: str = ""


@dataclass(frozen=True, slots=True)
class MonthBlock:
    """Month columns that by their words are one series."""

    series: str
    group: str | None
    header: str
    columns: frozenset[int]


def month_blocks(texts: Mapping[int, tuple[str, ...]], row: int) -> list[MonthBlock]:
    """The series of months below group headers such as ``Plan``, or whose headers say ``Plan Okt 26``."""
    found = []
    for group in dict.fromkeys(text for each in texts.values() for text in each[:-1]):
        series = series_for(group.split()[0])
        if series:
            found += _block(texts, row, series, group=group.split()[0])
    words = dict.fromkeys(word for each in texts.values() for word in _edges(each[-1]))
    for word in words:
        series = series_for(word)
        if series and series not in {block.series for block in found}:
            found += _block(texts, row, series, header=f"{word} {{month}}")
            found += _block(texts, row, series, header=f"{{month}} {word}")
    if not found:
        found += _block(texts, row, "plan")
    return list({(block.series, block.group, block.header): block for block in found}.values())


def _edges(text: str) -> list[str]:
    words = text.split()
    return [words[0], words[-1]] if words else []


def _block(
    texts: Mapping[int, tuple[str, ...]], row: int, series: str, *, group: str | None = None, header: str = "{month}"
) -> list[MonthBlock]:
    block = Months.model_validate({"series": series, "group": group, "header": header})
    columns, doubts = month_columns(texts, (), block, row, groups_told=True)
    clear = columns and not doubts
    return [MonthBlock(series, group, header, frozenset(each.column for each in columns))] if clear else []


def settings_for(options: SpreadsheetOptions, columns: Sequence[Column], months: Sequence[MonthBlock]) -> str:
    """The blocks ``columns:``, ``custom:`` and, where none is configured, ``months:``: what is read already as it is,
    then what could be."""
    in_months = {number for block in months for number in block.columns}
    free = [column for column in columns if column.kept or column.number not in in_months]
    known, custom = dict[str, Column](), dict[str, Column]()
    for column in free:
        if column.kept in options.columns:
            known.setdefault(column.kept, column)
        elif column.kept in options.custom:
            custom.setdefault(column.kept, column)
    for column in [each for each in free if not each.kept]:
        if column.suggested and column.suggested not in known:
            known[column.suggested] = column
        else:
            custom[_free_name(column.header, {*known, *custom, *FIELDS[options.records]})] = column
    lines = [*_column_lines("columns", known, options.columns), *_column_lines("custom", custom, options.custom)]
    return "\n".join([*lines, *_month_lines(() if options.months else months)])


def _column_lines(option: str, columns: Mapping[str, Column], configured: Mapping[str, ColumnSetting]) -> Iterator[str]:
    if columns:
        yield f"{option}:"
    for name, column in columns.items():
        setting: dict[str, object] = {"header": column.header}
        if name in configured:
            setting = configured[name].model_dump(mode="json", exclude_defaults=True)
            setting |= {} if column.kept else {"header": column.header}
        elif option == "custom" and column.kind != CellType.TEXT:
            setting["type"] = column.kind
        # A text in JSON is a text in YAML, whatever it holds.
        written = json.dumps(setting if len(setting) > 1 else setting["header"], ensure_ascii=False)
        sample = " ".join(column.sample.split())
        shown = f", for example {sample[:_LONGEST_SAMPLE]}" if sample else ""
        yield f"  {name}: {written}  # {column.address}{shown}"


def _month_lines(months: Sequence[MonthBlock]) -> Iterator[str]:
    if months:
        yield "months:"
    for block in months:
        yield f"  - series: {block.series}"
        if block.group is not None:
            yield f"    group: {json.dumps(block.group, ensure_ascii=False)}"
        if block.header != "{month}":
            yield f"    header: {json.dumps(block.header, ensure_ascii=False)}"


def _free_name(header: str, taken: set[str]) -> str:
    """A name of small letters, digits and underscores that no field and no other column bears."""
    plain = unicodedata.normalize("NFKD", header_name(header)).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "column"
    word = f"column_{word}" if word[0].isdigit() else word
    word = f"{word}_column" if word in _YAML_WORDS or word in taken else word
    number, free = 2, word
    while free in taken:
        number, free = number + 1, f"{word}_{number}"
    return free
