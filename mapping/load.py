"""Texts of objectives and rule files into one checked mapping, or every mistake in all of them at once."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mapping.document import Document, DocumentError, SourceText, parse_mapping
from mapping.objectives import Declared, Ids, declared_in, needs_of, objective_of, tree_problems
from mapping.reading import RuleReader
from mapping.rules import Rule
from mapping.workbook_tables import ReadSheet, no_workbooks
from model.errors import MappingError, Problem
from model.links import Need
from model.objectives import Objective, ObjectiveTree


@dataclass(frozen=True, slots=True)
class LoadedMapping:
    """A mapping that is sound as a whole.

    ``needs`` are those of the objectives files; needs of records come with their match. ``fingerprint`` changes when
    any text, or a lookup table in a workbook, changes. ``warnings`` are things that are probably not meant.
    """

    tree: ObjectiveTree
    rules: tuple[Rule, ...]
    needs: tuple[Need, ...]
    fingerprint: str
    warnings: tuple[Problem, ...] = ()


def load_mapping(
    objectives: Sequence[SourceText],
    rules: Sequence[SourceText],
    *,
    sources: Collection[str],
    custom_fields: Mapping[str, Collection[str]] | None = None,
    read_sheet: ReadSheet = no_workbooks,
    calendars: Collection[str] | None = None,
) -> LoadedMapping:
    """Check objectives and rule files together; raise MappingError with all problems, by file and line.

    ``sources`` are the names of the configured sources. ``custom_fields`` are, per source, the names of its configured
    custom fields; where it is given, a rule that names any other field is refused. ``read_sheet`` reads a lookup table
    out of its workbook. ``calendars`` are the names of the configured calendars; where they are given, a need that
    names another is refused.
    """
    objective_documents, unread = _parsed(objectives)
    rule_documents, rule_problems = _parsed(rules)
    declared, found = declared_in(objective_documents)
    ids = Ids(declared)
    reader = RuleReader(ids, sources, custom_fields, read_sheet, calendars)
    loaded_rules = reader.read(rule_documents)
    problems = [*unread, *rule_problems, *found]
    # What an unreadable file declares is not known: nothing that names it may be called wrong.
    problems += [] if unread else [*tree_problems(declared, ids, calendars), *reader.problems]
    paths = [source.path for source in (*objectives, *rules)]
    if problems:
        raise MappingError(*_in_order(problems, paths))
    old_words = [warning for document in objective_documents for warning in document.warnings]
    tree = ObjectiveTree(_objectives(declared, ids))
    return LoadedMapping(
        tree,
        loaded_rules,
        tuple(need for objective in tree.objectives for need in needs_of(objective)),
        _fingerprint([*(source.text for source in (*objectives, *rules)), *reader.sheets]),
        tuple(_in_order([*old_words, *reader.warnings], paths)),
    )


def _objectives(declared: Sequence[Declared], ids: Ids) -> tuple[Objective, ...]:
    return tuple(objective_of(each, each.entry, ids) for each in declared if each.entry is not None)


def _parsed(sources: Sequence[SourceText]) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            documents.append(parse_mapping(source))
        except DocumentError as error:
            problems += error.problems
    return documents, problems


def _in_order(problems: Sequence[Problem], paths: Sequence[str]) -> list[Problem]:
    """Sort by file, as they were given, then by line and column; what has no line stands last in its file."""

    def place(problem: Problem) -> tuple[int, int, int]:
        path, line, column = [*problem.location.rsplit(":", 2), "", ""][:3]
        if path in paths and line.isdigit() and column.isdigit():
            return paths.index(path), int(line), int(column)
        return (paths.index(problem.location) if problem.location in paths else len(paths), 10**9, 0)

    return sorted(dict.fromkeys(problems), key=place)


def _fingerprint(texts: Sequence[str]) -> str:
    """A digest of the texts in their order. Paths are left out: they depend on the working directory."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
