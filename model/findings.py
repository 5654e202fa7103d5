"""Findings: one disagreement between tools, with its money, its cause and who may decide; and its life."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Self

from model.money import Money

CUSTOM_CHECK = "custom:"
"""How the names of checks begin that the configuration defines, so that none can replace an installed one."""


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

    ``unconverted`` is the record's money in its own currency where there is no rate; ``original`` is the same where
    the amounts were converted, so that a change of the rate alone can be told from a change of the record.
    """

    record_id: str
    amounts: tuple[Amount, ...] = ()
    unconverted: Money | None = None
    original: Money | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """Days and money. ``days`` is the variance: positive is late; None where nothing supports the promise.

    ``shares`` are what is at risk or lost. Beside it, never added to it: ``deferred`` is the revenue that the delay
    moves out of its months, ``weekly`` what one more week of delay costs, and ``yearly`` the yearly effect that stands
    behind; each is empty where it is not known.
    """

    days: int | None = None
    shares: tuple[Share, ...] = ()
    deferred: tuple[Share, ...] = ()
    weekly: tuple[Share, ...] = ()
    yearly: tuple[Share, ...] = ()

    def full(self, account: Account) -> Decimal:
        return total_of(self.shares, account)

    def weighted(self, account: Account) -> Decimal:
        return total_of(self.shares, account, weighted=True)

    def within(self, account: Account, year: int) -> Decimal:
        """What of the full amount falls into the months of a calendar year; money without a month is left out."""
        return total_of(self.shares, account, year=year)

    def by_month(self, account: Account) -> bool:
        """Whether all of this account's money belongs to a month."""
        return all(amount.period for share in self.shares for amount in share.amounts if amount.account is account)

    @property
    def unconverted(self) -> tuple[Money, ...]:
        return tuple(share.unconverted for share in self.shares if share.unconverted is not None)

    @property
    def priced(self) -> bool:
        """Whether any money is known: at risk or lost, or deferred."""
        return any(share.amounts for share in (*self.shares, *self.deferred))


def total_of(shares: Sequence[Share], account: Account, *, weighted: bool = False, year: int | None = None) -> Decimal:
    """Add what distinct records contribute, by record and period, so that no record is counted twice.

    With ``year`` only the months of that year.
    """
    distinct: dict[tuple[str, str | None], Decimal] = {}
    for share in shares:
        for amount in share.amounts:
            if year is not None and not (amount.period or "").startswith(f"{year:04d}-"):
                continue
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
    return Impact(
        max(days, default=None),
        tuple(share for impact in impacts for share in impact.shares),
        tuple(share for impact in impacts for share in impact.deferred),
        tuple(share for impact in impacts for share in impact.weekly),
        tuple(share for impact in impacts for share in impact.yearly),
    )


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


class Slip(StrEnum):
    """Of what a slip is measured."""

    VALUE = "value"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Triage:
    """The trigger fired: a slip is so large that the agenda turns to it (domain I1, design 5.7).

    ``slip`` says which one fired; ``percent`` is its size, rounded down to one place.
    """

    slip: Slip
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One disagreement. ``subjects`` are the ids that identify it: never texts, dates or row numbers.

    ``cause`` is the node that binds: findings with one cause are one piece of news. ``sources`` are the names of the
    sources whose complete reading the judgement rests on. ``advice`` is one thing to do; ``options`` are what the
    decider can choose from, the cheapest first, and ``decide_by`` is the first day on which one of them closes.
    ``upkeep`` says that it is about the data, not the plan: its owners mend it, and leaders have nothing to decide.
    ``triage`` is set where a slip is large enough to change the agenda.
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
    upkeep: bool = False
    triage: Triage | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.check, self.check_version, self.subjects)


def fingerprint(check: str, check_version: int, subjects: Sequence[str]) -> str:
    """Identify a finding across runs: 16 hex digits of a hash over check, version and sorted subjects."""
    text = "\x1f".join([check, str(check_version), *sorted(subjects)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def is_custom(check: str) -> bool:
    """Whether the configuration itself defines a check of this name: where it does not any more, there is none."""
    return check.startswith(CUSTOM_CHECK)


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
    DECIDED = "decided"
    EXPIRED = "expired"
    OVERDUE = "overdue"
    """The day of a decision has passed, and it still stands."""
    RESOLVED = "resolved"
    REOPENED = "reopened"
    HELD = "held"
    RELEASED = "released"
    """A held finding was judged again and still stands."""
    INHIBITED = "inhibited"
    """It still stands, and is not told as long as what is named in the reason lasts."""
    FLAPPING = "flapping"
    """It opened and resolved so often that it is not told again before it has settled."""
    SETTLED = "settled"
    """It has not opened or resolved for a while: how it stands now counts again."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A decision to live with a finding until a day.

    ``overrides`` is set where somebody accepted it without having the right to, and says who has it.
    """

    by: str
    why: str
    until: date
    overrides: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about a finding: by whom, who carries it out, and the day by which its effect is to be seen.

    ``before`` is the impact that was decided on; what grows beyond it was not decided. ``kind`` is that of the option
    that was chosen, None for free words.
    """

    says: str
    by: str
    owner: str
    until: date
    at: datetime
    before: Impact = Impact()
    kind: OptionKind | None = None


@dataclass(frozen=True, slots=True)
class Flapping:
    """A finding comes and goes: since when, when it did so last, and whether it stood when people last heard of it."""

    since: datetime
    last: datetime
    told_standing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFinding:
    """A finding with its life: the last judgement of it, its state and since when.

    ``told`` is the impact that was last announced; worsening and improving are measured against it, so that many
    small moves add up. ``held_since`` is set while a source it rests on was not completely read. ``inhibited_by`` says
    why it is not told although it stands. ``flips`` are the last times at which it resolved or reopened. ``decision``
    is the last decision about it; it stays there when it came back or resolved.
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
    decision: Decided | None = None
    inhibited_by: str = ""
    flips: tuple[datetime, ...] = ()
    flapping: Flapping | None = None
    baseline: bool = False
    """It was already there on the first run; it is not announced as news."""

    @property
    def fingerprint(self) -> str:
        return self.finding.fingerprint

    @property
    def standing(self) -> bool:
        return self.state is not FindingState.RESOLVED

    @property
    def decided(self) -> bool:
        """Whether it waits for what was decided to take effect, so that nobody is asked again."""
        return self.decision is not None and self.state is FindingState.ACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """As much of a stored finding as tells whether a run judges it again; ``subject`` is the first one."""

    check: str
    subject: str
    standing: bool

    @classmethod
    def of(cls, tracked: TrackedFinding) -> Self:
        return cls(tracked.finding.check, tracked.finding.subjects[0], tracked.standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change in a finding's life; append-only. ``reason`` says why in words, ``by`` who (a person or the run).

    ``quiet`` says why it is no news; empty for what is.
    """

    fingerprint: str
    kind: TransitionKind
    at: datetime
    reason: str = ""
    by: str = "driftline"
    before: Impact | None = None
    after: Impact | None = None
    baseline: bool = False
    quiet: str = ""
    sequence: int | None = field(default=None, compare=False)
    """The order in which the store keeps it; None until it is stored."""
