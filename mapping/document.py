"""A located YAML file: its plain value, and the place of everything in it.

``parse`` reads a text strictly, ``parse_mapping`` reads objectives or rules in any version of their format, and
``validated`` checks a file with a pydantic model and tells all mistakes at once, each at ``file:line:column``.
Settings, objectives and rules are all read through it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mapping.defaults import with_defaults
from mapping.strict_yaml import (
    DocumentError,
    Lines,
    Loc,
    SourceText,
    compose,
    construct,
    entries,
    position,
)
from mapping.upgrades import upgrade
from mapping.wording import Mistake, mistakes
from model.errors import Problem

__all__ = ["Document", "DocumentError", "Loc", "SourceText", "parse", "parse_mapping", "problems_of", "validated"]

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. ``value`` is made of dict, list, str, int, float, bool and None; keys are always text.

    ``warnings`` are about the way it is written.
    """

    path: str
    value: dict[str, Any]
    _root: yaml.Node = field(repr=False)
    _lines: Lines = field(repr=False)
    _entries: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = field(default_factory=dict, repr=False)
    warnings: tuple[Problem, ...] = ()

    def problem(self, loc: Loc, message: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """Locate a mistake at a value, or at its key. A part of ``loc`` that the file does not have is passed over."""
        return self._lines.problem(self._position(loc, at_key), message, hint)

    def problem_within(self, loc: Loc, offset: int, message: str, hint: str = "") -> Problem:
        """Locate a mistake at a character of a text, counted from zero."""
        mark = self._lines.within(self._position(loc, at_key=False), str(self.get(loc)), offset)
        return self._lines.problem(mark, message, hint)

    def location(self, loc: Loc, *, at_key: bool = False) -> str:
        """``file:line`` of a value."""
        return f"{self.path}:{self._position(loc, at_key)[0] + 1}"

    def place(self, loc: Loc, *, at_key: bool = False) -> str:
        """``file:line:column`` of a value, or of its key."""
        row, column = self._position(loc, at_key)
        return f"{self.path}:{row + 1}:{column + 1}"

    def order(self, loc: Loc) -> tuple[int, int]:
        """Line and column of a value, counted from zero, to sort by."""
        return self._position(loc, at_key=False)

    def get(self, loc: Loc) -> Any:
        """The value at a place; None where there is none."""
        value: Any = self.value
        for part in loc:
            if isinstance(value, Mapping) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, Sequence) and isinstance(part, int) and not isinstance(value, str):
                value = value[part] if 0 <= part < len(value) else None
            else:
                return None
        return value

    def existing(self, loc: Loc) -> Loc:
        """The parts of a place that the file has."""
        return tuple(part for part, _, _ in self._walk(loc))

    def _walk(self, loc: Loc) -> Iterator[tuple[str | int, yaml.Node | None, yaml.Node]]:
        """Each part of a place that exists, with its key's node and its value's node."""
        node = self._root
        for part in loc:
            if isinstance(node, yaml.MappingNode):
                if entry := self._entries_of(node).get(str(part)):
                    node = entry[1]
                    yield part, *entry
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                yield part, None, node

    def _position(self, loc: Loc, at_key: bool) -> tuple[int, int]:
        key, node = None, self._root
        for _, key, node in self._walk(loc):  # noqa: B007
            pass
        blank = isinstance(node, yaml.ScalarNode) and not node.value
        return position(key if key is not None and (at_key or blank) else node)

    def _entries_of(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Entries by name, kept per node: a wide mapping with many mistakes is looked through once."""
        if id(node) not in self._entries:
            self._entries[id(node)] = entries(node)
        return self._entries[id(node)]


def parse(source: SourceText) -> Document:
    """Read a text whose top level is a mapping; raise DocumentError with every located problem."""
    return _document(source, *_composed(source))


def parse_mapping(source: SourceText) -> Document:
    """Read objectives or rules: keys of an older version have their names of today, rules have the file's defaults.

    Raise DocumentError with every located problem, an unknown version among them.
    """
    root, lines = _composed(source)
    warnings = upgrade(root, lines).warnings(lines)
    return replace(_document(source, with_defaults(root, lines), lines), warnings=tuple(warnings))


def _composed(source: SourceText) -> tuple[yaml.MappingNode, Lines]:
    root = compose(source)
    lines = Lines(source)
    if not isinstance(root, yaml.MappingNode):
        problem = lines.problem(position(root), "the file must consist of keys and values", "begin with: version: 1")
        raise DocumentError(problem)
    return root, lines


def _document(source: SourceText, root: yaml.MappingNode, lines: Lines) -> Document:
    value, problems = construct(root, lines)
    if problems:
        raise DocumentError(*problems)
    return Document(source.path, value, root, lines)


def problems_of(document: Document, model: type[ModelT], at: Loc = ()) -> tuple[ModelT | None, list[Problem]]:
    """Validate a document, or the part of it at ``at``: the value, or None and every problem in file order."""
    try:
        return model.model_validate(document.get(at)), []
    except ValidationError as error:
        found, hidden = mistakes(error, model, lambda loc: document.existing(at + loc)[len(at) :])
        found.sort(key=lambda mistake: document.order(at + mistake.loc))
        problems = [_located(document, at, mistake) for mistake in found]
        if hidden:
            problems.append(Problem(f"{hidden:,} more mistakes are not shown", document.path, "mend the others first"))
        return None, problems


def validated(document: Document, model: type[ModelT], at: Loc = ()) -> ModelT:
    """Validate a document, or the part of it at ``at``; raise DocumentError with every problem at once."""
    value, problems = problems_of(document, model, at)
    if value is None:
        raise DocumentError(*problems)
    return value


def _located(document: Document, at: Loc, mistake: Mistake) -> Problem:
    return document.problem(at + mistake.loc, mistake.message, mistake.hint, at_key=mistake.at_key)
