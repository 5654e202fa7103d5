"""What a reader of bare values does not see and what must be said for it: the unit in a number format (X10)."""

from collections.abc import Mapping, Sequence

from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.values import unit_in_format
from model.errors import Problem, SourceContentError


def unseen_units(sheet: Sheet, columns: Mapping[str, PlacedColumn], location: str) -> Sequence[Problem]:
    """Name the money columns whose unit nothing tells but perhaps a number format that was not seen.

    Raise SourceContentError when the workbook defines formats that multiply, such as ``0 "k€"``: an amount
    could be a thousand times too small.
    """
    silent = [placed for placed in columns.values() if placed.type is CellType.MONEY and placed.reading.unit is None]
    if not sheet.values_only or not silent:
        return ()
    names = ", ".join(f"{placed.address} {placed.header!r}" for placed in silent[:12])
    hint = "set unit: on these columns, such as EUR or kEUR"
    scaling = [code for code in sheet.formats if unit_in_format(code).scale != 1]
    if scaling:
        raise SourceContentError(
            f"the workbook has number formats such as {scaling[0]!r}, {sheet.reader} does not see where,"
            f" and nothing tells the unit of {names}",
            location=location,
            hint=hint,
        )
    return [Problem(f"number formats were not seen; these are taken in single units: {names}", location, hint)]
