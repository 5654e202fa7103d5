"""Older formats of objectives and rule files: read by today's words, one step per version, and rewritten on request.

The version of a format is the number that a file says under ``version:``, 1 when it says none. Each step finds the
keys that its version names differently; they get their new names in memory, at their old places.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from mapping.strict_yaml import DocumentError, Lines, SourceText, compose, entries, position, scalar
from mapping.upgrades import version_2
from mapping.upgrades.keys import KeyChange, rename
from model.errors import Problem

STEPS: Mapping[int, Callable[[yaml.MappingNode], Iterator[KeyChange]]] = {2: version_2.changes}
"""From the version before to this one: the keys that are named differently from here on."""
CURRENT = max(STEPS)
"""The version that this program writes."""

_KEY = re.compile(r"""(["']?)(?P<name>[A-Za-z_]+)\1""")
_REWRITE = "driftline check --upgrade rewrites the files; comments and order are kept"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What a file of an older version was read as. ``version`` is the file's own; nothing changed when no key did."""

    version: int
    changes: tuple[KeyChange, ...] = ()

    def warnings(self, lines: Lines) -> list[Problem]:
        """One warning for all renamed keys of the file; none for a file that says everything as it is said today."""
        if not self.changes:
            return []
        renamed = dict.fromkeys(f"'{each.old}' is now '{each.new}'" for each in self.changes)
        where = min(position(each.key) for each in self.changes)
        message = f"this file is written in version {self.version} of its format: {', '.join(renamed)}"
        return [lines.problem(where, message, _REWRITE)]


def upgrade(root: yaml.MappingNode, lines: Lines) -> Upgraded:
    """Give the keys of an older version their names of today; raise DocumentError for a version that is not known."""
    version = _version_of(root, lines)
    changes: list[KeyChange] = []
    for step in range(version + 1, CURRENT + 1):
        for each in STEPS[step](root):
            rename(each)
            changes.append(each)
    return Upgraded(version, tuple(changes))


def rewritten(source: SourceText) -> str | None:
    """The text of a file in the current version, everything else in it as it was; None where it is in it already.

    Raise DocumentError for a key that cannot be renamed where it stands, such as one that is written as an alias.
    """
    root = compose(source)
    lines = Lines(source)
    if not isinstance(root, yaml.MappingNode):
        return None
    upgraded = upgrade(root, lines)
    if upgraded.version == CURRENT:
        return None
    edits = [_version_edit(source, root, lines)]
    for each in upgraded.changes:
        start = lines.offset_of(position(each.key))
        found = _KEY.match(lines.text, start)
        if found is None or found["name"] != each.old:
            problem = lines.problem(position(each.key), f"'{each.old}' cannot be renamed here", f"write {each.new}:")
            raise DocumentError(problem)
        edits.append((start, found.end(), each.new))
    text = lines.text
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return source.text[: len(source.text) - len(lines.text)] + text


def _version_of(root: yaml.MappingNode, lines: Lines) -> int:
    found = entries(root).get("version")
    if found is None:
        return 1
    key, node = found
    value = scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= CURRENT:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > CURRENT:
        message = f"version {value} of this file's format is newer than this program, which reads up to {CURRENT}"
        raise DocumentError(lines.problem(position(node), message, "install a newer Driftline"))
    blank = isinstance(node, yaml.ScalarNode) and not node.value
    message = f"the version of a file's format is a whole number from 1 to {CURRENT}"
    raise DocumentError(lines.problem(position(key if blank else node), message, f"write version: {CURRENT}"))


def _version_edit(source: SourceText, root: yaml.MappingNode, lines: Lines) -> tuple[int, int, str]:
    """The edit that states the current version, in the place of the older one or before the first key."""
    found = entries(root).get("version")
    if found is not None:
        start = lines.offset_of(position(found[1]))
        digits = re.compile(r"[0-9xob+]+").match(lines.text, start)
        if digits is None:
            problem = lines.problem(position(found[1]), "the version cannot be changed here", f"write {CURRENT}")
            raise DocumentError(problem)
        return start, digits.end(), str(CURRENT)
    start = lines.offset_of(position(root))
    if lines.text.startswith("{", start):
        return start + 1, start + 1, f"version: {CURRENT}, "
    newline = "\r\n" if "\r\n" in source.text else "\n"
    return start, start, f"version: {CURRENT}{newline}{' ' * position(root)[1]}"
