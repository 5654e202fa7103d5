"""Lights by the colour of their cell: hue, exact colours, themes, and text that says otherwise."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.styles.colors import Color

from connectors.spreadsheet.colours import light_of
from connectors.spreadsheet.extract import Extract
from model.records import Light
from tests.connectors.spreadsheet.books import COLUMNS, HEADER, connector, extract, save, write

WITH_LIGHT = COLUMNS | {"light": "RAG"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def read_light(book: Path, text: str | None, colour: Any, **changes: Any) -> Extract:
    """One row whose light cell holds a text and is filled with a colour."""
    sheet = write(book, [(*HEADER, "RAG"), ("M-1", "Press", None, 5, text)])
    if colour is not None:
        sheet["E2"].fill = PatternFill("solid", start_color=colour)
    save(sheet, book)
    return extract(book, columns=WITH_LIGHT, **changes)


@pytest.mark.parametrize(
    ("colour", "light"),
    [
        ("FF0000", Light.RED),
        ("C00000", Light.RED),
        ("FF7C80", Light.RED),
        ("FFC7CE", Light.RED),
        ("FFFF00", Light.YELLOW),
        ("FFC000", Light.YELLOW),
        ("ED7D31", Light.YELLOW),
        ("FFF2CC", Light.YELLOW),
        ("92D050", Light.GREEN),
        ("00B050", Light.GREEN),
        ("E2EFDA", Light.GREEN),
        ("C6EFCE", Light.GREEN),
        ("FFFFFF", None),
        ("D9D9D9", None),
        ("000000", None),
        ("DDD9C4", None),
    ],
)
def test_the_colours_that_people_take_from_excels_palette_are_told_by_hue(colour: str, light: Light | None) -> None:
    assert light_of(colour, {}) is light


@pytest.mark.parametrize("colour", ["4472C4", "7030A0", "00B0F0"])
def test_a_colour_that_is_no_light_is_unknown_and_noted(colour: str, book: Path) -> None:
    found = read_light(book, None, colour, lights_from="colour")
    assert found.records[0].light is None
    noted = [problem for problem in found.problems if "is neither green, yellow nor red" in problem.message]
    assert [(problem.location, problem.hint) for problem in noted] == [
        ("Tracker.xlsx!Savings!E2", "add the colour to light_colours:")
    ]
    assert (
        read_light(book, None, colour, lights_from="colour", light_colours={f"#{colour}": "grey"}).records[0].light
        is Light.GREY
    )


def test_an_exact_colour_wins_over_its_hue(book: Path) -> None:
    found = read_light(book, None, "FFC000", lights_from="colour", light_colours={"ffc000": "red"})
    assert found.records[0].light is Light.RED


def test_colours_are_ignored_unless_they_are_asked_for(book: Path) -> None:
    assert read_light(book, None, "FF0000").records[0].light is None
    assert read_light(book, "green", "FF0000").records[0].light is Light.GREEN


def test_the_cell_is_named_though_it_holds_no_text(book: Path) -> None:
    record = read_light(book, None, "FF0000", lights_from="colour").records[0]
    assert record.light is Light.RED
    assert record.provenance["light"] == "Tracker.xlsx!Savings!E2"
    assert "light" not in read_light(book, None, None, lights_from="colour").records[0].provenance


@pytest.mark.parametrize(
    ("text", "colour", "light"),
    [
        ("red", "FF0000", Light.RED),
        ("red", None, Light.RED),
        ("red", "D9D9D9", Light.RED),
        (None, "92D050", Light.GREEN),
        ("n/a", "92D050", Light.GREEN),
        (None, None, None),
        ("red", "92D050", None),
        ("so so", "92D050", None),
    ],
)
def test_text_and_colour_together_tell_a_light_unless_they_differ(
    text: str | None, colour: str | None, light: Light | None, book: Path
) -> None:
    assert read_light(book, text, colour, lights_from="both").records[0].light is light


def test_a_conflict_of_text_and_colour_is_a_doubt_with_its_cell(book: Path) -> None:
    """A green fill that was left behind when the word changed, or the other way round: nobody can tell."""
    read_light(book, "Grün", "FF0000")
    probe = connector(book, columns=WITH_LIGHT, lights_from="both").probe()
    assert ("the light says 'Grün' and its colour FF0000 says red", "Tracker.xlsx!Savings!E2") in [
        (problem.message, problem.location) for problem in probe.problems
    ]


def test_colour_alone_does_not_ask_the_text(book: Path) -> None:
    assert read_light(book, "see comment", "92D050", lights_from="colour").records[0].light is Light.GREEN


def test_theme_and_palette_colours_are_worked_out(book: Path) -> None:
    """Accent 6 of openpyxl's own theme is orange; a tint keeps the hue."""
    for colour, light in (
        (Color(theme=5), Light.RED),
        (Color(theme=6, tint=0.6), Light.GREEN),
        (Color(theme=9, tint=-0.25), Light.YELLOW),
        (Color(theme=0, tint=-0.15), None),
        (Color(indexed=2), Light.RED),
        (Color(indexed=3), Light.GREEN),
    ):
        assert read_light(book, None, colour, lights_from="colour").records[0].light is light


def test_what_a_conditional_format_paints_is_unknown(book: Path) -> None:
    """The fill in the file is then not the one that people see."""
    sheet = write(book, [(*HEADER, "RAG"), ("M-1", "Press", None, 5, None), ("M-2", "Belt", None, 5, "red")])
    sheet["E2"].fill = PatternFill("solid", start_color="92D050")
    rule = CellIsRule(operator="equal", formula=['"x"'], fill=PatternFill("solid", start_color="FF0000"))
    sheet.conditional_formatting.add("E2:E9", rule)
    save(sheet, book)
    found = extract(book, columns=WITH_LIGHT, lights_from="both")
    assert [record.light for record in found.records] == [None, Light.RED]
    said = [problem.message for problem in found.problems if "conditional" in problem.message]
    assert said == ["conditional formats paint the column 'RAG'; the colours of those cells are unknown"]


def test_a_change_of_colour_alone_is_a_change_of_the_source(book: Path) -> None:
    before = read_light(book, None, "92D050", lights_from="colour").content_hash
    after = read_light(book, None, "FF0000", lights_from="colour").content_hash
    assert before != after
