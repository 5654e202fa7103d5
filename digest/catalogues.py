"""The translations: ``digest/languages/<code>/*.po`` in gettext's form, and the same from installed plug-ins.

A plug-in names a package that holds ``.po`` files with an entry point of the group ``driftline.languages``; the name of
the entry point is the code of the language. What checks write has a catalogue of its own, ``findings.po``: its texts
are recognised, all others are looked up.
"""

import io
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Message

SOURCE = "en"
"""The language of the code."""
FOLDER = Path(__file__).parent / "languages"
GROUP = "driftline.languages"
FINDINGS = "findings.po"
"""The file of a language that translates what checks write."""

Texts = tuple[str, str | None]
"""A text of the code, and its form for several where it is counted."""


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages that there are, that of the code first."""
    found = {path.parent.name for path in FOLDER.glob("*/*.po")} | {each.name for each in entry_points(group=GROUP)}
    return (SOURCE, *sorted(found - {SOURCE}))


@cache
def translations(code: str, *, findings: bool = False) -> NullTranslations:
    """What is said in a language: the texts of the mails, or those that checks write."""
    # Only who writes a mail needs Babel; the commands that read the settings do without it.
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    if code == SOURCE:
        return NullTranslations()
    entries = Catalog(locale=code)
    for message in _messages(code, findings=findings):
        entries[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, entries)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def finding_texts(code: str) -> tuple[Texts, ...]:
    """The English texts of checks that a language translates."""
    return tuple(_texts(message) for message in _messages(code, findings=True))


def _texts(message: "Message") -> Texts:
    return (message.id, None) if isinstance(message.id, str) else (message.id[0], message.id[1])


def _messages(code: str, *, findings: bool) -> "Iterator[Message]":
    """The messages that are translated; of one text in several files the last counts."""
    from babel.messages.pofile import read_po

    for folder in _folders(code):
        for path in sorted(folder.glob("*.po")):
            if (path.name == FINDINGS) is findings:
                with path.open("rb") as file:
                    yield from (each for each in read_po(file, locale=code) if each.id and each.string)


def _folders(code: str) -> Iterator[Path]:
    yield FOLDER / code
    for entry in entry_points(group=GROUP):
        spec = find_spec(entry.value) if entry.name == code else None
        for place in spec.submodule_search_locations or () if spec is not None else ():
            yield Path(place)
