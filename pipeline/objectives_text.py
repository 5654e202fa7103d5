"""Objectives as the text of a YAML file, each value with a comment that names the cell it came from."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mapping.document import SourceText
from mapping.load import load_mapping
from model.errors import Problem, UserError
from model.objectives import Objective

_SCHEMA = "# yaml-language-server: $schema=./schema/objectives.schema.json"
_PLAIN = re.compile(r"[^\W\d_](?:[\w .()/@+&-]*[\w.)])?")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_BARE = re.compile(r"-?\d{1,15}(\.\d{1,10})?|\d{4}-\d{2}(-\d{2})?|\d{1,4}[dw]|\d{1,15}(\.\d{1,4})? [A-Z]{3}")
_HINTS = {
    "'level' is missing": "add a column Level, or name the level of such rows with --level",
    "'currency' is missing": "add a column Currency, or name it with --currency",
}
"""What to do about a key that the YAML file lacks, said for a workbook."""


@dataclass(frozen=True, slots=True)
class Told:
    """One value as the YAML file will say it, and the cell that said so. Days and amounts are ``bare``, not texts."""

    text: str
    cell: str = ""
    bare: bool = False


@dataclass(slots=True)
class Entry:
    """One objective on its way into the file; ``values`` are its plain keys in the file's order."""

    id: Told
    values: dict[str, Told] = field(default_factory=dict)
    tolerance: dict[str, Told] = field(default_factory=dict)
    decision_rights: dict[str, Told] = field(default_factory=dict)
    baselines: list[dict[str, Told]] = field(default_factory=list)
    needs: list[dict[str, Told]] = field(default_factory=list)
    money: list["MoneyPlan"] = field(default_factory=list)


@dataclass(slots=True)
class MoneyPlan:
    """One entry under ``values``: its keys, and its amounts by month."""

    keys: dict[str, Told]
    plan: dict[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """The text, and per line of it, counted from one, the cell that it came from."""

    text: str
    cells: dict[int, Told]


def objectives_text(entries: Iterable[Entry], origin: str) -> Written:
    """The file's text; ``origin`` says in its head where it came from."""
    lines: list[tuple[str, Told | None]] = [
        (_SCHEMA, None),
        (f"# Imported from {_one_line(origin)}; behind each value stands the cell that it came from.", None),
        ("version: 2", None),
        ("", None),
        ("objectives:", None),
    ]
    for entry in entries:
        lines += _entry_lines(entry)
    text = "".join(f"{line}{f'  # {_one_line(told.cell)}' if told and told.cell else ''}\n" for line, told in lines)
    return Written(text, {number: told for number, (_, told) in enumerate(lines, start=1) if told})


def checked(written: Written, path: str, known: Sequence[Objective] = ()) -> tuple[Objective, ...]:
    """Read the text as the program would; raise UserError with every problem at the cell that it came from.

    ``known`` are objectives of other files that entries may stand below.
    """
    try:
        loaded = load_mapping([SourceText(path, written.text), *_stubs(known)], [], sources=())
    except UserError as error:
        problems = [_at_cell(problem, path, written) for problem in error.problems]
        raise UserError(*problems) from error
    named = {each.id for each in known}
    return tuple(each for each in loaded.tree.objectives if each.id not in named)


def _stubs(known: Sequence[Objective]) -> list[SourceText]:
    """Just enough of objectives that other files declare for the new ones to stand below them."""
    if not known:
        return []
    entries = [
        line
        for each in known
        for line in (f"  - id: {scalar(each.id)}", f"    level: {each.level.value}", f"    name: {scalar(each.name)}")
    ]
    return [SourceText("the other objectives", "\n".join(["version: 2", "objectives:", *entries, ""]))]


def _at_cell(problem: Problem, path: str, written: Written) -> Problem:
    """The same problem, told of the workbook: cells in the place of lines."""

    def cell_of(line: str) -> str:
        told = written.cells.get(int(line)) if line.isdigit() else None
        return f"{path}!{told.cell}" if told and told.cell else path

    message = re.sub(re.escape(path) + r":(\d+)(?::\d+)?", lambda found: cell_of(found[1]), problem.message)
    hint = _HINTS.get(problem.message, "fill its cell" if message.endswith(" is missing") else problem.hint)
    place = problem.location.removeprefix(f"{path}:").partition(":")[0]
    told = written.cells.get(int(place)) if place.isdigit() else None
    return Problem(message, cell_of(place), hint, told.text if told else "")


def _entry_lines(entry: Entry) -> Iterator[tuple[str, Told | None]]:
    yield f"  - id: {scalar(entry.id.text)}", entry.id
    for key, told in entry.values.items():
        yield f"    {key}: {_value(told)}", told
    for key, block in (("tolerance", entry.tolerance), ("decision_rights", entry.decision_rights)):
        if block:
            yield f"    {key}:", next(iter(block.values()))
            for name, told in block.items():
                yield f"      {name}: {_value(told)}", told
    for key, listed in (("baselines", entry.baselines), ("needs", entry.needs)):
        if listed:
            yield f"    {key}:", next(iter(listed[0].values()))
            for each in listed:
                yield from _list_entry(each)
    if entry.money:
        yield "    values:", next(iter(entry.money[0].keys.values()))
        for plan in entry.money:
            yield from _list_entry(plan.keys)
            if plan.plan:
                yield "        plan:", next(iter(plan.plan.values()))
                for month, told in plan.plan.items():
                    yield f"          {month}: {_value(told)}", told


def _list_entry(values: dict[str, Told]) -> Iterator[tuple[str, Told]]:
    for number, (key, told) in enumerate(values.items()):
        yield f"      {'  ' if number else '- '}{key}: {_value(told)}", told


def _value(told: Told) -> str:
    return told.text if told.bare and _BARE.fullmatch(told.text) else scalar(told.text)


def scalar(text: str) -> str:
    """A text as YAML: plain where no reader can take it for anything else, otherwise in double quotes."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS and text.isprintable() and len(text) < 200:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in quoted)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
