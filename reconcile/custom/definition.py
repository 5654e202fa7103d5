"""What a custom check says: two claims, how they must lie to each other, and what is told when they do not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from model.findings import CUSTOM_CHECK, Account, Evidence, Severity
from model.links import Role
from model.money import Money
from model.records import Light
from reconcile.forecast import Forecast
from reconcile.world import World

Value: TypeAlias = date | Money | Decimal | Light


class Subject(StrEnum):
    """What a custom check judges, one by one."""

    DEAL = "deal"
    SAVING = "saving"
    MEASUREMENT = "measurement"
    RELEASE = "release"
    WORK_ITEM = "work_item"
    OBJECTIVE = "objective"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


class ClaimType(StrEnum):
    """What two claims must have in common to be compared; a count is a number."""

    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"
    LIGHT = "light"


class Relation(StrEnum):
    """How the claim must lie to what it is compared with."""

    NOT_BEFORE = "not before"
    NOT_AFTER = "not after"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    NOT_BETTER = "not better than"
    NOT_WORSE = "not worse than"
    SAME = "same as"


RELATIONS: Mapping[ClaimType, tuple[Relation, ...]] = {
    ClaimType.DATE: (Relation.NOT_BEFORE, Relation.NOT_AFTER, Relation.SAME),
    ClaimType.AMOUNT: (Relation.AT_LEAST, Relation.AT_MOST, Relation.SAME),
    ClaimType.NUMBER: (Relation.AT_LEAST, Relation.AT_MOST, Relation.SAME),
    ClaimType.LIGHT: (Relation.NOT_BETTER, Relation.NOT_WORSE, Relation.SAME),
}
"""Which relations each type of claim knows."""


class DefinitionError(ValueError):
    """A part of a definition is wrong: what, from which character of it on, and one thing to do."""

    def __init__(self, message: str, hint: str = "", offset: int | None = None) -> None:
        self.message = message
        self.hint = hint
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one claim says about one subject in this run; ``value`` is None where nothing is said.

    ``unknown`` says in words why a value that is there cannot be told: the subject is then not judged. ``sources`` are
    those whose complete reading it rests on. ``prove`` gives the fields that prove it, for the few that are told.
    """

    value: Value | None = None
    prove: Callable[[], Iterable[Evidence]] = tuple
    sources: frozenset[str] = frozenset()
    unknown: str = ""
    forecast: Forecast | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(self.prove())

    @property
    def where(self) -> str:
        """Where the first of the proof stands."""
        return next((each.where for each in self.prove()), "")


Reader: TypeAlias = Callable[[World, str], Reading]


@dataclass(frozen=True, slots=True)
class Term:
    """One side of a comparison. ``own`` says that it is a field of the record itself, which a source may not deliver.

    ``reads`` are the fields of records on which it rests, ``roles`` those of the links that it follows.
    """

    name: str
    type: ClaimType
    read: Reader = field(compare=False, repr=False)
    reads: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    own: bool = False
    fixed: bool = False
    says: str = ""
    """What it is, in words, for the documentation."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much the claims may differ: days, an amount in the base currency, a number, or a share of the second."""

    amount: Decimal = Decimal(0)
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders: the fixed parts, and between them the names of what is filled in."""

    parts: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomDefinition:
    """One custom check, sound as a whole. ``name`` is without the prefix, ``location`` the ``file:line`` of it.

    ``only`` are the fields that a subject must answer with one of the values, folded. ``version`` is raised by the
    author when the same facts mean something else: what an older version found is then resolved with that reason.
    ``severity`` of None means that money, nearness and number decide, as for every check.
    """

    name: str
    title: str
    about: Subject
    claim: Term
    relation: Relation
    against: Term
    text: Template
    tolerance: Tolerance = Tolerance()
    only: tuple[tuple[str, frozenset[str]], ...] = ()
    version: int = 1
    enabled: bool = True
    severity: Severity | None = None
    impact: Account | None = None
    decider: str = "beyond"
    advice: Template | None = None
    why: str = ""
    upkeep: bool = False
    location: str = ""

    @property
    def full_name(self) -> str:
        return f"{CUSTOM_CHECK}{self.name}"
