"""Objectives out of workbooks and back: nothing is lost, nothing becomes a formula, each mistake has its cell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from mapping.document import SourceText, parse
from mapping.load import load_mapping
from model.errors import UserError
from model.money import Money, Month, MonthAmount
from model.objectives import (
    Baseline,
    DecisionRights,
    Level,
    Objective,
    ObjectiveNeed,
    StageGate,
    Tolerance,
    Value,
)
from model.records import Light
from pipeline.objectives_export import workbook_of
from pipeline.objectives_workbook import Defaults, import_objectives
from tests.examples import examples

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and text.strip() == text and not text.startswith("_x")
)
WORDS = st.one_of(
    TEXT, st.sampled_from(["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "TRUE", "no", "1e5", "2026-10-01"])
)
MAYBE = st.none() | WORDS
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
AMOUNTS = st.decimals(-(10**9), 10**9, places=2)
MONEY = st.builds(Money, st.decimals(0, 10**9, places=2), st.sampled_from(["EUR", "USD"]))
MONTHS = st.builds(Month, st.integers(2020, 2030), st.integers(1, 12))


def plan_of(amounts: dict[Month, Decimal]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(month, amounts[month]) for month in sorted(amounts))


VALUES = st.builds(
    Value, WORDS, st.sampled_from(["EUR", "CHF"]), st.dictionaries(MONTHS, AMOUNTS, max_size=3).map(plan_of), MAYBE
)


@st.composite
def measure(draw: st.DrawFn, id_: str) -> Objective:
    return Objective(
        id=id_,
        name=draw(WORDS),
        level=Level.MEASURE,
        parent=draw(st.sampled_from([None, "ROOT"])),
        intent=draw(st.just("") | WORDS),
        owner=draw(MAYBE),
        steering_committee=draw(MAYBE),
        stage_gate=draw(st.none() | st.sampled_from(StageGate)),
        stage_reason=draw(WORDS),
        target=draw(st.none() | DAYS),
        baselines=tuple(draw(st.lists(st.builds(Baseline, DAYS, MAYBE, st.none() | DAYS), max_size=2))),
        tolerance=draw(
            st.builds(
                Tolerance,
                st.integers(0, 400),
                st.none() | MONEY,
                st.none() | st.decimals(0, 100, places=1),
            )
        ),
        values=tuple(draw(st.lists(VALUES, max_size=2))),
        budget=draw(st.none() | MONEY),
        decision_rights=draw(st.builds(DecisionRights, MAYBE, MAYBE, MAYBE, MAYBE)),
        needs=tuple(draw(st.lists(st.builds(ObjectiveNeed, st.just("ERP-1"), st.integers(0, 99), MAYBE), max_size=2))),
        assumption=draw(MAYBE),
        implementation=draw(st.none() | st.sampled_from(Light)),
        potential=draw(st.none() | st.sampled_from(Light)),
    )


@st.composite
def objectives(draw: st.DrawFn) -> tuple[Objective, ...]:
    ids = draw(st.lists(WORDS, min_size=1, max_size=4, unique_by=lambda text: text.casefold()))
    ids = [f"M{number} {text}" for number, text in enumerate(ids)]
    made = [draw(measure(id_)) for id_ in ids]
    return (Objective(id="ROOT", name="Root", level=Level.ORGANIZATION), *made)


def bare(found: Sequence[Objective]) -> list[Objective]:
    return [replace(each, location="") for each in found]


def saved(tmp_path: Path, rows: Sequence[Sequence[Any]], *others: tuple[str, Sequence[Sequence[Any]]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Tracker"
    for row in rows:
        sheet.append(list(row))
    for title, more in others:
        added = book.create_sheet(title)
        for row in more:
            added.append(list(row))
    path = tmp_path / "Tracker.xlsx"
    book.save(path)
    return path


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objectives())
def test_what_is_exported_is_imported_as_it_was_and_no_cell_is_a_formula(
    tmp_path_factory: pytest.TempPathFactory, given_objectives: tuple[Objective, ...]
):
    """F6, X29."""
    path = tmp_path_factory.mktemp("book") / "o.xlsx"
    path.write_bytes(workbook_of(given_objectives))
    book = load_workbook(path)
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    book.close()
    found = import_objectives(path)
    assert bare(found.objectives) == bare(given_objectives)
    loaded = load_mapping([SourceText("o.yaml", found.text)], [], sources=())
    assert bare(loaded.tree.objectives) == bare(given_objectives)


def test_the_sample_survives_the_way_out_and_back(tmp_path: Path):
    text = Path("config/sample/objectives.yaml").read_text("utf-8")
    sample = load_mapping([SourceText("o.yaml", text)], [], sources=()).tree.objectives
    path = tmp_path / "o.xlsx"
    path.write_bytes(workbook_of(sample))
    assert bare(import_objectives(path).objectives) == bare(sample)


def test_a_german_tracker_is_read_by_its_headers_wherever_they_stand(tmp_path: Path):
    path = saved(
        tmp_path,
        [
            ["Maßnahmentracker 2026"],
            [],
            [
                "Nr.",
                "Maßnahme",
                "Ebene",
                "Gehört zu",
                "Verantwortlich",
                "Zieltermin",
                "Härtegrad",
                "Ampel",
                "Okt 26",
                "Nov 26",
            ],
            [1, "Einkauf", "Programm", None, "A. Berg", "30.09.2026", "beschlossen", "gelb", "1.200,50", 3000.5],
            [2, "Lager", "Maßnahme", 1, "B. Meier", date(2026, 12, 31), "umgesetzt", "grün", None, None],
        ],
    )
    first, second = import_objectives(path, defaults=Defaults(account="EBITDA", currency="EUR", locale="de")).objectives
    assert (first.id, first.level, first.owner, first.target) == ("1", Level.PROGRAM, "A. Berg", date(2026, 9, 30))
    assert (first.stage_gate, first.implementation) == (StageGate.DECIDED, Light.YELLOW)
    assert first.values == (
        Value(
            "EBITDA",
            "EUR",
            (MonthAmount(Month(2026, 10), Decimal("1200.5")), MonthAmount(Month(2026, 11), Decimal("3000.5"))),
        ),
    )
    assert (second.parent, second.target, second.values) == ("1", date(2026, 12, 31), ())


def test_the_text_names_the_cell_behind_each_value_and_columns_that_were_not_read_are_told(tmp_path: Path):
    path = saved(tmp_path, [["ID", "Name", "Level", "Colour"], ["M-1", "One: two", "measure", "blue"]])
    found = import_objectives(path)
    assert '    name: "One: two"  # Tracker!B2\n' in found.text
    assert found.notes == ("column D1 (Colour) of Tracker was not read",)
    assert parse(SourceText("o", found.text)).value["objectives"] == [
        {"id": "M-1", "level": "measure", "name": "One: two"}
    ]


def wrong(path: Path, **defaults: Any) -> list[tuple[str, str]]:
    with pytest.raises(UserError) as raised:
        import_objectives(path, defaults=Defaults(**defaults))
    return [(problem.location.rpartition("!")[2], problem.message) for problem in raised.value.problems]


def test_all_mistakes_come_at_once_each_with_its_cell(tmp_path: Path):
    path = saved(
        tmp_path,
        [
            ["ID", "Name", "Level", "Parent", "Target", "2026-10", "Currency"],
            ["M-1", "One", "measur", None, "31.02.2026", "many", "EUR"],
            ["M-2", None, "measure", None, "03/04/2026", None, None],
            [None, "No id", "measure"],
            ["m-1", "Again", "measure", None, None, 12, "EUR"],
            ["M-4", "=1+1", "measure"],
            ["M-5", "Five", "measure", "M-9"],
        ],
    )
    found = wrong(path)
    assert [place for place, _ in found] == ["E2", "F2", "C2", "E3", "A3", "A4", "F5", "A5", "B6", "D7"]
    told = dict(found)
    assert told["E2"] == "'31.02.2026' is not a day of the calendar"
    assert told["C2"] == "'measur' is not an allowed value"
    assert told["E3"] == "'03/04/2026' is ambiguous: day or month first"
    assert told["A3"] == "'name' is missing"
    assert told["D7"] == "there is no objective 'M-9'"
    assert told["A4"] == "'No id' has no id"
    assert told["F5"] == "the amounts have no account"
    assert told["A5"].endswith("Tracker!A2")
    assert told["B6"] == "the formula has no result"


def test_a_level_that_no_column_names_is_asked_for_and_may_be_given(tmp_path: Path):
    path = saved(tmp_path, [["ID", "Name"], ["M-1", "One"]])
    with pytest.raises(UserError, match="--level"):
        import_objectives(path)
    [found] = import_objectives(path, defaults=Defaults(level=Level.MEASURE)).objectives
    assert found.level is Level.MEASURE


def test_sheets_beside_it_belong_to_the_objectives_that_they_name(tmp_path: Path):
    path = saved(
        tmp_path,
        [["ID", "Name", "Level"], ["M-1", "One", "measure"]],
        ("Abhängigkeiten", [["Nr.", "Wartet auf", "Puffer in Tagen"], ["M-1", "ERP-1", 14], ["M-7", "ERP-2", 1]]),
    )
    assert wrong(path) == [("A3", "there is no objective 'M-7'")]


def test_rows_may_stand_below_objectives_of_other_files(tmp_path: Path):
    path = saved(tmp_path, [["ID", "Name", "Level", "Parent"], ["M-1", "One", "measure", "top"]])
    known = [Objective(id="TOP", name="Top", level=Level.PROJECT), Objective(id="M-1", name="Old", level=Level.MEASURE)]
    [found] = import_objectives(path, known=known).objectives
    assert (found.id, found.name, found.parent) == ("M-1", "One", "TOP")


@pytest.mark.parametrize("name", ["o.xls", "o.csv", "o.ods"])
def test_other_kinds_of_files_are_refused_with_what_to_do(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=r"save it as \.xlsx"):
        import_objectives(tmp_path / name)


def test_a_workbook_without_the_headers_and_one_that_is_none_are_refused(tmp_path: Path):
    path = saved(tmp_path, [["A", "B"], [1, 2]])
    with pytest.raises(UserError, match="no sheet has a column for the id"):
        import_objectives(path)
    with pytest.raises(UserError, match="did you mean 'Tracker'"):
        import_objectives(path, sheet="Traker")
    path.write_bytes(b"this is no workbook")
    with pytest.raises(UserError):
        import_objectives(path)


def test_a_text_that_no_cell_can_hold_is_refused_before_anything_is_written():
    made = Objective(id="M-1", name="bell \x07", level=Level.MEASURE, assumption="x" * 40_000, location="o.yaml:3")
    with pytest.raises(UserError) as raised:
        workbook_of([made])
    assert [problem.location for problem in raised.value.problems] == ["o.yaml:3", "o.yaml:3"]
