"""Runs: what one pass read, how complete it was and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SourceOutcome(StrEnum):
    """How the reading of one source ended."""

    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResult:
    """What one run got from one source. ``error`` is one line, ``hint`` one thing to do about it."""

    source: str
    outcome: SourceOutcome
    started_at: datetime
    finished_at: datetime
    pages: int = 0
    read: int = 0
    changed: int = 0
    absent: int = 0
    set_aside: int = 0
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the stored records of one source can be trusted: ``as_of`` is its last complete read.

    ``linked`` counts the records that serve an objective; ``unlinkable`` those that never do by themselves, releases
    and sprints.
    """

    source: str
    records: int
    linked: int
    as_of: datetime | None = None
    complete: bool = True
    error: str = ""
    unlinkable: int = 0
    held_checks: frozenset[str] | None = None
    """While it is not complete: the checks whose findings are held because only fields that they need lack (S9). None:
    those of all checks."""

    def holds(self, check: str) -> bool:
        """Whether what this check finds cannot be judged, as far as it rests on the source."""
        return not self.complete and (self.held_checks is None or check in self.held_checks)

    @property
    def linkable(self) -> int:
        return self.records - self.unlinkable


@dataclass(frozen=True, slots=True)
class CannotJudge:
    """What a check cannot judge at all, because these sources do not deliver what it needs.

    ``reason`` is a sentence without its subject: ``no deal of salesforce has a promised date``.
    """

    check: str
    reason: str
    sources: tuple[str, ...] = ()


def checks_by_reason(blind: Iterable[CannotJudge]) -> Mapping[str, Sequence[str]]:
    """Why something cannot be judged, and the checks that cannot: a field that lacks is told once."""
    found: dict[str, list[str]] = {}
    for each in blind:
        found.setdefault(each.reason, []).append(each.check)
    return {reason: list(dict.fromkeys(checks)) for reason, checks in found.items()}


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass over some or all sources."""

    id: int
    started_at: datetime
    finished_at: datetime | None = None
    outcome: RunOutcome = RunOutcome.RUNNING
    baseline: bool = False
    results: Sequence[SourceResult] = ()
    opened: int = 0
    resolved: int = 0
    standing: int = 0
