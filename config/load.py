"""Loading: settings, objectives and rules become one checked Configuration, or one error with every mistake."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.anchor import anchored
from config.audiences import audience_problems
from config.custom_checks import LoadedChecks, load_checks
from config.files import find_settings, matching_files, read_file
from config.lookup_sheets import LookupSheets
from config.secrets import exposed_files
from config.settings import BusinessOptions, Settings
from config.validate import (
    calendar_names,
    custom_fields,
    in_order,
    settings_of,
    source_names,
    unknown_objectives,
    without_secrets,
    without_url_password,
)
from mapping.document import Document, SourceText, parse
from mapping.load import LoadedMapping, load_mapping
from model.errors import ConfigurationError, Problem, UserError
from reconcile.check import Check
from reconcile.checks import checks

__all__ = ["Configuration", "find_settings", "load", "without_mapping"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that people wrote, checked. Secrets are references until ``config.secrets.resolve``.

    ``root`` is the settings file's folder, from which relative paths start. ``fingerprint`` changes with the text of
    any of the ``files``, of which the settings file is the first. ``warnings`` are things that are probably not meant.
    ``texts`` are the files of objectives and rules as they were read, ``sheets`` what lookup tables in workbooks say.
    ``custom`` are the checks that the files define.
    """

    root: Path
    settings: Settings
    mapping: LoadedMapping
    fingerprint: str
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...] = ()
    texts: Mapping[Path, SourceText] = field(default_factory=dict, repr=False)
    sheets: Mapping[Path, str] = field(default_factory=dict, repr=False)
    custom: LoadedChecks = field(default_factory=LoadedChecks, repr=False)

    @property
    def checks(self) -> Mapping[str, Check[Any]]:
        """What a run judges by: the installed checks, and those that the files define."""
        return {**checks(), **self.custom.checks}

    @property
    def state_url(self) -> str:
        """The database's URL, with its password when the settings name one: for the store only, never for a log."""
        return self.settings.state.connection_url()


def load(path: Path) -> Configuration:
    """Read the settings file and every file that it names; raise ConfigurationError with all mistakes of all files."""
    path = find_settings(path.parent, path).absolute()
    root = path.parent
    text = read_file(path)
    document = _parsed(text)
    settings, problems = settings_of(document)
    check_files, all_there = _texts(document, "checks", root, problems)
    objectives, complete = _texts(document, "objectives", root, problems)
    rules, _ = _texts(document, "mapping", root, problems)
    # Without objectives or sources every rule would be called wrong for a mistake that lies elsewhere.
    complete = complete and (isinstance(document.value.get("sources"), dict) or not problems)
    sheets = LookupSheets(root)
    mapping = _mapping(objectives, rules, document, problems, sheets) if complete else None
    custom = _custom_checks(check_files, document, settings, problems) if all_there else None
    if settings is not None and mapping is not None:
        problems += unknown_objectives(document, settings, mapping.tree)
    if settings is not None and custom is not None:
        problems += audience_problems(document, settings, {*checks(), *custom.checks})
    if problems or settings is None or mapping is None or custom is None:
        raise ConfigurationError(*in_order(document, without_secrets(document, problems)))
    return Configuration(
        root=root,
        settings=anchored(settings, root),
        mapping=mapping,
        fingerprint=_fingerprint(
            [text, *objectives.values(), *rules.values(), *check_files.values()], sheets.contents.values()
        ),
        files=(path, *objectives, *rules, *check_files),
        warnings=(*mapping.warnings, *custom.warnings, *exposed_files(settings, root=root)),
        texts={**objectives, **rules},
        sheets=sheets.contents,
        custom=custom,
    )


def without_mapping(path: Path) -> Configuration | None:
    """The settings alone, with an empty mapping, to look at what is stored while another file has mistakes; None when
    the settings file itself has some."""
    try:
        path = find_settings(path.parent, path).absolute()
        text = read_file(path)
        settings, problems = settings_of(parse(text))
    except UserError:
        return None
    if settings is None or problems:
        return None
    empty = load_mapping([], [], sources=())
    return Configuration(path.parent, anchored(settings, path.parent), empty, _fingerprint([text]), (path,))


def _parsed(text: SourceText) -> Document:
    try:
        return parse(text)
    except UserError as error:
        problems = [without_url_password(problem) for problem in error.problems]
    raise ConfigurationError(*problems)


def _texts(document: Document, key: str, root: Path, problems: list[Problem]) -> tuple[dict[Path, SourceText], bool]:
    """The texts of the files under ``key``, and whether they are all there; what is wrong is added to the problems."""
    before = len(problems)
    files, unmatched = matching_files(document, key, _patterns(document, key), root)
    problems += unmatched
    texts: dict[Path, SourceText] = {}
    for file in files:
        try:
            texts[file] = read_file(file)
        except UserError as error:
            problems += error.problems
    return texts, len(problems) == before


def _patterns(document: Document, key: str) -> Sequence[str]:
    """The patterns as far as they can be used; a value of another type was told as a mistake of the settings."""
    value: Any = document.value.get(key, Settings.model_fields[key].default)
    if not isinstance(value, (list, tuple)):
        return ()
    return [pattern if isinstance(pattern, str) else "" for pattern in value]


def _mapping(
    objectives: dict[Path, SourceText],
    rules: dict[Path, SourceText],
    document: Document,
    problems: list[Problem],
    sheets: LookupSheets,
) -> LoadedMapping | None:
    """The checked objectives and rules, or None with their mistakes added to the problems."""
    names, custom, calendars = source_names(document), custom_fields(document), calendar_names(document)
    try:
        return load_mapping(
            [*objectives.values()],
            [*rules.values()],
            sources=names,
            custom_fields=custom,
            read_sheet=sheets.read,
            calendars=calendars,
        )
    except UserError as error:
        problems += error.problems
        return None


def _custom_checks(
    texts: Mapping[Path, SourceText], document: Document, settings: Settings | None, problems: list[Problem]
) -> LoadedChecks | None:
    """The checks that the files define, or None with their mistakes added to the problems."""
    business = settings.business if settings is not None else BusinessOptions()
    fields = custom_fields(document)
    extra = None if fields is None else frozenset[str]().union(*fields.values())
    try:
        return load_checks([*texts.values()], extra=extra, currency=business.currency, zone=business.zone)
    except UserError as error:
        problems += error.problems
        return None


def _fingerprint(texts: Iterable[SourceText], sheets: Iterable[str] = ()) -> str:
    """A digest of the texts in their order; the names are left out, because they depend on the working directory."""
    digest = hashlib.sha256()
    for text in (*(each.text for each in texts), *sheets):
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
