"""The phrases that several sections share: claims, causes, gaps, money. Systems disagree; nobody is accused."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from digest.audiences.recipients import is_mail_address
from digest.base import Chip, Fact, Inline, Line, Link, Text, Tone, line, phrase
from digest.causes import Cause, Told, Verdict
from digest.findings_language import retold
from digest.hostile import clean, safe_url
from digest.language import Language, marked
from model.calendars import Calendar
from model.causes import binding_step
from model.findings import Account, Claim, Finding, Impact, Slip, Step, TrackedFinding, Triage, total_of
from model.keys import objective_node
from model.objectives import ObjectiveTree
from model.so_what import STEP, streams

_OBJECTIVE = objective_node("")
TITLE_LIMIT = 60
ROW_LIMIT = 40
"""Characters of a name in a row of a table; with its figures it fits a line of the text part."""
SOON_DAYS = 3
"""A last day to decide that is this near is marked."""
SHORT_ID = 8
"""How many characters of a fingerprint are printed; ``driftline show`` takes them as a prefix."""

MOST_STREAMS = 2
"""How many of the touched objectives are named."""

STAKES = {
    Account.REVENUE: marked("Revenue at risk"),
    Account.SAVINGS: marked("Savings lost"),
    Account.COST: marked("Extra cost"),
}
"""What the money of each account is called; accounts stand side by side and are never added."""
_MONEY_OF = {
    Account.REVENUE: marked("{amount} revenue"),
    Account.SAVINGS: marked("{amount} savings"),
    Account.COST: marked("{amount} cost"),
}
_VERDICTS = {
    Verdict.NEW: marked("new"),
    Verdict.REOPENED: marked("reopened"),
    Verdict.EXPIRED: marked("acceptance expired"),
    Verdict.OVERDUE: marked("decision overdue"),
    Verdict.WORSENED: marked("worsened"),
    Verdict.IMPROVED: marked("improved"),
    Verdict.RESOLVED: marked("resolved"),
}
_VERDICT_TONES = {
    Verdict.NEW: Tone.WARN,
    Verdict.REOPENED: Tone.WARN,
    Verdict.EXPIRED: Tone.WARN,
    Verdict.OVERDUE: Tone.BAD,
    Verdict.WORSENED: Tone.BAD,
    Verdict.IMPROVED: Tone.GOOD,
    Verdict.RESOLVED: Tone.GOOD,
}
_TRIAGE_IN_SHORT = marked("triage {percent}")
_TRIAGE = {
    Slip.VALUE: marked("triage: value slip {percent}"),
    Slip.SCHEDULE: marked("triage: schedule slip {percent}"),
}


def short_id(tracked: TrackedFinding) -> str:
    return tracked.fingerprint[:SHORT_ID]


def linked(text: str, where: str) -> Inline:
    """The words as a link when the place is one; plain words otherwise."""
    return Link(text, where) if safe_url(where) else Text(text)


def days_text(words: Language, days: int | None) -> str:
    """``47 days late``; a missing variance means that nothing supports the promise."""
    if days is None:
        return words.say("no date")
    if days == 0:
        return words.say("same day")
    if days < 0:
        return words.count(-days, "{n} day early", "{n} days early")
    return words.count(days, "{n} day late", "{n} days late")


def money_of(words: Language, amount: str, account: Account) -> str:
    """``EUR 620k revenue``: an amount that is written already, with whose it is."""
    return words.say(_MONEY_OF[account], amount=amount)


def claim_fact(words: Language, claim: Claim, today: date, gap: str = "") -> Fact:
    """``Salesforce | OPP-7 promises 30 Sep 2026``: the system as the label, the record as a link.

    A cell address has no link and is printed.
    """
    says = claim.says
    for prefix in (f"{claim.system} {claim.key}", claim.system, claim.key):
        says = says.removeprefix(prefix).strip()
    says = retold(words, says, today, 120)
    if not says and claim.day is not None:
        says = words.day(claim.day, today)
    pieces: list[str | Inline] = [linked(claim.key, claim.where)] if claim.key else []
    pieces.append(f" {says}" if pieces else says)
    if gap:
        pieces += [", ", Text(gap, strong=True)]
    if "!" in claim.where and claim.where not in f"{claim.key} {says}" and ":" not in claim.where:
        pieces.append(Text(f" ({claim.where})", muted=True))
    return Fact(system_name(words, claim.system), line(*pieces))


_OBJECTIVES = {"objective": marked("Objective"), "objectives": marked("Objectives")}


def system_name(words: Language, system: str) -> str:
    """A source as it begins a line; the objectives that the configuration declares are none."""
    if system.casefold() in _OBJECTIVES:
        return words.say(_OBJECTIVES[system.casefold()])
    return system[:1].upper() + system[1:] or words.say("Source")


def money_lines(words: Language, impact: Impact, currency: str) -> tuple[tuple[Account, Line], ...]:
    """One line per account that has money: full and weighted side by side, savings with their periods."""
    return tuple(
        (account, _account_line(words, impact, account, currency)) for account in Account if impact.full(account) != 0
    )


def records_text(words: Language, impact: Impact, account: Account) -> str:
    """``6 deals``: how many distinct records the money of one account comes from."""
    number = _records(impact, account)
    if account is Account.REVENUE:
        return words.count(number, "{n} deal", "{n} deals")
    if account is Account.SAVINGS:
        return words.count(number, "{n} saving", "{n} savings")
    return words.count(number, "{n} record", "{n} records")


def _records(impact: Impact, account: Account) -> int:
    """The records behind the money of an account; an objective that lacks money or spends it is none."""
    ids = {share.record_id for share in impact.shares if any(each.account is account for each in share.amounts)}
    return sum(not id_.startswith(_OBJECTIVE) for id_ in ids)


def _account_line(words: Language, impact: Impact, account: Account, currency: str) -> Line:
    amount = Text(words.exact(impact.full(account), currency), strong=True)
    pieces: list[str | Inline] = [amount]
    if account is Account.REVENUE:
        weighted = words.exact(impact.weighted(account))
        pieces = [*phrase(words, "{amount} full, {weighted} weighted", amount=amount, weighted=weighted)]
    periods = by_period(words, impact, account)
    if len(periods) == 1 and periods[0][1] == impact.full(account):
        pieces.append(f" {words.say('in {period}', period=periods[0][0])}")
    elif periods:
        pieces.append(f" ({', '.join(f'{name} {words.exact(amount)}' for name, amount in periods)})")
    number = _records(impact, account)
    if number > (account is Account.COST):
        pieces.append(f", {records_text(words, impact, account)}")
    return line(*pieces)


def by_period(words: Language, impact: Impact, account: Account) -> tuple[tuple[str, Decimal], ...]:
    """What falls into each month; into quarters beyond three months and into years beyond three quarters."""
    months: dict[str, Decimal] = {}
    for name in sorted({a.period for s in impact.shares for a in s.amounts if a.account is account and a.period}):
        kept = tuple(_share_in(impact, account, name))
        months[name] = sum(kept, Decimal(0))
    for naming in (words.month, words.quarter, _year):
        merged: dict[str, Decimal] = {}
        for name, amount in months.items():
            merged[naming(name)] = merged.get(naming(name), Decimal(0)) + amount
        if len(merged) <= 3:
            break
    return tuple(merged.items())


def _year(period: str) -> str:
    return period.partition("-")[0]


def _share_in(impact: Impact, account: Account, period: str) -> Iterable[Decimal]:
    """The amounts of one period, each record once."""
    distinct: dict[str, Decimal] = {}
    for share in impact.shares:
        for amount in share.amounts:
            if amount.account is account and amount.period == period:
                distinct[share.record_id] = max(amount.full.amount, distinct.get(share.record_id, Decimal(0)))
    return distinct.values()


def unconverted_text(words: Language, impact: Impact) -> str:
    """``not converted: USD 300,000``: money without a rate is named, never taken as zero; each record once."""
    distinct = {share.record_id: share.unconverted for share in impact.shares if share.unconverted is not None}
    if not distinct:
        return ""
    sums: dict[str, Decimal] = {}
    for money in distinct.values():
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    amounts = ", ".join(words.exact(amount, code) for code, amount in sorted(sums.items()))
    return words.say("not converted: {amounts}", amounts=amounts)


def cause_name(words: Language, cause: Cause, today: date) -> Line:
    """``AUR-118 Ledger cut-over`` with a link, or the title of the finding where no chain is known."""
    step = binding_step(cause.lead)
    if step is None:
        return line(Text(retold(words, cause.lead.title, today, TITLE_LIMIT)))
    return line(linked(record_name(step.key, step.title), step.where))


def record_name(key: str, title: str) -> str:
    """``AUR-118 Ledger cut-over``; left out are a title that only repeats the key and a key that is but a number."""
    key, title = clean(key, TITLE_LIMIT), clean(title).strip()
    if key.isdecimal() and title:
        return clean(title, TITLE_LIMIT)
    return key if title.casefold() in ("", key.casefold()) else clean(f"{key} {title}", TITLE_LIMIT)


def record_key(step: Step) -> str:
    """What a record is called in few words: its key, or its title where the key is but a number."""
    return clean(step.title if step.key.isdecimal() and step.title else step.key, ROW_LIMIT)


def promise_name(words: Language, tracked: TrackedFinding, today: date) -> Line:
    """The promise by its key and title; the finding's own title where no record is named."""
    finding = tracked.finding
    if finding.commitment is None or not finding.commitment.key:
        return line(retold(words, finding.title, today, TITLE_LIMIT))
    key = finding.commitment.key
    title = next((step.title for step in finding.chain if step.key == key), "")
    return line(linked(clean(record_name(key, title), ROW_LIMIT), finding.commitment.where))


def person(name: str) -> str:
    """A name as it is; of a mail address the part before the @, which is enough to know who is meant."""
    return clean(name.partition("@")[0] if is_mail_address(name) else name, 60)


def otherwise_line(words: Language, cause: Cause, currency: str, today: date, *, in_short: bool = False) -> Line:
    """What happens when nobody decides; in short only the first that comes of it."""
    lost = cause.impact.full(Account.SAVINGS)
    revenue = cause.impact.full(Account.REVENUE)
    parts: list[str] = []
    days = [t.finding.commitment.day for t in cause.findings if t.finding.commitment and t.finding.commitment.day]
    if days and (revenue or not lost):
        parts.append(_broken(words, min(days), today, several=len(days) > 1))
    if lost:
        if in_short:
            parts.append(words.say("{amount} of the bookings cannot come", amount=words.rounded(lost, currency)))
        else:
            parts.append(words.say("the tracker books {amount} that cannot come", amount=words.exact(lost, currency)))
    each_week = [
        money_of(words, words.rounded(amount, currency), account)
        for account in Account
        if (amount := total_of(cause.impact.weekly, account))
    ]
    if each_week:
        parts.append(words.say("{amounts} more each week", amounts=words.listed(each_week)))
    return line("; ".join(parts[:1] if in_short else parts) or words.say("the gap stays as it is"))


def _broken(words: Language, first: date, today: date, *, several: bool) -> str:
    day = words.day(first, today)
    if first >= today:
        return words.say("promises break from {day}" if several else "the promise breaks on {day}", day=day)
    return words.say("promises stay broken since {day}" if several else "the promise stays broken since {day}", day=day)


def touches_line(words: Language, finding: Finding, tree: ObjectiveTree) -> Line | None:
    """``Software growth``: the revenue stream or saving that it touches, by its widest name."""
    named = list(dict.fromkeys(stream.split(STEP)[0] for stream in streams(finding, tree)))
    names = [clean(each, ROW_LIMIT) for each in named[:MOST_STREAMS]]
    if len(named) > MOST_STREAMS:
        names.append(words.count(len(named) - MOST_STREAMS, "{n} more", "{n} more"))
    return line(words.listed(names)) if names else None


def due_line(words: Language, cause: Cause, today: date, calendar: Calendar | None = None) -> Line:
    """Who decides, by when, and how many days are left, working days by a calendar."""
    due = decider_line(words, cause, today)
    if cause.decide_by is None:
        return due
    chip = urgent_chip(words, cause, today, calendar)
    return line(*due, ", ", time_left(words, today, cause.decide_by, calendar) if chip is None else chip)


def decider_line(words: Language, cause: Cause, today: date) -> Line:
    """Who decides and by when."""
    who = person(cause.decider) if cause.decider else ""
    decider: Inline = Text(who, strong=True) if who else Text(words.say("nobody is named to decide"))
    if cause.decide_by is None:
        return phrase(words, "{who}, no last day known", who=decider)
    return phrase(words, "{who} by {day}", who=decider, day=Text(words.weekday(cause.decide_by, today), strong=True))


def urgent_chip(words: Language, cause: Cause, today: date, calendar: Calendar | None = None) -> Chip | None:
    """How many days are left to decide, where they are few or over."""
    if cause.decide_by is None:
        return None
    left = (cause.decide_by - today).days
    if calendar is not None and left > 0:
        left = calendar.left(today, cause.decide_by)
    if left > SOON_DAYS:
        return None
    return Chip(time_left(words, today, cause.decide_by, calendar), Tone.BAD if left < 0 else Tone.WARN)


def time_left(words: Language, today: date, until: date, calendar: Calendar | None = None) -> str:
    """``7 days left``; by a calendar ``5 working days left``."""
    if calendar is None or until <= today:
        return days_left(words, (until - today).days)
    left = calendar.left(today, until)
    rest = words.count(left, "{n} working day left", "{n} working days left")
    return rest if left else words.say("last working day today")


def days_left(words: Language, left: int) -> str:
    """``7 days left``, ``last day today``, ``2 days over``."""
    if left == 0:
        return words.say("last day today")
    if left < 0:
        return words.count(-left, "{n} day over", "{n} days over")
    return words.count(left, "{n} day left", "{n} days left")


def triage_text(words: Language, triage: Triage, *, in_short: bool = False) -> str:
    """``triage: value slip 18.4 %``: from the trigger on, the agenda turns from status to triage (domain 4.4)."""
    text = _TRIAGE_IN_SHORT if in_short else _TRIAGE[triage.slip]
    return words.say(text, percent=words.percent(triage.percent))


def verdict_text(words: Language, verdict: Verdict) -> str:
    """``new``, ``worsened``."""
    return words.say(_VERDICTS[verdict])


def verdict_chip(words: Language, verdict: Verdict) -> Chip:
    return Chip(verdict_text(words, verdict), _VERDICT_TONES[verdict])


def told_chips(words: Language, told: Iterable[Told], zone: ZoneInfo, today: date) -> list[Chip]:
    """What is news about a cause, each once; what a notice told already is said to be that, and not to be new."""
    chips: list[Chip] = []
    for entry in told:
        if entry.at_once is None:
            chips.append(verdict_chip(words, entry.verdict))
        else:
            day = words.weekday(entry.at_once.astimezone(zone).date(), today)
            chips.append(Chip(words.say("told at once on {day}", day=day)))
    return list(dict.fromkeys(chips))
