"""From the parsed settings file to checked Settings, with every mistake at its place and no secret in a message."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from config.calendars import region_problems
from config.settings import Settings, name_mistake
from config.timetables import deadline_problems, timetable_problems
from connectors.base import SourceOptions
from connectors.registry import BUILT_IN, connector_kinds, connector_type
from mapping.document import Document, problems_of
from mapping.wording import did_you_mean
from model.errors import Problem, UserError
from model.objectives import ObjectiveTree
from model.secret import SCHEMES

SHORTEST_SECRET = 4
"""Characters; hiding shorter texts wherever they occur would make a message unreadable."""

_CUSTOM_KEYS = ("fields", "custom")
_SECRET_KEY = re.compile(r"(?i)token|passw|passphrase|secret|api_?key|private_?key|credential|dead_man_url|^storage$")
_PASSWORD_IN_URL = re.compile(r"(://[^/\s:@]*):[^/\s]*@")
_QUERY_IN_URL = re.compile(r"(://[^\s?#'\"]*\?)[^\s'\"]+")
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}\b")
"""A word of letters and digits so long that nobody makes it up: a key that stands in a wrong place."""


def settings_of(document: Document) -> tuple[Settings | None, list[Problem]]:
    """Check the settings file: the Settings, or None and every problem."""
    sources, problems = _sources(document)
    value = document.value
    if isinstance(value.get("sources"), dict):
        value = {**value, "sources": sources}
    settings, more = problems_of(dataclasses.replace(document, value=value), Settings)
    problems += more
    if settings is not None:
        problems += region_problems(document, settings.calendars)
    if settings is not None:
        problems += _ways_out(document, settings)
        problems += _passwords_in_addresses(document, document.get(("sources",)), ("sources",))
        problems += deadline_problems(document, settings)
    return settings, problems


def _ways_out(document: Document, settings: Settings) -> Iterator[Problem]:
    """Digests that could not go out: to addresses without a mail server, or on channels that there are not."""
    if settings.mail is None and any(digest.recipients for digest in settings.digests.values()):
        hint = "add mail: with sender and smtp, or remove the digests"
        yield document.problem(("digests",), "digests are set, but no mail server", hint, at_key=True)
    for name, digest in settings.digests.items():
        for index, channel in enumerate(digest.channels):
            if channel not in settings.channels:
                hint = did_you_mean(channel, settings.channels, "the channels are") or "add it under channels:"
                at = ("digests", name, "channels", index)
                yield document.problem(at, f"there is no channel '{channel}'", hint)


def _passwords_in_addresses(document: Document, value: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Addresses that carry a password: it would go wherever the address is told, into links of mails too (X1)."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _passwords_in_addresses(document, part, (*at, name))
    told = at[-1] == "path"  # by the reader of spreadsheets, which takes no user there either
    if isinstance(value, str) and not value.startswith(SCHEMES) and not told and _PASSWORD_IN_URL.search(value):
        hint = "take it out of the address; where a password is needed, there is a setting for it"
        yield document.problem(at, "a password does not stand in an address", hint)


def source_names(document: Document) -> frozenset[str]:
    """The names under ``sources``, those of faulty sources included."""
    sources = document.value.get("sources")
    return frozenset(sources) if isinstance(sources, dict) else frozenset()


def calendar_names(document: Document) -> frozenset[str]:
    """The names under ``calendars``, those of faulty calendars included."""
    calendars = document.value.get("calendars")
    return frozenset(map(str, calendars)) if isinstance(calendars, dict) else frozenset()


def unknown_objectives(document: Document, settings: Settings, tree: ObjectiveTree) -> Iterator[Problem]:
    """Digests about objectives that no objectives file declares."""
    ids = [objective.id for objective in tree.objectives]
    for name, digest in settings.digests.items():
        for index, wanted in enumerate(digest.objectives):
            if wanted not in tree:
                message = f"there is no objective '{wanted}'"
                at = ("digests", name, "objectives", index)
                yield document.problem(at, message, did_you_mean(wanted, ids))


def custom_fields(document: Document) -> dict[str, frozenset[str]] | None:
    """The names of the custom fields of each source; None when a source's connector is not ours and none can tell."""
    found: dict[str, frozenset[str]] = {}
    kinds = connector_kinds()
    for name in source_names(document):
        if kinds.get(str(document.get(("sources", name, "kind")))) != BUILT_IN:
            return None
        keys = [document.get(("sources", name, key)) for key in _CUSTOM_KEYS]
        found[name] = frozenset().union(*(names for names in keys if isinstance(names, dict)))
    return found


def in_order(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """The mistakes of the settings file by line and column, then those of the other files as they came."""

    def place(problem: Problem) -> tuple[int, int, int]:
        path, line, column = [*problem.location.rsplit(":", 2), "", ""][:3]
        return (0, int(line), int(column)) if path == document.path and line.isdigit() else (1, 0, 0)

    return sorted(problems, key=place)


def without_secrets(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """The same problems without what somebody wrote in the place of a reference to a secret."""
    written = {*_literal_secrets(document.value), *_channel_addresses(document)}
    literals = sorted(written, key=len, reverse=True)
    return [_without(problem, literals) for problem in problems]


def without_url_password(problem: Problem) -> Problem:
    """The same problem without a password or a query inside a URL, and without what looks like a key."""
    return dataclasses.replace(problem, message=_without_keys(problem.message), line=_without_keys(problem.line))


def _without_keys(text: str) -> str:
    text = _PASSWORD_IN_URL.sub(r"\1:(hidden)@", text)
    return _LOOKS_LIKE_A_KEY.sub("(hidden)", _QUERY_IN_URL.sub(r"\1(hidden)", text))


def _sources(document: Document) -> tuple[dict[str, SourceOptions], list[Problem]]:
    sources: dict[str, SourceOptions] = {}
    problems: list[Problem] = []
    named = document.value.get("sources")
    for name in named if isinstance(named, dict) else ():
        if mistake := name_mistake(name):
            problems.append(document.problem(("sources", name), mistake, at_key=True))
            continue
        options, found = _source(document, name)
        problems += found
        if options is not None:
            sources[name] = options
    return sources, problems


def _source(document: Document, name: str) -> tuple[SourceOptions | None, list[Problem]]:
    at = ("sources", name)
    kind = document.get((*at, "kind"))
    if not isinstance(document.get(at), dict) or kind is None:
        hint = f"add kind: with one of {', '.join(connector_kinds())}"
        return None, [document.problem(at, f"the source {name} does not say its kind", hint, at_key=True)]
    if not isinstance(kind, str):
        return None, [document.problem((*at, "kind"), "expected text")]
    try:
        options_type = connector_type(kind).options_type
    except UserError as error:
        return None, [document.problem((*at, "kind"), each.message, each.hint) for each in error.problems]
    options, problems = problems_of(document, options_type, at)
    if options is not None and (mistakes := list(timetable_problems(document, name, options))):
        return None, mistakes
    return options, problems


def _channel_addresses(document: Document) -> Iterator[str]:
    """Addresses of channels that stand in the file instead of a reference: they hold keys."""
    channels = document.value.get("channels")
    for name in channels if isinstance(channels, dict) else ():
        yield from _literal_secrets(document.get(("channels", name, "url")), "url")


def _literal_secrets(value: Any, key: str = "") -> Iterator[str]:
    """Texts that stand where a key asks for a secret and that are no reference."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _literal_secrets(part, name if _SECRET_KEY.search(name) else key)
    elif isinstance(value, list):
        for part in value:
            yield from _literal_secrets(part, key)
    elif key and value is not None and not isinstance(value, bool):
        text = str(value)
        if len(text.strip()) >= SHORTEST_SECRET and not text.startswith(SCHEMES):
            yield text


def _without(problem: Problem, literals: Sequence[str]) -> Problem:
    problem = without_url_password(problem)
    texts = {"message": problem.message, "line": problem.line, "hint": problem.hint}
    for literal in literals:
        for line in literal.splitlines():
            if len(line.strip()) >= SHORTEST_SECRET:
                texts = {name: text.replace(line.strip(), "(hidden)") for name, text in texts.items()}
    return dataclasses.replace(problem, **texts)
