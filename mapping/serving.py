"""Where a rule's objective comes from when the rule does not name it: a field, a table, or the work item above."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote

from mapping.conditions import label_of
from mapping.facts import Facts, fold
from model.links import Role

_SEPARATORS = re.compile(r"[,;\n]")
_LAST_PART = re.compile(r"([^/?#]+)/*(?:[?#].*)?$")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A rule that won, and yet could not tell which objective the record serves. ``found`` says why, in words."""

    record_id: str
    rule: str
    location: str
    found: str


@dataclass(frozen=True, slots=True)
class Serves:
    """The objectives of one record, and what could not be told; where that is ``expected`` nobody need hear of it."""

    objective_ids: tuple[str, ...] = ()
    missing: str = ""
    expected: bool = False


@dataclass(frozen=True, slots=True)
class FromField:
    """A field bears the ids of objectives, or addresses that end in one; several stand with commas or on lines.

    ``ids`` are the declared ids by their folded spelling. ``name`` is the name of a condition, as ``fields.Objective``.
    """

    name: str
    ids: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({self.name})

    @property
    def known(self) -> Mapping[str, object]:
        """Everything beyond the words of the rule that decides what it serves."""
        return self.ids

    def serves(self, facts: Facts, _role: Role) -> Serves:
        parts = [part.strip() for text in facts.shown(self.name) for part in _SEPARATORS.split(text) if part.strip()]
        if not parts:
            return Serves(missing=f"{label_of(self.name)} says nothing")
        found = {part: self._find(part) for part in parts}
        unknown = [repr(part[:80]) for part, id_ in found.items() if id_ is None]
        missing = f"{label_of(self.name)} says {' and '.join(unknown)}, which is no objective" if unknown else ""
        return Serves(tuple(dict.fromkeys(id_ for id_ in found.values() if id_ is not None)), missing)

    def _find(self, text: str) -> str | None:
        known = self.ids.get(fold(text))
        if known is None and "/" in text and (last := _LAST_PART.search(text)):
            known = self.ids.get(fold(unquote(last[1])))
        return known


@dataclass(frozen=True, slots=True)
class FromLookup:
    """A table of the rule files leads from what the record says to objectives. ``values`` are folded."""

    table: str
    name: str
    values: Mapping[str, tuple[str, ...]] = field(repr=False, compare=False)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({self.name})

    @property
    def known(self) -> Mapping[str, object]:
        """Everything beyond the words of the rule that decides what it serves."""
        return self.values

    def serves(self, facts: Facts, _role: Role) -> Serves:
        answers = facts.shown(self.name)
        found = [id_ for text in answers for id_ in self.values.get(fold(text), ())]
        if found:
            return Serves(tuple(dict.fromkeys(found)))
        if not any(text.strip() for text in answers):
            return Serves(missing=f"{label_of(self.name)} says nothing")
        said = " and ".join(repr(text[:80]) for text in answers)
        return Serves(missing=f"the table '{self.table}' has no objective for {said} ({label_of(self.name)})")


@dataclass(frozen=True, slots=True)
class FromParent:
    """The nearest work item above that is linked in the same role by a rule of its own lends its objectives."""

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({"parent"})

    @property
    def known(self) -> Mapping[str, object]:
        """Nothing beyond the links above."""
        return {}

    def serves(self, facts: Facts, role: Role) -> Serves:
        for served in facts.served_above():
            if found := served.get(role):
                return Serves(found)
        return Serves(missing=f"no work item above it is linked as {role.value}", expected=True)


ObjectiveSource: TypeAlias = FromField | FromLookup | FromParent
