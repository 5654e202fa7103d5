"""Lookup tables of rules that lie in workbooks: real files, mistakes at their cells."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from config.load import Configuration, load
from config.schema import rules_schema
from mapping.match import Matcher, Names
from model.errors import ConfigurationError, Problem
from tests.config.test_load import OBJECTIVES, SETTINGS
from tests.mapping.samples import work

RULES = """\
version: 1
lookups:
  regions: {workbook: lists/regions.xlsx, sheet: Regions, key: Region, objective: Objective}
rules:
  - name: by region
    role: delivers
    objective: {lookup: regions, by: label}
    match: {kind: work_item}
"""
HEADERS = ("Region", "Remark", "Objective")
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the workbook of a small, sound configuration, whose folder is also the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("mapping").mkdir()
    Path("lists").mkdir()
    Path("driftline.yaml").write_text(SETTINGS)
    Path("objectives.yaml").write_text(OBJECTIVES)
    Path("mapping/rules.yaml").write_text(RULES)

    def save(*rows: Sequence[Any], title: str = "Regions", headers: Sequence[str] = HEADERS) -> None:
        book = Workbook()
        book.active.title = "Read me"
        sheet = book.create_sheet(title)
        for row in (("Regions of the group",), (), headers, *rows):
            sheet.append(row)
        book.save("lists/regions.xlsx")

    return save


def loaded() -> Configuration:
    return load(Path("driftline.yaml"))


def mistakes() -> Sequence[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        loaded()
    return caught.value.problems


def served(configuration: Configuration, label: str) -> list[str]:
    found = Matcher(configuration.mapping, Names()).match(work(labels=(label,)))
    return [link.objective_id for link in found.links]


def test_a_sheet_leads_from_a_value_to_objectives_and_blank_rows_are_passed_over(write: Write) -> None:
    write(("EMEA", "", "costs"), (), ("North  America", "", "GROUP\nCOSTS"), (None, "a remark"), (49, None, "GROUP"))
    found = loaded()
    assert served(found, "emea") == ["COSTS"]
    assert served(found, "north america") == ["GROUP", "COSTS"]
    assert served(found, "49") == ["GROUP"]
    assert served(found, "APAC") == []
    assert found.warnings == ()


def test_every_wrong_cell_is_told_at_its_place(write: Write) -> None:
    write(
        ("EMEA", "", "COST"),
        ("APAC", "", "COSTS"),
        ("apac ", "", "GROUP"),
        (None, "", "COSTS"),
        ("#REF!", "", "COSTS"),
        ("APAC", "", "costs"),
    )
    found = {each.location: (each.message, each.hint) for each in mistakes()}
    assert found == {
        "lists/regions.xlsx!Regions!C4": ("there is no objective 'COST'", "did you mean 'COSTS'?"),
        "lists/regions.xlsx!Regions!A6": (
            "'apac' stands for other objectives than in A5",
            "remove one of the rows; case and spaces do not count",
        ),
        "lists/regions.xlsx!Regions!A7": (
            "'COSTS' stands beside an empty cell",
            "write the value that it is looked up by",
        ),
        "lists/regions.xlsx!Regions!A8": ("the cell holds the error #REF!", "mend the cell and save the workbook"),
    }


def test_a_value_without_an_objective_is_a_warning_and_no_guess(write: Write) -> None:
    write(("EMEA", "", " "), ("APAC", "", "COSTS"))
    found = loaded()
    assert [(each.message, each.location) for each in found.warnings] == [
        ("'EMEA' has no objective", "lists/regions.xlsx!Regions!C4")
    ]
    assert served(found, "EMEA") == []


SEARCHED = "in the first 30 rows of lists/regions.xlsx!Regions"


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "lists/regions.xlsx",
            "lists/region.xlsx",
            "there is no workbook lists/region.xlsx",
            "did you mean 'regions.xlsx'?",
        ),
        (
            "lists/regions.xlsx",
            "lists/regions.csv",
            "lists/regions.csv is not an .xlsx or .xlsm file",
            "save it as .xlsx in Excel",
        ),
        ("Regions,", "Region,", "there is no sheet 'Region' in lists/regions.xlsx", "did you mean 'Regions'?"),
        ("Region,", "Regoin,", f"there is no column 'Regoin' {SEARCHED}", "did you mean 'Region'?"),
        (
            "Objective}",
            "Goal}",
            f"there is no column 'Goal' {SEARCHED}",
            "known: Region, Remark, Objective",
        ),
        (
            "Region,",
            "Regions of the group,",
            f"'Regions of the group' and 'Objective' do not stand in one row {SEARCHED}",
            "write the headers of both columns into one row",
        ),
    ],
)
def test_a_table_that_is_not_there_is_told_where_it_is_named(
    write: Write, old: str, new: str, message: str, hint: str
) -> None:
    write(("EMEA", "", "COSTS"))
    text = RULES.replace(old, new, 1)
    line = text.splitlines()[2]
    Path("mapping/rules.yaml").write_text(text)
    (found,) = mistakes()
    assert (found.message, found.hint, found.line) == (message, hint, line)
    assert found.location == f"mapping/rules.yaml:3:{line.index(new) + 1}"


def test_a_table_that_lacks_a_key_is_told_once(write: Write) -> None:
    Path("mapping/rules.yaml").write_text(RULES.replace("sheet: Regions, ", ""))
    assert [(each.location, each.message) for each in mistakes()] == [("mapping/rules.yaml:3:3", "'sheet' is missing")]


def test_a_file_that_is_no_workbook_is_told(write: Write) -> None:
    Path("lists/regions.xlsx").write_text("Region,Objective\n")
    (found,) = mistakes()
    assert found.location == "mapping/rules.yaml:3:23"
    assert "regions.xlsx" in found.message


def test_the_content_counts_for_the_fingerprints_and_its_place_does_not(write: Write) -> None:
    write(("EMEA", "", "COSTS"))
    before = loaded()
    write((), (), ("EMEA", "another remark", "COSTS"))
    moved = loaded()
    write(("EMEA", "", "GROUP"))
    changed = loaded()
    assert (before.fingerprint, before.mapping.fingerprint) == (moved.fingerprint, moved.mapping.fingerprint)
    assert before.fingerprint != changed.fingerprint
    assert before.mapping.fingerprint != changed.mapping.fingerprint
    assert before.mapping.rules[0].digest == moved.mapping.rules[0].digest != changed.mapping.rules[0].digest
    assert list(before.sheets) == [Path.cwd() / "lists/regions.xlsx"]


def test_editors_know_both_forms_of_a_table() -> None:
    from jsonschema import Draft202012Validator

    schema = Draft202012Validator(rules_schema())

    def errors(table: dict[str, Any]) -> list[Any]:
        return list(schema.iter_errors({"version": 1, "lookups": {"regions": table}, "rules": []}))

    in_workbook = {"workbook": "a.xlsx", "sheet": "S", "key": "K", "objective": "O"}
    assert errors(in_workbook) == []
    assert errors({"EMEA": "COSTS", "APAC": ["GROUP", "COSTS"], "Workbook": "GROUP"}) == []
    assert errors({**in_workbook, "sheets": "S"})
    assert errors({"workbook": "a.xlsx"})
    assert errors({"EMEA": {"sheet": "S"}})
