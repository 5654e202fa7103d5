"""The contract of a check: a pure question to the world of one run, answered with findings.

A check is one class in one file under ``reconcile/checks/`` (or behind the entry point group ``driftline.checks``). Its
docstring is its documentation and has four headings: What it finds, Why it matters, What to do, Example.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeAlias, TypeVar

from model.findings import Finding, fingerprint
from model.links import Role
from model.options import Options
from model.records import RecordKind

if TYPE_CHECKING:
    from reconcile.world import World


FORECAST_READS = frozenset(
    {
        *("key", "status", "resolution", "start", "due", "finished", "parent", "releases", "sprint", "needs"),
        *("release_date", "released", "end", "state"),
    }
)
"""The fields of work, releases and sprints on which a forecast rests."""


FAMILIES = ("promises", "savings and value", "dependencies", "truth", "flow", "ownership")
"""The families of the catalogue, in its order: what most asks leaders for a decision comes first."""


class CheckOptions(Options):
    """What every check can be told; each check adds its own."""

    enabled: bool = True
    """Whether the check runs. What a switched-off check found is resolved with that reason."""


OptionsT = TypeVar("OptionsT", bound=CheckOptions)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A subject that cannot be judged in this run, and why; what was found about it earlier is held."""

    subjects: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Blind:
    """What a check cannot judge at all, because these sources do not deliver what it needs; coverage says so.

    It holds nothing: there never was anything to judge by. ``reason`` is a sentence without its subject:
    ``no deal of salesforce has a promised date``.
    """

    reason: str
    sources: tuple[str, ...] = ()


Verdict: TypeAlias = Finding | Unjudged | Blind
"""What a check says about one subject; silence means that the tools agree."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The records of whose past a check wants to know: their date moves, the changes of their status and releases, or
    every content that was seen of them."""

    moves: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    histories: frozenset[str] = frozenset()


class Check(ABC, Generic[OptionsT]):
    """One kind of disagreement. It keeps nothing between two calls."""

    name: ClassVar[str]
    """Named for the problem, with hyphens: ``late-commitment``. It is part of the fingerprint."""
    version: ClassVar[int] = 1
    """Raised when the same facts would be judged differently; findings of an older version are then resolved."""
    title: ClassVar[str]
    """One line for lists."""
    family: ClassVar[str] = ""
    """Where it stands in the catalogue: one of ``FAMILIES``; a check of your own may have none."""
    patterns: ClassVar[tuple[str, ...]] = ()
    """The ids of the patterns that it answers, as docs/reference/patterns.yaml lists them; a check of your own may have
    none."""
    formula: ClassVar[str] = ""
    """How it is calculated, in one or two sentences, for the catalogue."""
    options_type: type[OptionsT]
    """The typed options of this check."""
    reads: ClassVar[frozenset[str] | None] = None
    """The fields of records on which its verdict rests; what it only shows is no part of them. None: it may be any.
    While one of them has vanished at a source, nothing that rests on the source is judged (S9)."""
    roles: ClassVar[frozenset[Role]] = frozenset(Role)
    """The roles of the links through which it reaches records."""
    concerns: ClassVar[frozenset[RecordKind] | None] = None
    """The kinds of records on whose own fields it rests whether it says something about an objective; None: it may be
    any, or a forecast. Where none of them changed, only those objectives above are gone through that something is said
    about."""
    weighs_floats: ClassVar[bool] = False
    """Whether it asks by when things are needed. Checks that do run one after the other, because what is worked out for
    them takes much room."""
    whole: ClassVar[bool] = False
    """Whether it compares everything with everything. Any other check goes through subjects, that is, iterates over the
    deals, savings, work, releases, objectives or links of the world, and judges each by what it looks up from there: a
    run after a few changes then iterates over what these can reach, while every look-up still finds all."""

    daily: ClassVar[bool] = False
    """Whether it is judged only when everything is judged, as the first run of each day does, because it needs all of
    the world and nobody waits for it by the hour. In between, what it found stays as it is."""

    @classmethod
    def rests_on(cls, fields: Collection[str], roles: Collection[Role]) -> bool:
        """Whether its verdict may change when these fields, or rules that give these roles, tell something else."""
        return cls.reads is None or not cls.reads.isdisjoint(fields) or not cls.roles.isdisjoint(roles)

    def asks(self, world: "World", options: OptionsT) -> Asked:
        """Name the records whose past ``find`` will look at; ``world.moves``, ``world.changes`` and
        ``world.histories`` then tell it."""
        return Asked()

    @abstractmethod
    def find(self, world: "World", options: OptionsT) -> Iterable[Verdict]:
        """Yield every disagreement, and every subject that cannot be judged. The order does not matter."""

    def why_resolved(self, finding: Finding, world: "World", options: OptionsT) -> str:
        """Say in words what changed, for a finding of an earlier run that is not found any more."""
        return "the tools agree again"

    def fingerprint(self, subjects: tuple[str, ...]) -> str:
        """How a finding of this check about these subjects is identified."""
        return fingerprint(self.name, self.version, subjects)
