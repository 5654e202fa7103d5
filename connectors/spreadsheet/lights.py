"""The reported light of a row: by the text of its cell, by the colour of its fill, or by both."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.colours import light_of
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.words import LIGHTS, fold_words
from model.errors import Problem
from model.keys import normalise_key
from model.records import Light


@dataclass(frozen=True, slots=True)
class Told:
    """What a light cell says. ``doubt`` is what is unclear about it, ``hint`` what to do then."""

    light: Light | None = None
    by_colour: bool = False
    doubt: str = ""
    hint: str = ""


class LightReader:
    """Reads the lights of one sheet."""

    def __init__(self, sheet: Sheet, options: SpreadsheetOptions) -> None:
        self.sheet = sheet
        self.options = options
        self._words = LIGHTS | fold_words(options.lights)

    @property
    def reads_text(self) -> bool:
        return self.options.lights_from != "colour"

    @property
    def reads_colour(self) -> bool:
        return self.options.lights_from != "text"

    def read(self, text: str | None, row: int, column: int) -> Told:
        """Give the light; it is unknown when a word is not known, or when text and colour differ.

        ``text`` is None where the cell is blank.
        """
        by_text = self._by_text(text) if self.reads_text and text is not None else Told()
        by_colour = self._by_colour(row, column) if self.reads_colour else Told()
        if by_text.doubt:
            return by_text
        if by_text.light and by_colour.light and by_text.light is not by_colour.light:
            colour = self.sheet.fills[row, column]
            return Told(
                doubt=f"the light says {text!r} and its colour {colour} says {by_colour.light}",
                hint="correct the cell, or set lights_from: to the one that people keep up",
            )
        return Told(by_text.light, doubt=by_colour.doubt, hint=by_colour.hint) if by_text.light else by_colour

    def doubts(self, columns: Mapping[str, PlacedColumn], location: str) -> list[Problem]:
        """Say that conditional formats paint the lights: what people see there is not in the file."""
        light = columns.get("light")
        if light is None or not any(area.left <= light.column <= area.right for area in self.sheet.painted):
            return []
        return [
            Problem(
                f"conditional formats paint the column {light.header!r}; the colours of those cells are unknown",
                f"{location}!{light.address}",
                "set lights_from: text and map the column that the format looks at",
            )
        ]

    def _by_text(self, text: str) -> Told:
        light = self._words.get(normalise_key(text))
        return Told(light) if light else Told(doubt=f"the light {text!r} is not known", hint="add the word to lights:")

    def _by_colour(self, row: int, column: int) -> Told:
        painted = any(area.holds(row, column) for area in self.sheet.painted)
        colour = None if painted else self.sheet.fills.get((row, column))
        try:
            light = light_of(colour, self.options.light_colours) if colour else None
        except ValueError as error:
            return Told(doubt=str(error), hint="add the colour to light_colours:")
        return Told(light, by_colour=light is not None)
