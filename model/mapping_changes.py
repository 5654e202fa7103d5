"""What was changed about the mapping, when and by whom; and an edited configuration that was refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model.errors import Problem


@dataclass(frozen=True, slots=True)
class Names:
    """What came, what went and what says something else now."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a mapping holds: short hashes of each file, rule and objective by its name. ``fingerprint`` is the hash of
    the whole; without hashes of rules nobody can tell which of them changed."""

    fingerprint: str
    files: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    objectives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingChange:
    """One change of the mapping, from the hash ``before`` to the hash ``after``.

    ``at`` is when it took effect. ``by`` is who, as far as ``known_from`` (git, or the owner of the file) tells, or
    empty. ``links`` maps each rule that gives another number of links than before to both numbers.
    """

    number: int = 0
    at: datetime
    before: str
    after: str
    by: str = ""
    known_from: str = ""
    files: Names = Names()
    rules: Names = Names()
    objectives: Names = Names()
    links: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefusedConfiguration:
    """Edited files that are not taken because something in them is wrong; what was loaded before stays in force."""

    since: datetime
    problems: tuple[Problem, ...]
    active: str
    """The hash of the mapping that stays in force."""
