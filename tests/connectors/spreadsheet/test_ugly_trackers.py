"""The same twenty savings come out of every layout that people give a tracker (S12, X14, X15, X16, X17)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.spreadsheet.books import connector, extract
from tests.connectors.spreadsheet.ugly_trackers import EXPECTED, UglyTracker, facts_of


@pytest.mark.parametrize("seed", range(40))
def test_the_same_savings_come_out_of_every_layout(seed: int, tmp_path: Path) -> None:
    tracker = UglyTracker(seed, tmp_path / "Tracker.xlsx")
    tracker.write()
    found = extract(tracker.path, **tracker.settings)
    assert {record.key: facts_of(record) for record in found.records} == EXPECTED, tracker.chosen
    assert found.set_aside == [], tracker.chosen


@pytest.mark.parametrize("seed", range(20))
def test_what_discovery_suggests_reads_the_savings(seed: int, tmp_path: Path) -> None:
    """Pasted as it stands below a source whose columns are all wrong; only a unit that is told nowhere is added."""
    tracker = UglyTracker(seed, tmp_path / "Tracker.xlsx")
    tracker.write()
    source = connector(tracker.path, columns={"key": "Wrong", "title": "Also wrong"})
    suggested = yaml.safe_load(source.discover().settings)
    told = tracker.unit_place != "settings"
    changes = suggested if told else with_unit(suggested)
    found = extract(tracker.path, **changes)
    assert {record.key: facts_of(record) for record in found.records} == EXPECTED, (tracker.chosen, suggested)


def with_unit(suggested: dict[str, Any]) -> dict[str, Any]:
    cost = {"header": suggested["columns"]["one_time_cost"], "unit": "kEUR"}
    months = [block | {"unit": "kEUR"} for block in suggested["months"]]
    return suggested | {"columns": suggested["columns"] | {"one_time_cost": cost}, "months": months}
