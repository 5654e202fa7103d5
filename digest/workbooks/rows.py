"""What stands in the rows of the workbook: findings, the records behind their money, and totals that count once."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from digest.base import Named
from digest.brief import Brief
from digest.causes import is_at_risk
from digest.findings_language import retold
from digest.hostile import clean, safe_url
from digest.language import Language, marked
from digest.sentences import STAKES, record_name, short_id, system_name
from model.causes import binding_step
from model.findings import Account, Claim, FindingState, Severity, Share, TrackedFinding


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A text that leads to an address; the text alone where the address is not plain http or https."""

    text: str
    where: str


Value: TypeAlias = str | int | Decimal | date | datetime | LinkTo | None
Heads: TypeAlias = Sequence[tuple[str, float]]
"""The heads of the columns and how wide they are, in letters."""

_FOLDERS = re.compile(r"^.*[/\\]")
_STATES = {
    FindingState.OPEN: marked("open"),
    FindingState.ACKNOWLEDGED: marked("acknowledged"),
    FindingState.ACCEPTED: marked("accepted"),
    FindingState.RESOLVED: marked("resolved"),
}
_SEVERITIES = {
    Severity.NOTICE: marked("notice"),
    Severity.MINOR: marked("minor"),
    Severity.MAJOR: marked("major"),
    Severity.CRITICAL: marked("critical"),
}
_ACCOUNTS = {
    Account.REVENUE: marked("revenue"),
    Account.SAVINGS: marked("savings"),
    Account.COST: marked("cost"),
}


def finding_heads(brief: Brief, findings: Sequence[TrackedFinding]) -> Heads:
    words = brief.words
    before = (
        (words.say("Code"), 11),
        (words.say("Severity"), 11),
        (words.say("State"), 18),
        (words.say("Check"), 24),
        (words.say("Finding"), 60),
        (words.say("Objective"), 34),
        (words.say("Open since"), 12),
        (words.say("Promise"), 26),
        (words.say("Promised"), 12),
        (words.say("Forecast by"), 26),
        (words.say("Forecast"), 12),
        (words.say("Days late"), 10),
    )
    after = (
        (words.say("Not converted"), 18),
        (words.say("Decider"), 22),
        (words.say("Decide by"), 12),
        (words.say("Owner"), 22),
        (words.say("Cause"), 34),
        (words.say("Evidence at"), 44),
    )
    money = [(head, 16.0) for account in _accounts(findings) for head in _money_heads(account, brief)]
    return (*before, *money, *after)


def _accounts(findings: Sequence[TrackedFinding]) -> list[Account]:
    """Those that any of the findings has money of; a column without any is noise."""
    shares = [share for tracked in findings for share in tracked.finding.impact.shares]
    named = {amount.account for share in shares for amount in share.amounts}
    return [account for account in Account if account in named]


def _money_heads(account: Account, brief: Brief) -> list[str]:
    words = brief.words
    name = f"{words.say(STAKES[account])}, {brief.edition.currency}"
    heads = [name, words.say("of it in {year}", year=brief.today.year)]
    return [*heads, words.say("weighted")] if account is Account.REVENUE else heads


def finding_rows(brief: Brief, findings: Sequence[TrackedFinding]) -> Iterator[list[Value]]:
    accounts = _accounts(findings)
    for tracked in findings:
        finding = tracked.finding
        step = binding_step(finding)
        cause = record_name(step.key, step.title) if step else None
        yield [
            short_id(tracked),
            brief.words.say(_SEVERITIES[finding.severity]),
            _state(tracked, brief.words),
            finding.check,
            retold(brief.words, finding.title, brief.today),
            "; ".join(_objective(each, brief) for each in finding.objective_ids),
            tracked.opened_at.astimezone(brief.edition.zone).date(),
            _claimed(brief.words, finding.commitment),
            finding.commitment.day if finding.commitment else None,
            _claimed(brief.words, finding.forecast),
            finding.forecast.day if finding.forecast else None,
            finding.impact.days,
            *(value for account in accounts for value in _money(tracked, account, brief.today.year)),
            ", ".join(map(str, finding.impact.unconverted)),
            finding.decider,
            finding.decide_by,
            finding.owner,
            cause,
            _evidence(tracked),
        ]


def _state(tracked: TrackedFinding, words: Language) -> str:
    said = words.say("decided" if tracked.decided else _STATES[tracked.state])
    if tracked.inhibited_by:
        said = words.say("{state}, not counted", state=said)
    return words.say("{state}, not re-checked", state=said) if tracked.held_since else said


def _objective(objective_id: str, brief: Brief) -> str:
    objective = brief.edition.tree.get(objective_id)
    return f"{objective_id} {objective.name}" if objective else objective_id


def _claimed(words: Language, claim: Claim | None) -> str | None:
    return f"{system_name(words, claim.system)} {claim.key}".strip() if claim else None


def _money(tracked: TrackedFinding, account: Account, year: int) -> Iterator[Value]:
    impact = tracked.finding.impact
    full = impact.full(account)
    yield full or None
    yield impact.within(account, year) if full and impact.by_month(account) else None
    if account is Account.REVENUE:
        yield impact.weighted(account) if full else None


def _evidence(tracked: TrackedFinding) -> LinkTo | None:
    """Where it can be looked at: the first address, else the first cell or line of a file."""
    finding = tracked.finding
    places = [claim.where for claim in (finding.commitment, finding.forecast) if claim and claim.where]
    places += [evidence.where for evidence in finding.evidence if evidence.where]
    first = next((place for place in places if safe_url(place)), next(iter(places), ""))
    return _found_at(first)


def _found_at(place: str) -> LinkTo | None:
    """An address as it is; of a file on the machine its name, and neither its folders nor the machine."""
    if not place or safe_url(place):
        return LinkTo(place, place) if place else None
    file, mark, cell = place.partition("!")
    return LinkTo(_FOLDERS.sub("", file) + mark + cell, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """What one record contributes to one finding in one month. ``counted`` is what of it is in the totals."""

    record_id: str
    name: Named
    code: str
    currency: str
    at_risk: bool
    account: Account | None = None
    """None for money in a currency without a rate."""
    period: str = ""
    full: Decimal = Decimal(0)
    weighted: Decimal | None = None
    counted: Decimal | None = None
    counted_weighted: Decimal | None = None

    def values(self, words: Language) -> list[Value]:
        return [
            self.name.key,
            self.name.title,
            self.code,
            words.say(_ACCOUNTS[self.account]) if self.account else words.say("not converted"),
            self.period or None,
            self.currency,
            self.full,
            self.weighted,
            self.counted,
            self.counted_weighted,
            _found_at(self.name.where),
        ]


def record_heads(words: Language) -> Heads:
    return (
        (words.say("Record"), 20),
        (words.say("Title"), 40),
        (words.say("Finding"), 11),
        (words.say("Account"), 16),
        (words.say("Month"), 10),
        (words.say("Currency"), 10),
        (words.say("Amount"), 16),
        (words.say("Weighted"), 16),
        (words.say("Counted"), 16),
        (words.say("Counted, weighted"), 18),
        (words.say("Found at"), 60),
    )


def record_rows(brief: Brief, findings: Sequence[TrackedFinding]) -> list[RecordRow]:
    """One row per finding, record and month. Of a record that several findings name, the largest amount counts once."""
    rows = [row for tracked in findings for row in _shares(tracked, brief)]
    counted = _largest(rows, lambda row: row.full)
    weighted = _largest(rows, lambda row: row.weighted or Decimal(0))
    return [
        replace(
            row,
            counted=row.full if number in counted else Decimal(0),
            counted_weighted=None if row.weighted is None else row.weighted if number in weighted else Decimal(0),
        )
        if row.account is not None and row.at_risk
        else row
        for number, row in enumerate(rows)
    ]


def _largest(rows: Sequence[RecordRow], amount: Callable[[RecordRow], Decimal]) -> frozenset[int]:
    """Which rows count: for each record and month the one with the largest amount, the first of equal ones."""
    largest: dict[tuple[Account, str, str], int] = {}
    for number, row in enumerate(rows):
        if row.account is None or not row.at_risk:
            continue
        best = largest.setdefault((row.account, row.record_id, row.period), number)
        if amount(row) > amount(rows[best]):
            largest[row.account, row.record_id, row.period] = number
    return frozenset(largest.values())


def _shares(tracked: TrackedFinding, brief: Brief) -> Iterator[RecordRow]:
    for share in tracked.finding.impact.shares:
        row = RecordRow(
            record_id=share.record_id,
            name=_named(share, tracked, brief),
            code=short_id(tracked),
            currency=brief.edition.currency,
            at_risk=is_at_risk(tracked),
        )
        for amount in share.amounts:
            weighted = amount.weighted.amount if amount.weighted else None
            period = amount.period or ""
            yield replace(row, account=amount.account, period=period, full=amount.full.amount, weighted=weighted)
        if share.unconverted is not None:
            yield replace(row, full=share.unconverted.amount, currency=share.unconverted.currency)


def _named(share: Share, tracked: TrackedFinding, brief: Brief) -> Named:
    """As the store knows it; else as the finding tells of it."""
    known = brief.edition.named.get(share.record_id)
    if known is not None and share.record_id not in brief.edition.outside:
        return known
    for step in tracked.finding.chain:
        if step.node == share.record_id:
            return Named(step.key, step.title, step.where)
    for evidence in tracked.finding.evidence:
        if evidence.record_id == share.record_id:
            return Named(evidence.key, "", evidence.where)
    return Named(clean(share.record_id), "")


def total_rows(brief: Brief, rows: Sequence[RecordRow]) -> Iterator[list[Value]]:
    """The sums of what is counted, as numbers: the same as ``Open`` in the mail."""
    words = brief.words
    for account in Account:
        mine = [row for row in rows if row.account is account and row.counted is not None]
        if not mine:
            continue
        weighted = [row.counted_weighted for row in mine if row.counted_weighted is not None]
        yield [
            words.say("Total"),
            words.say("{name}: every record is counted once", name=words.say(STAKES[account])),
            None,
            words.say(_ACCOUNTS[account]),
            None,
            brief.edition.currency,
            None,
            None,
            sum((row.counted for row in mine if row.counted is not None), Decimal(0)),
            sum(weighted, Decimal(0)) if weighted else None,
        ]
