"""The phrases that several sections share: claims, causes, gaps, money. Systems disagree; nobody is accused."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from digest import wording
from digest.base import Chip, Fact, Inline, Line, Link, Text, Tone, line
from digest.causes import Cause, Verdict
from digest.hostile import clean, safe_url
from digest.options import is_mail_address
from model.causes import binding_step
from model.findings import Account, Claim, Evidence, Finding, Impact, TrackedFinding, Triage, total_of
from model.objectives import ObjectiveTree
from model.so_what import STEP, streams

TITLE_LIMIT = 60
ROW_LIMIT = 40
"""Characters of a name in a row of a table; with its figures it fits a line of the text part."""
_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
SOON_DAYS = 3
"""A last day to decide that is this near is marked."""
SHORT_ID = 8
"""How many characters of a fingerprint are printed; ``driftline show`` takes them as a prefix."""

MOST_STREAMS = 2
"""How many of the touched objectives are named."""

STAKES = {Account.REVENUE: "Revenue at risk", Account.SAVINGS: "Savings lost", Account.COST: "Extra cost"}
"""What the money of each account is called; accounts stand side by side and are never added."""
_VERDICT_TONES = {
    Verdict.NEW: Tone.WARN,
    Verdict.REOPENED: Tone.WARN,
    Verdict.EXPIRED: Tone.WARN,
    Verdict.WORSENED: Tone.BAD,
    Verdict.IMPROVED: Tone.GOOD,
    Verdict.RESOLVED: Tone.GOOD,
}


def short_id(tracked: TrackedFinding) -> str:
    return tracked.fingerprint[:SHORT_ID]


def linked(text: str, where: str) -> Inline:
    """The words as a link when the place is one; plain words otherwise."""
    return Link(text, where) if safe_url(where) else Text(text)


def days_text(days: int | None) -> str:
    """``47 days late``; a missing variance means that nothing supports the promise."""
    if days is None:
        return "no date"
    if days == 0:
        return "same day"
    return f"{wording.count(abs(days), 'day')} {'late' if days > 0 else 'early'}"


def claim_fact(claim: Claim, today: date, gap: str = "") -> Fact:
    """``Salesforce | OPP-7 promises 30 Sep 2026``: the system as the label, the record as a link.

    A cell address has no link and is printed.
    """
    says = short_dates(clean(claim.says, 120), today)
    for prefix in (f"{claim.system} {claim.key}", claim.system, claim.key):
        says = says.removeprefix(prefix).strip()
    if not says and claim.day is not None:
        says = wording.day(claim.day, today)
    pieces: list[str | Inline] = [linked(claim.key, claim.where)] if claim.key else []
    pieces.append(f" {says}" if pieces else says)
    if gap:
        pieces += [", ", Text(gap, strong=True)]
    if "!" in claim.where and claim.where not in f"{claim.key} {says}" and ":" not in claim.where:
        pieces.append(Text(f" ({claim.where})", muted=True))
    return Fact(claim.system[:1].upper() + claim.system[1:] or "Source", line(*pieces))


def money_lines(impact: Impact, currency: str) -> tuple[tuple[Account, Line], ...]:
    """One line per account that has money: full and weighted side by side, savings with their periods."""
    return tuple(
        (account, _account_line(impact, account, currency)) for account in Account if impact.full(account) != 0
    )


def records_text(impact: Impact, account: Account) -> str:
    """``6 deals``: how many distinct records the money of one account comes from."""
    records = {share.record_id for share in impact.shares if any(a.account is account for a in share.amounts)}
    return wording.count(len(records), {Account.REVENUE: "deal", Account.SAVINGS: "saving"}.get(account, "record"))


def _account_line(impact: Impact, account: Account, currency: str) -> Line:
    pieces: list[str | Inline] = [Text(wording.exact(impact.full(account), currency), strong=True)]
    if account is Account.REVENUE:
        pieces.append(f" full, {wording.exact(impact.weighted(account))} weighted")
    periods = by_period(impact, account)
    if len(periods) == 1 and periods[0][1] == impact.full(account):
        pieces.append(f" in {periods[0][0]}")
    elif periods:
        pieces.append(f" ({', '.join(f'{name} {wording.exact(amount)}' for name, amount in periods)})")
    counted = records_text(impact, account)
    return line(*pieces, *([] if counted == "1 record" else [f", {counted}"]))


def by_period(impact: Impact, account: Account) -> tuple[tuple[str, Decimal], ...]:
    """What falls into each month; into quarters beyond three months and into years beyond three quarters."""
    months: dict[str, Decimal] = {}
    for name in sorted({a.period for s in impact.shares for a in s.amounts if a.account is account and a.period}):
        kept = tuple(_share_in(impact, account, name))
        months[name] = sum(kept, Decimal(0))
    for naming in (wording.month, wording.quarter, wording.year):
        merged: dict[str, Decimal] = {}
        for name, amount in months.items():
            merged[naming(name)] = merged.get(naming(name), Decimal(0)) + amount
        if len(merged) <= 3:
            break
    return tuple(merged.items())


def _share_in(impact: Impact, account: Account, period: str) -> Iterable[Decimal]:
    """The amounts of one period, each record once."""
    distinct: dict[str, Decimal] = {}
    for share in impact.shares:
        for amount in share.amounts:
            if amount.account is account and amount.period == period:
                distinct[share.record_id] = max(amount.full.amount, distinct.get(share.record_id, Decimal(0)))
    return distinct.values()


def unconverted_text(impact: Impact) -> str:
    """``not converted: USD 300,000``: money without a rate is named, never taken as zero; each record once."""
    distinct = {share.record_id: share.unconverted for share in impact.shares if share.unconverted is not None}
    if not distinct:
        return ""
    sums: dict[str, Decimal] = {}
    for money in distinct.values():
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return "not converted: " + ", ".join(wording.exact(amount, code) for code, amount in sorted(sums.items()))


def cause_name(cause: Cause) -> Line:
    """``AUR-118 Ledger cut-over`` with a link, or the title of the finding where no chain is known."""
    step = binding_step(cause.lead)
    if step is None:
        return line(Text(clean(cause.lead.title, TITLE_LIMIT)))
    return line(linked(record_name(step.key, step.title), step.where))


def record_name(key: str, title: str) -> str:
    """``AUR-118 Ledger cut-over``; left out are a title that only repeats the key and a key that is but a number."""
    key, title = clean(key, TITLE_LIMIT), clean(title).strip()
    if key.isdecimal() and title:
        return clean(title, TITLE_LIMIT)
    return key if title.casefold() in ("", key.casefold()) else clean(f"{key} {title}", TITLE_LIMIT)


def promise_name(tracked: TrackedFinding) -> Line:
    """The promise by its key and title; the finding's own title where no record is named."""
    finding = tracked.finding
    if finding.commitment is None or not finding.commitment.key:
        return line(clean(finding.title, TITLE_LIMIT))
    key = finding.commitment.key
    title = next((step.title for step in finding.chain if step.key == key), "")
    return line(linked(clean(record_name(key, title), ROW_LIMIT), finding.commitment.where))


def forecast_fact(finding: Finding, forecast: Claim, today: date, zone: ZoneInfo, *, shows_way: bool = True) -> Fact:
    """What the work now says and how late that is, with who moved it where it is the cause itself."""
    gap = "" if finding.impact.days is None else days_text(finding.impact.days)
    fact, change = claim_fact(forecast, today, gap), _change(finding)
    if change is None or not _is_of(change, forecast, finding):
        return fact
    return Fact(fact.label, line(*fact.content, f"; {_change_words(finding, change, today, zone, shows_way)}"))


def cause_line(finding: Finding, today: date, zone: ZoneInfo, *, shows_way: bool = True) -> Line | None:
    """What moved it, who and when, from the evidence of a change; else what the binding record says.

    ``shows_way`` adds what lies between. None when the forecast says it already.
    """
    change = _change(finding)
    step = binding_step(finding)
    if change is not None:
        if finding.forecast is not None and _is_of(change, finding.forecast, finding):
            return None
        moved = _change_words(finding, change, today, zone, shows_way)
        return line(linked(_called(change.record_id, change.key, finding), change.where), f" {moved}")
    if step is None or (finding.forecast is not None and finding.forecast.key in (step.key, step.title)):
        return None
    says = short_dates(clean(step.says, 120), today)
    way = _via(finding, step.key) if shows_way else ""
    return line(linked(_called(step.node, step.key, finding), step.where), f" {says}{way}")


def _called(node: str, key: str, finding: Finding) -> str:
    """A record by its key, or by its title where the key is but a number."""
    title = next((step.title for step in finding.chain if step.node == node), "") if key.isdecimal() else ""
    return clean(title or key, TITLE_LIMIT)


def _is_of(change: Evidence, claim: Claim, finding: Finding) -> bool:
    """Whether a change is one of the record that a claim is about."""
    return claim.key == change.key or clean(claim.key, TITLE_LIMIT) == _called(change.record_id, change.key, finding)


def _change(finding: Finding) -> Evidence | None:
    """The newest change of the binding record; any newest change when that one has none."""
    changes = [evidence for evidence in finding.evidence if evidence.old is not None]
    binding = {finding.cause} | ({finding.chain[-1].node} if finding.chain else set())
    of_binding = [evidence for evidence in changes if evidence.record_id in binding]
    return max(of_binding or changes, key=lambda e: (e.at is not None, e.at.timestamp() if e.at else 0.0), default=None)


def _change_words(finding: Finding, change: Evidence, today: date, zone: ZoneInfo, shows_way: bool) -> str:
    """``moved from 30 Sep on 7 Sep by Ben Kuhn``; the new value is named unless the forecast just did."""
    old, new = _value(change.old or "", today), _value(change.value, today)
    if _is_date(change.value) and _is_date(change.old or ""):
        said = f"moved from {old}" if _forecast_says(finding, change, new, today) else f"moved from {old} to {new}"
    else:
        said = f"{clean(change.field, 30).replace('_', ' ')} changed from {old} to {new}"
    if change.at:
        said += f" on {wording.day(change.at.astimezone(zone).date(), today)}"
    by = f" by {person(change.by)}" if change.by else ""
    return f"{said}{by}{_via(finding, change.key) if shows_way else ''}"


def _forecast_says(finding: Finding, change: Evidence, day: str, today: date) -> bool:
    forecast = finding.forecast
    if forecast is None or not _is_of(change, forecast, finding):
        return False
    own = wording.day(forecast.day, today) if forecast.day else ""
    return day == own or re.search(rf"\b{re.escape(day)}\b(?! \d{{4}})", short_dates(forecast.says, today)) is not None


def _value(text: str, today: date) -> str:
    return wording.day(date.fromisoformat(text), today) if _is_date(text) else clean(text, 40) or "nothing"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def person(name: str) -> str:
    """A name as it is; of a mail address the part before the @, which is enough to know who is meant."""
    return clean(name.partition("@")[0] if is_mail_address(name) else name, 60)


def short_dates(text: str, today: date) -> str:
    """Write the dates in a text as everywhere in the mail: ``30 Sep``, with the year only when it is another."""
    text = _ISO_DATE.sub(lambda found: _value(found[0], today), text)
    return re.sub(rf"\b(\d{{1,2}} [A-Z][a-z]{{2}}) {today.year}\b", r"\1", text)


def _via(finding: Finding, cause: str) -> str:
    """What lies between the promise and its cause, unless the question names it."""
    promised = finding.commitment.key if finding.commitment else ""
    known = (cause, promised)
    between = [step for step in finding.chain if step.key not in known and step.key not in finding.advice]
    names = [clean(_called(step.node, step.key, finding), 30) for step in reversed(between[-2:])]
    return f", through {' and '.join(names)}" if names else ""


def otherwise_line(cause: Cause, currency: str, today: date) -> Line:
    """What happens when nobody decides."""
    lost = cause.impact.full(Account.SAVINGS)
    revenue = cause.impact.full(Account.REVENUE)
    parts: list[str] = []
    days = [t.finding.commitment.day for t in cause.findings if t.finding.commitment and t.finding.commitment.day]
    if days and (revenue or not lost):
        first = min(days)
        ahead = "promises break from" if len(days) > 1 else "the promise breaks on"
        behind = "promises stay broken since" if len(days) > 1 else "the promise stays broken since"
        parts.append(f"{ahead if first >= today else behind} {wording.day(first, today)}")
    if lost:
        parts.append(f"the tracker books {wording.exact(lost, currency)} that cannot come")
    each_week = [
        f"{wording.rounded(amount, currency)} {account.value}"
        for account in Account
        if (amount := total_of(cause.impact.weekly, account))
    ]
    if each_week:
        parts.append(f"{wording.listed(each_week)} more each week")
    return line("; ".join(parts) or "the gap stays as it is")


def touches_line(finding: Finding, tree: ObjectiveTree) -> Line | None:
    """``Software growth``: the revenue stream or saving that it touches, by its widest name."""
    named = list(dict.fromkeys(stream.split(STEP)[0] for stream in streams(finding, tree)))
    words = [clean(each, ROW_LIMIT) for each in named[:MOST_STREAMS]]
    if len(named) > MOST_STREAMS:
        words.append(f"{len(named) - MOST_STREAMS} more")
    return line(wording.listed(words)) if words else None


def due_line(cause: Cause, today: date, *, in_short: bool = False) -> Line:
    """Who decides, by when, and how many days are left; in short that only where they are few."""
    who = person(cause.decider) if cause.decider else ""
    pieces: list[str | Inline] = [Text(who, strong=True) if who else "nobody is named to decide"]
    if cause.decide_by is None:
        return line(*pieces, ", no last day known")
    left = (cause.decide_by - today).days
    rest = "last day today" if left == 0 else f"{wording.count(left, 'day')} left"
    if left < 0:
        rest = f"{wording.count(-left, 'day')} over"
    pieces += [" by ", Text(wording.weekday(cause.decide_by, today), strong=True)]
    if left > SOON_DAYS:
        return line(*pieces) if in_short else line(*pieces, f", {rest}")
    return line(*pieces, ", ", Chip(rest, Tone.BAD if left < 0 else Tone.WARN))


def triage_text(triage: Triage) -> str:
    """``triage: value slip 18.4 %``: from the trigger on, the agenda turns from status to triage (domain 4.4)."""
    return f"triage: {triage.slip} slip {triage.percent} %"


def verdict_chip(verdict: Verdict) -> Chip:
    return Chip(verdict.value, _VERDICT_TONES[verdict])
