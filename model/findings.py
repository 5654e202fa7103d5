"""Findings: one disagreement between tools, with its money, its cause and who may decide; and its life."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from model.money import Money


class Severity(IntEnum):
    """How much attention a finding asks for (design 5.10). Ordered."""

    NOTICE = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        return self.name.lower()


class Account(StrEnum):
    """Which money; accounts are never added to each other."""

    REVENUE = "revenue"
    SAVINGS = "savings"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Amount:
    """One part of an impact, in the base currency.

    ``weighted`` is the full amount times the deal's probability; it stands beside ``full`` and is never mixed with it.
    ``period`` is a month (``2026-10``) where the money belongs to one.
    """

    account: Account
    full: Money
    weighted: Money | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one record contributes to an impact; totals add distinct shares, never findings (design 1).

    ``unconverted`` is the record's money in its own currency where there is no rate.
    """

    record_id: str
    amounts: tuple[Amount, ...] = ()
    unconverted: Money | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """Days and money. ``days`` is the variance: positive is late; None where nothing supports the promise."""

    days: int | None = None
    shares: tuple[Share, ...] = ()

    def full(self, account: Account) -> Decimal:
        return _sum(self.shares, account, weighted=False)

    def weighted(self, account: Account) -> Decimal:
        return _sum(self.shares, account, weighted=True)

    @property
    def unconverted(self) -> tuple[Money, ...]:
        return tuple(share.unconverted for share in self.shares if share.unconverted is not None)

    @property
    def priced(self) -> bool:
        return any(share.amounts for share in self.shares)


def _sum(shares: Sequence[Share], account: Account, *, weighted: bool) -> Decimal:
    """Add what distinct records contribute, by record and period, so that no record is counted twice."""
    distinct: dict[tuple[str, str | None], Decimal] = {}
    for share in shares:
        for amount in share.amounts:
            if amount.account is account:
                money = amount.weighted if weighted else amount.full
                distinct[share.record_id, amount.period] = max(
                    money.amount if money else Decimal(0),
                    distinct.get((share.record_id, amount.period), Decimal(0)),
                )
    return sum(distinct.values(), Decimal(0))


def combined(impacts: Sequence[Impact]) -> Impact:
    """One impact over several findings; each record counts once."""
    days = [impact.days for impact in impacts if impact.days is not None]
    return Impact(max(days, default=None), tuple(share for impact in impacts for share in impact.shares))


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed field that proves a finding.

    ``where`` is a link or a cell address. For a change, ``old`` and ``by`` and ``at`` tell from what, who and when.
    """

    record_id: str
    key: str
    field: str
    value: str
    where: str = ""
    seen: datetime | None = None
    old: str | None = None
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one system says: ``Salesforce OPP-7 promises 30 Sep 2026``. ``day`` is None where it says no date."""

    system: str
    key: str
    says: str
    day: date | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain that binds a date, the effect first and the cause last."""

    node: str
    key: str
    title: str
    says: str
    day: date | None = None
    where: str = ""


class OptionKind(StrEnum):
    """What a decider can do about a finding (domain 4.3)."""

    MOVE_PROMISE = "move_promise"
    BRING_FORWARD = "bring_forward"
    CUT_SCOPE = "cut_scope"
    FUND = "fund"
    ACCEPT = "accept"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOption:
    """One thing that a decider can choose, computed from stored records, never invented.

    ``says`` is a sentence. ``record_id`` is the record that would change, ``acts`` who has to act on it. ``days`` is by
    how much it moves and ``day`` the date that it then has. ``costs`` is the money that is given up, as far as it is
    known; empty with ``costs_nothing`` unset means that nobody has priced it. ``until`` is the last day on which the
    option is still open, from its lead time; an option whose day has passed is not offered.
    """

    kind: OptionKind
    says: str
    record_id: str | None = None
    acts: str | None = None
    days: int | None = None
    day: date | None = None
    costs: tuple[Share, ...] = ()
    costs_nothing: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One disagreement. ``subjects`` are the ids that identify it: never texts, dates or row numbers.

    ``cause`` is the node that binds: findings with one cause are one piece of news. ``sources`` are the names of the
    sources whose complete reading the judgement rests on. ``advice`` is one thing to do; ``options`` are what the
    decider can choose from, the cheapest first, and ``decide_by`` is the last day on which that one is open.
    """

    check: str
    check_version: int
    subjects: tuple[str, ...]
    title: str
    objective_ids: tuple[str, ...] = ()
    commitment: Claim | None = None
    forecast: Claim | None = None
    impact: Impact = Impact()
    cause: str | None = None
    chain: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = Severity.NOTICE
    owner: str | None = None
    decider: str | None = None
    decide_by: date | None = None
    advice: str = ""
    options: tuple[DecisionOption, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.check, self.check_version, self.subjects)


def fingerprint(check: str, check_version: int, subjects: Sequence[str]) -> str:
    """Identify a finding across runs: 16 hex digits of a hash over check, version and sorted subjects."""
    text = "\x1f".join([check, str(check_version), *sorted(subjects)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class FindingState(StrEnum):
    """Where a finding stands. Held is not a state but a mark beside it: it says that it was not re-checked."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"


class TransitionKind(StrEnum):
    """What happened to a finding."""

    OPENED = "opened"
    WORSENED = "worsened"
    IMPROVED = "improved"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    HELD = "held"
    RELEASED = "released"
    """A held finding was judged again and still stands."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A decision to live with a finding until a day."""

    by: str
    why: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFinding:
    """A finding with its life: the last judgement of it, its state and since when.

    ``told`` is the impact that was last announced; worsening and improving are measured against it, so that many
    small moves add up. ``held_since`` is set while a source it rests on was not completely read.
    """

    finding: Finding
    state: FindingState = FindingState.OPEN
    opened_at: datetime
    changed_at: datetime
    judged_at: datetime
    told: Impact
    held_since: datetime | None = None
    held_because: str = ""
    acceptance: Acceptance | None = None
    baseline: bool = False
    """It was already there on the first run; it is not announced as news."""

    @property
    def fingerprint(self) -> str:
        return self.finding.fingerprint

    @property
    def standing(self) -> bool:
        return self.state is not FindingState.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change in a finding's life; append-only. ``reason`` says why in words, ``by`` who (a person or the run)."""

    fingerprint: str
    kind: TransitionKind
    at: datetime
    reason: str = ""
    by: str = "driftline"
    before: Impact | None = None
    after: Impact | None = None
    baseline: bool = False
    sequence: int | None = field(default=None, compare=False)
    """The order in which the store keeps it; None until it is stored."""
