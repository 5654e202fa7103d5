"""The terms of needs survive the way into a workbook and back."""

from pathlib import Path

from mapping.document import SourceText
from mapping.load import load_mapping
from pipeline.objectives_export import workbook_of
from pipeline.objectives_workbook import import_objectives

OBJECTIVES = """\
version: 2
objectives:
  - id: A
    level: measure
    name: A
    needs:
      - {after: X-1, lag: 3 working days, calendar: de-by, owner: dana}
      - {after: X-2, lag: 1 working day}
      - {after: X-3, lag: 2w}
      - {after: X-4}
"""


def test_lags_in_days_and_in_working_days_come_back_as_they_went(tmp_path: Path) -> None:
    [before] = load_mapping([SourceText("o.yaml", OBJECTIVES)], [], sources=()).tree.objectives
    path = tmp_path / "o.xlsx"
    path.write_bytes(workbook_of([before]))
    [after] = import_objectives(path).objectives
    assert after.needs == before.needs
    assert [need.calendar for need in after.needs] == ["de-by", "default", "", ""]
