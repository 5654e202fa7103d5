"""YAML as people mean it: 1.2 core scalars, no surprises, every node with its mark (reliability F2).

A text becomes nodes through the event stream, without recursion, so that deep nesting and alias bombs are met by a
limit and not by the machine.
"""

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from model.errors import Problem, UserError

LONGEST_TEXT = 1_000_000
"""Characters; a longer file is refused."""
DEEPEST = 40
"""Levels of nesting."""
MOST_NODES = 200_000
"""Nodes after every alias is written out."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|(0|[1-9][0-9]{0,39})(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STRING_TAGS = ("!", "tag:yaml.org,2002:str")

Loc: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and list positions, from the top of the file."""


class DocumentError(UserError):
    """A YAML file cannot be read, or does not hold what it must; every mistake of the file is in ``problems``."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's name as it is shown to people, and its text."""

    path: str
    text: str


class Lines:
    """The lines of a text, to say where something is and what stands there."""

    def __init__(self, source: SourceText) -> None:
        self._path = source.path
        self._text = source.text.removeprefix("\ufeff")
        self._lines = _LINE_BREAK.split(self._text)

    @property
    def text(self) -> str:
        """The text without a byte order mark."""
        return self._text

    def problem(self, mark: tuple[int, int], message: str, hint: str = "") -> Problem:
        """Locate a mistake; ``mark`` counts line and column from zero."""
        row, column = mark
        line = self._lines[row] if row < len(self._lines) else ""
        shown = _FORBIDDEN.sub("\ufffd", line[:200])
        return Problem(message, f"{self._path}:{row + 1}:{column + 1}", hint, _without_secret(shown))

    def within(self, mark: tuple[int, int], value: str, offset: int) -> tuple[int, int]:
        """Where a character of a text stands; where the text begins when lines of it were joined."""
        row, column = mark
        line = self._line(row)
        quote = line[column : column + 1]
        if quote == "|":
            row += 1 + value.count("\n", 0, offset)
            before = value.rfind("\n", 0, offset) + 1
            written = value[before:].partition("\n")[0]
            column = self._line(row).find(written) + offset - before
        elif quote and quote in "'\"":
            column += 1
            for _ in range(offset):
                column += 2 if line[column : column + 2] in ({"''"} if quote == "'" else {'\\"', "\\\\"}) else 1
        else:
            column += offset
        there = self._line(row)[column : column + 1] if column >= 0 else ""
        return (row, column) if there == value[offset : offset + 1] else mark

    def _line(self, row: int) -> str:
        return self._lines[row] if row < len(self._lines) else ""

    def is_indented_with_tab(self, row: int) -> bool:
        line = self._lines[row] if row < len(self._lines) else ""
        return "\t" in line[: len(line) - len(line.lstrip())]

    def offset_of(self, mark: tuple[int, int]) -> int:
        """The character of the text that stands at a line and column."""
        breaks = (found.end() for found in _LINE_BREAK.finditer(self._text))
        return next(itertools.islice(itertools.chain((0,), breaks), mark[0], None)) + mark[1]

    def mark_of(self, offset: int) -> tuple[int, int]:
        """Line and column of a character of the text."""
        row, start = 0, 0
        for row, found in enumerate(_LINE_BREAK.finditer(self._text, 0, offset), start=1):  # noqa: B007
            start = found.end()
        return row, offset - start


_SECRET_LINE = re.compile(
    r"(?i)^(.*(?:token|passw|passphrase|secret|api_?key|private_?key|credential|dead_man_url)[^:]*:)(\s*\S.*)$"
)
_REFERENCE = re.compile(r"""\s*["']?(env|file|command):""")


def _without_secret(line: str) -> str:
    """Hide what stands behind a key that names a secret, unless it is a reference to one."""
    found = _SECRET_LINE.match(line)
    if not found or _REFERENCE.match(found[2]):
        return line
    return f"{found[1]} (hidden)"


def compose(source: SourceText) -> yaml.Node:
    """Read one YAML document into nodes; raise DocumentError with the place of the mistake."""
    lines = Lines(source)
    text = source.text.removeprefix("\ufeff")
    if len(text) > LONGEST_TEXT:
        raise DocumentError(
            f"the file is larger than {LONGEST_TEXT:,} characters",
            location=source.path,
            hint="split it into several files",
        )
    if forbidden := _FORBIDDEN.search(text):
        name = f"U+{ord(forbidden[0]):04X}"
        raise DocumentError(
            lines.problem(
                lines.mark_of(forbidden.start()), f"the character {name} cannot be in a YAML file", "delete it"
            )
        )
    try:
        root = _Composer(lines).compose(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise DocumentError(_syntax_problem(error, lines)) from error
    except yaml.YAMLError as error:
        raise DocumentError("this is not valid YAML", location=source.path) from error
    if root is None:
        raise DocumentError("the file is empty", location=source.path, hint="begin with: version: 1")
    return root


_SYNTAX = (
    (
        "mapping values are not allowed",
        "a key cannot begin here",
        "check the indentation, and put text that contains ': ' in quotes",
    ),
    ("could not find expected ':'", "this is neither a key with a value nor a list entry", "write it as 'key: value'"),
    ("did not find expected key", "this does not fit the block around it", "begin all keys of one block in one column"),
    (
        "did not find expected '-'",
        "this does not fit the list around it",
        "begin all entries of one list in one column",
    ),
    ("expected ',' or", "a bracket is not closed", "close it, with commas between the values"),
    ("unexpected end of stream", "a quote is not closed", "close the quote that was opened here"),
    ("expected node content", "a value is missing before this", "check the brackets and commas"),
    ("unknown escape character", "a backslash in double quotes begins an escape", "write such text in single quotes"),
    ("cannot start any token", "text cannot begin with this character", "put the text in quotes"),
)
"""What the parser says, what it means, what to do."""


def _syntax_problem(error: yaml.MarkedYAMLError, lines: Lines) -> Problem:
    """Say in words what the parser did not like; what was opened and not closed is shown where it was opened."""
    said = error.problem or "unexpected text"
    opened = "expected ',' or" in said or "unexpected end of stream" in said
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    where = (mark.line, mark.column) if mark else (0, 0)
    if lines.is_indented_with_tab(where[0]):
        return lines.problem(where, "a tab is used for indentation", "indent with spaces")
    for part, message, hint in _SYNTAX:
        if part in said:
            return lines.problem(where, message, hint)
    return lines.problem(where, f"this is not valid YAML: {said}", "check this line and the one above")


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet.

    ``before`` is the node count when it began, ``height`` how deep the nesting below it goes.
    """

    node: yaml.CollectionNode
    anchor: str | None
    before: int
    height: int = 1
    key: yaml.Node | None = None


@dataclass(slots=True)
class _Composer:
    """Nodes out of events, with limits on depth and on the size after aliases are written out."""

    lines: Lines
    _root: yaml.Node | None = None
    _documents: int = 0
    _count: int = 0
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[yaml.Node, int, int]] = field(default_factory=dict)

    def compose(self, events: Iterator[Any]) -> yaml.Node | None:
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._begin(event)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                done = self._stack.pop()
                self._named(done.anchor, done.node, self._count - done.before, done.height)
                self._place(done.node, done.height)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise self._error(event, "a second document begins here", "keep one document per file")
        return self._root

    def _scalar(self, event: Any) -> None:
        self._tag(event)
        self._counted(1, event)
        plain = event.implicit[0] and event.tag is None
        node = yaml.ScalarNode("plain" if plain else "text", event.value, event.start_mark)
        self._named(event.anchor, node, 1, 0)
        self._place(node, 0)

    def _begin(self, event: Any) -> None:
        self._tag(event)
        self._deeper(1, event)
        kind = yaml.SequenceNode if isinstance(event, yaml.SequenceStartEvent) else yaml.MappingNode
        self._stack.append(_Open(kind("", [], event.start_mark), event.anchor, self._count))
        self._counted(1, event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._error(event, f"nothing before this line is named &{event.anchor}", "check the anchor's name")
        node, size, height = self._anchors[event.anchor]
        self._counted(size, event)
        self._deeper(height, event)
        self._place(node, height)

    def _deeper(self, levels: int, event: Any) -> None:
        if len(self._stack) + levels > DEEPEST:
            raise self._error(event, f"the nesting is deeper than {DEEPEST} levels", "flatten the file")

    def _counted(self, size: int, event: Any) -> None:
        self._count += size
        if self._count > MOST_NODES:
            raise self._error(
                event, f"the file holds more than {MOST_NODES:,} values, aliases included", "use fewer aliases"
            )

    def _named(self, anchor: str | None, node: yaml.Node, size: int, height: int) -> None:
        """Keep a finished node under its anchor; an alias inside its own anchor therefore finds nothing."""
        if anchor is not None:
            self._anchors[anchor] = (node, size, height)

    def _place(self, node: yaml.Node, height: int) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.node, yaml.SequenceNode):
            parent.node.value.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.node.value.append((parent.key, node))
            parent.key = None

    def _tag(self, event: Any) -> None:
        if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag in _STRING_TAGS):
            shown = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise self._error(event, f"the tag {shown} is not allowed", "write plain values; quotes make text")

    def _error(self, event: Any, message: str, hint: str) -> DocumentError:
        return DocumentError(self.lines.problem((event.start_mark.line, event.start_mark.column), message, hint))


def construct(root: yaml.Node, lines: Lines) -> tuple[Any, list[Problem]]:
    """Turn nodes into plain values. Keys are always text. Duplicate keys and bad merges come back as problems."""
    problems: list[Problem] = []

    def value_of(node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [value_of(child) for child in node.value]
        found: dict[str, Any] = {}
        seen: dict[str, yaml.Node] = {}
        for key, child in node.value:
            name = _key_name(key)
            if name is None:
                problems.append(
                    lines.problem(
                        position(key), "a key must be a single word or text", "put text with brackets in quotes"
                    )
                )
            elif name in seen:
                first = position(seen[name])[0] + 1
                message = f"the key '{name}' is here a second time; the first is in line {first}"
                problems.append(lines.problem(position(key), message, "keep one of them"))
            else:
                seen[name] = key
                if is_merge(key):
                    problems.extend(_merge_problems(child, lines))
                else:
                    found[name] = value_of(child)
        for name, child in _merged(node):
            if name not in found:
                found[name] = value_of(child)
        return found

    return value_of(root), problems


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """Read a scalar by the YAML 1.2 core rules; ``NO``, ``12:30:00``, dates and numbers with a leading zero are text.

    Infinity and not-a-number stay text too: no amount and no duration is either.
    """
    text: str = node.value
    if node.tag != "plain":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def position(node: yaml.Node) -> tuple[int, int]:
    """Where a node begins, line and column counted from zero."""
    return node.start_mark.line, node.start_mark.column


def is_merge(key: yaml.Node) -> bool:
    """Whether a key is ``<<``."""
    return isinstance(key, yaml.ScalarNode) and key.tag == "plain" and key.value == "<<"


def entries(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The key and the value node of every entry, own ones and merged ones; what is merged in stands for its key."""
    found = {merged: (child, child) for merged, child in reversed(list(_merged(node)))}
    own = {key.value: (key, child) for key, child in reversed(node.value) if not is_merge(key) and _key_name(key)}
    return found | own


def _key_name(key: yaml.Node) -> str | None:
    return key.value if isinstance(key, yaml.ScalarNode) else None


def _merged(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Entries that ``<<`` brings in, those that win first."""
    for key, child in node.value:
        if is_merge(key):
            for source in child.value if isinstance(child, yaml.SequenceNode) else (child,):
                if isinstance(source, yaml.MappingNode):
                    for name, value in source.value:
                        if isinstance(name, yaml.ScalarNode) and not is_merge(name):
                            yield name.value, value
                    yield from _merged(source)


def _merge_problems(child: yaml.Node, lines: Lines) -> list[Problem]:
    sources = child.value if isinstance(child, yaml.SequenceNode) else [child]
    return [
        lines.problem(position(source), "<< needs a mapping or a list of mappings", "name one with &, use it with *")
        for source in sources
        if not isinstance(source, yaml.MappingNode)
    ]
