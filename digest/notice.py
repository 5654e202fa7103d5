"""The notice: what cannot wait for the digest, told within the run that finds it, one mail for one run."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from digest.audiences.interest import amounts_of
from digest.audiences.roles import reaches
from digest.base import Block, Digest, Edition, Paragraph, SectionBlocks, Small, line, phrase
from digest.brief import Brief, sort_edition
from digest.causes import Cause, Told, Verdict, days_of, group
from digest.compose import all_sections
from digest.hostile import clean
from digest.language import ENGLISH, marked
from digest.options import AtOnceOptions, SubjectStyle
from digest.sentences import cause_name, days_text, money_of, time_left
from digest.subject import LONGEST
from model.calendars import Calendar
from model.causes import cause_key, cause_rank
from model.findings import Account, Impact, Severity, combined

MOST_CAUSES = 3
"""How many causes one notice tells; what is beyond waits for the digest."""

_AT_RISK = {
    Account.REVENUE: marked("{amount} of revenue at risk"),
    Account.SAVINGS: marked("{amount} of savings at risk"),
    Account.COST: marked("{amount} of extra cost at risk"),
}


@dataclass(frozen=True, slots=True)
class Urgent:
    """What one notice tells, the weightiest first, and what waits for the digest because there is more."""

    brief: Brief
    told: tuple[Cause, ...]
    waiting: tuple[Cause, ...]

    @property
    def first_due(self) -> date | None:
        """The earliest day on which something of what is told must be decided."""
        return self.brief.first_due(self.told)

    @property
    def near(self) -> Mapping[str, date]:
        """The findings told of whose last day is near, each with this day."""
        keys = {cause.key for cause in self.told}
        last = _last_near_day(self.brief)
        asked = days_of(cause for cause in (*self.brief.decisions, *self.told) if cause.key in keys)
        return {} if last is None else {print_: day for print_, day in asked.items() if day <= last}


@dataclass(frozen=True, slots=True)
class NoticeTime:
    """The place of a notice in its day: the how manieth of how many, and the day of the next digest."""

    number: int
    at_most: int
    next_digest: date | None


def last_near_day(at_once: AtOnceOptions, calendar: Calendar | None, today: date) -> date | None:
    """The last day that is so near that what must be decided by then is told at once; None where no day is.

    With a calendar working days are counted: what must be decided on the Monday after a weekend is near on Friday.
    """
    if at_once.decide_within_days is None:
        return None
    if calendar is None:
        return today + timedelta(days=at_once.decide_within_days)
    return calendar.after(today, at_once.decide_within_days + 1) - timedelta(days=1)


def _last_near_day(brief: Brief) -> date | None:
    at_once = brief.edition.options.at_once
    return last_near_day(at_once, brief.working_days, brief.today) if at_once is not None else None


def urgent(edition: Edition, among: Collection[str] | None = None, near: Collection[str] = ()) -> Urgent | None:
    """What of the news crosses the threshold of the audience, and what must be decided soon; None when nothing does.

    The news of the edition is what happened since the audience was last told, by a digest or by a notice. With
    ``among`` only causes count of which one of these findings has news. ``near`` are findings that are told because
    their last day has come near, whatever happened to them.
    """
    at_once = edition.options.at_once
    if at_once is None:
        return None
    brief = sort_edition(replace(edition, allowance=None))
    crossing = [
        cause
        for cause in brief.fresh
        if (among is None or any(print_ in among or print_ in near for print_ in _prints(cause)))
        and _crosses(cause, brief, at_once)
    ]
    coming = _coming(brief, near, at_once, without={cause.key for cause in crossing})
    if not crossing and not coming:
        return None
    causes = sorted((*crossing, *coming), key=lambda cause: _rank(cause, brief.today))
    narrowed = {cause.key: cause for cause in coming}
    decisions = [narrowed.get(cause.key, cause) for cause in brief.decisions]
    told = causes[:MOST_CAUSES]
    if not crossing:
        told.sort(key=_by_day)
        decisions.sort(key=_by_day)
    return Urgent(replace(brief, decisions=tuple(decisions)), tuple(told), tuple(causes[MOST_CAUSES:]))


def _by_day(cause: Cause) -> date:
    """Where nothing is told but last days, the first of them comes first."""
    return cause.decide_by or date.max


def _rank(cause: Cause, today: date) -> tuple[object, ...]:
    """The weightiest first; but what has its last day today cannot wait for tomorrow."""
    waits = bool(cause.told) or cause.decide_by is None or cause.decide_by > today
    return (waits, *cause_rank(cause.impact, cause.decide_by, cause.key))


def _prints(cause: Cause) -> Iterable[str]:
    return (told.tracked.fingerprint for told in cause.told)


def _coming(
    brief: Brief, near: Collection[str], at_once: AtOnceOptions, *, without: Collection[str]
) -> tuple[Cause, ...]:
    """What waits for a decision and whose last day has come near, by cause; of a cause only that part of it."""
    last = _last_near_day(brief)
    standing = (
        tracked
        for cause in brief.decisions
        if cause.key not in without
        for tracked in cause.findings
        if tracked.fingerprint in near and tracked.flapping is None
    )
    causes = group(
        tracked for tracked in standing if last and tracked.finding.decide_by and tracked.finding.decide_by <= last
    )
    least = max(at_once.minimum_severity, Severity.MINOR)
    return tuple(cause for cause in causes if cause.lead.severity >= least)


def _crosses(cause: Cause, brief: Brief, at_once: AtOnceOptions) -> bool:
    """Grave enough, and either its money has come to the threshold or it must be decided soon."""
    if cause.lead.severity < at_once.minimum_severity:
        return False
    if not at_once.minimum_money and at_once.decide_within_days is None:
        return True
    return _has_risen(cause, brief, at_once) or _is_due(cause, brief, at_once)


def _has_risen(cause: Cause, brief: Brief, at_once: AtOnceOptions) -> bool:
    """Its money was below the threshold when the audience last heard of it, or has risen by as much since."""
    floor = at_once.minimum_money
    moved = {told.tracked.fingerprint: told.before for told in brief.told}
    members = [tracked for tracked in brief.at_risk if cause_key(tracked.finding) == cause.key]
    earlier = [moved.get(tracked.fingerprint, tracked.finding.impact) for tracked in members]
    before = combined([impact for impact in earlier if impact is not None])
    after = combined([tracked.finding.impact for tracked in members])
    now, then = amounts_of(after, brief.accounts), amounts_of(before, brief.accounts)
    risen = {account: amount - then.get(account, 0) for account, amount in now.items()}
    if not reaches(now, floor, unnamed=False):
        return False
    return not reaches(then, floor, unnamed=False) or reaches(risen, floor, unnamed=False)


def _is_due(cause: Cause, brief: Brief, at_once: AtOnceOptions) -> bool:
    """It must be decided soon; what a notice told before is not told again for that."""
    if at_once.decide_within_days is None or cause.decide_by is None:
        return False
    if all(told.verdict is Verdict.WORSENED and _was_told(told, brief) for told in cause.told):
        return False
    last = last_near_day(at_once, brief.working_days, brief.today)
    return last is not None and cause.decide_by <= last


def _was_told(told: Told, brief: Brief) -> bool:
    return told.tracked.fingerprint in brief.edition.told_at_once


def compose_notice(found: Urgent, time: NoticeTime) -> Digest:
    """The mail: how much is at stake, the cards of what is to be decided, and what waits."""
    brief = _only(found.brief, found.told)
    sections = {section.name: section for section in all_sections()}
    blocks = [SectionBlocks("bottom_line", "", _opening(brief, found.told))]
    for name in ("decisions", "news"):
        told = sections[name].compose(_for_section(name, brief))
        if told:
            blocks.append(SectionBlocks(name, brief.words.say(sections[name].heading), told))
    if rest := _rest(found, time):
        blocks.append(SectionBlocks("foot", "", (Small(line(rest)),)))
    return Digest(
        subject=_subject(brief, found.told),
        title=_title(brief),
        blocks=tuple(blocks),
        empty=False,
        reason=_reason(found.told),
        language=brief.words.code,
        pieces=len(found.told),
    )


def _reason(causes: Sequence[Cause]) -> str:
    """``at once: 6 findings, the last day of 2 comes near``, in English, for the log of deliveries."""
    news = sum(len(cause.told) for cause in causes)
    coming = sum(len(cause.findings) for cause in causes if not cause.told)
    parts = [ENGLISH.count(news, "{n} finding", "{n} findings")] if news else []
    if coming:
        of = str(coming) if news else ENGLISH.count(coming, "{n} finding", "{n} findings")
        parts.append(f"the last day of {of} comes near")
    return f"at once: {', '.join(parts)}"


def _only(brief: Brief, causes: Sequence[Cause]) -> Brief:
    """The brief as if there were nothing but these causes."""
    keys = {cause.key for cause in causes}
    most = max(brief.edition.options.max_decisions, len(causes))
    options = brief.edition.options.model_copy(update={"max_decisions": most})
    return replace(
        brief,
        edition=replace(brief.edition, options=options),
        decisions=tuple(cause for cause in brief.decisions if cause.key in keys),
        fresh=tuple(cause for cause in brief.fresh if cause.key in keys),
        eased=(),
        expiring=(),
        expiring_is_news=False,
        watched=(),
    )


def _for_section(name: str, brief: Brief) -> Brief:
    """What has a card is not told a second time."""
    if name != "news":
        return brief
    decided = {cause.key for cause in brief.decisions}
    return replace(brief, fresh=tuple(cause for cause in brief.fresh if cause.key not in decided))


def _opening(brief: Brief, causes: Sequence[Cause]) -> tuple[Block, ...]:
    """``EUR 2.4M of revenue at risk.`` and what it comes from; or that a last day comes near, which goes first where
    there is no news."""
    words, impact = brief.words, combined([cause.impact for cause in causes])
    amounts = [words.say(_AT_RISK[account], amount=amount) for account, amount in _amounts(brief, impact)]
    stake = f"{'; '.join(amounts)}." if amounts else ""
    cause = causes[0]
    text = marked("The cause of it: {cause}, {now}.") if len(causes) == 1 else marked("First of all: {cause}, {now}.")
    days = days_text(words, cause.impact.days)
    first = phrase(words, text, cause=cause_name(words, cause, brief.today), now=days)
    coming = _last_day(brief, [cause for cause in causes if not cause.told])
    if all(not each.told for each in causes):
        return (Paragraph(line(coming), lead=True), Paragraph((*line(f"{stake} " if stake else ""), *first)))
    lead = stake or words.say("Something came up that cannot wait.")
    return (Paragraph(line(lead), lead=True), Paragraph(first), *([Paragraph(line(coming))] if coming else []))


def _last_day(brief: Brief, coming: Sequence[Cause]) -> str:
    """``The last day to decide comes near: 2 days left.``"""
    due, words = brief.first_due(coming), brief.words
    if due is None:
        return ""
    if due < brief.today:
        text = marked("The last day to decide has passed: {left}.")
    elif due == brief.today:
        return words.say("The last day to decide is today.")
    elif len(coming) > 1:
        text = marked("Last days to decide come near, the first: {left}.")
    else:
        text = marked("The last day to decide comes near: {left}.")
    return words.say(text, left=time_left(words, brief.today, due, brief.working_days))


def _amounts(brief: Brief, impact: Impact) -> Iterable[tuple[Account, str]]:
    for account, amount in amounts_of(impact, brief.accounts).items():
        yield account, brief.words.rounded(amount, brief.edition.currency)


def _rest(found: Urgent, time: NoticeTime) -> str:
    """The last line: what waits, and until when."""
    words, brief = found.brief.words, found.brief
    until = words.weekday(time.next_digest, brief.today) if time.next_digest else ""
    said = []
    if found.waiting:
        said.append(words.count(len(found.waiting), "{n} more cause waits.", "{n} more causes wait."))
    if time.number >= time.at_most:
        last = words.count(
            time.at_most, "This was the only notice of today.", "This was the last of {n} notices of today."
        )
        said.append(last)
    if not brief.told:
        # Nothing is news: there may be no digest, and what waits is told again by a notice.
        said += [words.say("What waits is told tomorrow.")] if found.waiting else []
    elif until:
        said.append(words.say("The digest of {day} tells the rest.", day=until))
    else:
        said.append(words.say("The next digest tells the rest."))
    return " ".join(said)


def _subject(brief: Brief, causes: Sequence[Cause]) -> str:
    """``At once: 2 decisions, EUR 2.4M revenue, first due Tue 15 Sep - 8 Sep``: the richest wording that fits."""
    words, impact = brief.words, combined([cause.impact for cause in causes])
    amounts = [money_of(words, amount, account) for account, amount in _amounts(brief, impact)][:1]
    if brief.edition.options.subject is SubjectStyle.DISCREET:
        amounts = []
    number = len(brief.decisions)
    decisions = [words.count(number, "{n} decision", "{n} decisions")] if number else []
    day, several = brief.first_due(brief.decisions), number > 1
    due = [words.say("first due {day}" if several else "due {day}", day=words.weekday(day, brief.today))] if day else []
    for parts in ((*decisions, *amounts, *due), (*decisions, *due), decisions, amounts):
        subject = _dated(brief, ", ".join(parts))
        if parts and len(subject) <= LONGEST:
            return subject
    return _dated(brief, words.count(len(causes), "{n} cause", "{n} causes"))


def _dated(brief: Brief, news: str) -> str:
    """With the date, so that mail programs do not fold two notices into one (M11)."""
    return f"{brief.words.say('At once: {news}', news=news)} - {brief.words.day(brief.today, brief.today)}"


def _title(brief: Brief) -> str:
    words, local = brief.words, brief.edition.now.astimezone(brief.edition.zone)
    return words.say(
        "Driftline notice for {audience}, {day}, {time}",
        audience=clean(brief.edition.audience, 60),
        day=f"{words.weekday(brief.today, brief.today)} {brief.today.year}",
        time=f"{local:%H:%M}",
    )
