"""How a rule file may write a lookup table: its rows, or where a workbook has them."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from mapping.notation import Line, Texts
from model.options import Options


class WorkbookTable(Options):
    """A lookup table in a sheet of a workbook. Blank rows are passed over, the header may stand below a title."""

    workbook: Line
    """The .xlsx or .xlsm file; paths start in the folder of the settings file."""
    sheet: Line
    """The name of the sheet."""
    key: Line
    """The header of the column with the values that are looked up."""
    objective: Line
    """The header of the column with the id of the objective; several with commas."""


def _table_written(value: Any) -> str:
    in_workbook = isinstance(value, WorkbookTable) or (isinstance(value, dict) and "workbook" in value)
    return "table in a workbook" if in_workbook else "table of values"


class _ByWorkbook:
    """Tells editors what tells the two forms apart: a table with the key ``workbook`` is in one."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        in_workbook, of_values = handler(schema)["oneOf"]
        return {"if": {"type": "object", "required": ["workbook"]}, "then": in_workbook, "else": of_values}


LookupTable = Annotated[
    Annotated[WorkbookTable, Tag("table in a workbook")] | Annotated[dict[Line, Texts], Tag("table of values")],
    Discriminator(_table_written),
    _ByWorkbook(),
]
"""Rows of values, or where a workbook has them. A value called workbook is written Workbook: case does not count."""
