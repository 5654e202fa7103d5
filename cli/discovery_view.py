"""What a source could be configured to read, as a table and as the block of settings to paste."""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields as fields_of
from functools import cache
from typing import TYPE_CHECKING

from cli.output import say, say_warning
from cli.table import print_table
from cli.wording import clean

if TYPE_CHECKING:
    from model.reading import DiscoveredField, Discovery

_LONGEST_SAMPLE = 40
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})
"""What YAML takes for something else than a text."""


def suggestion(discovery: "Discovery", kept: Collection[str]) -> dict[str, "DiscoveredField"]:
    """Our names for the fields to keep: those of ``kept`` as they are, and new ones for what is not read yet.

    Fields that stand for each other have one name. A field that another option reads is left out.
    """
    chosen: dict[str, DiscoveredField] = {}
    settings: set[str] = set()
    for field in [each for each in discovery.fields if each.kept_as in kept]:
        chosen.setdefault(field.kept_as, field)
        settings.add(field.setting)
    for field in [each for each in discovery.fields if not each.kept_as]:
        if field.setting not in settings:
            settings.add(field.setting)
            chosen[_free_name(field.name, {*chosen, *kept})] = field
    return chosen


def _free_name(name: str, taken: Collection[str]) -> str:
    """A name of small letters, digits and underscores that neither a record's own field nor another one bears."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "field"
    if word[0].isdigit():
        word = f"field_{word}"
    if word in _YAML_WORDS or word in _own_fields():
        word = f"{word}_field"
    number, free = 2, word
    while free in taken:
        number, free = number + 1, f"{word}_{number}"
    return free


@cache
def _own_fields() -> frozenset[str]:
    """What records say by themselves: a custom field of such a name could not be told from it in a rule."""
    from model.records import RECORD_TYPES

    return frozenset(field.name for kind in RECORD_TYPES.values() for field in fields_of(kind))


def show_discovery(name: str, discovery: "Discovery", chosen: Mapping[str, "DiscoveredField"]) -> None:
    """Print what was found, then the block for the settings file as it stands there."""
    say(name, bold=True)
    for container in discovery.containers:
        say(f"  sees {container.name} ({container.id}), {container.state}")
    for problem in discovery.problems:
        say_warning(problem)
    say()
    if not discovery.fields:
        say("  has no custom fields")
        return
    print_table(
        ("field", "id", "kind", "sample", "found in", "read as"),
        [
            (field.name, field.id, field.kind, _short(field.sample), ", ".join(field.containers), field.kept_as)
            for field in discovery.fields
        ],
    )
    lines = [f"    {line}" for line in discovery.settings.splitlines()] or (
        block(discovery.option, chosen) if chosen else ()
    )
    if lines:
        say()
    for line in lines:
        say(clean(line))


def block(option: str, chosen: Mapping[str, "DiscoveredField"]) -> Sequence[str]:
    """The lines of the option, indented as below a source in the settings file."""
    lines = [f"    {option}:"]
    for ours, field in chosen.items():
        sample = f", for example {_short(field.sample)}" if field.sample else ""
        # A text in JSON is a text in YAML, whatever it holds.
        setting = json.dumps(field.setting, ensure_ascii=False)
        lines.append(f"      {ours}: {setting}  # {clean(field.name)}, {field.kind}{sample}")
    return lines


def _short(sample: str) -> str:
    text = clean(sample)
    return text if len(text) <= _LONGEST_SAMPLE else f"{text[: _LONGEST_SAMPLE - 1]}…"
