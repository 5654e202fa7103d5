"""The agenda of a triage: timed points instead of a round of status, filled with one cause's facts (domain 4.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from digest.base import Inline, Line, Meeting, Text, line, phrase
from digest.brief import Brief
from digest.causes import Cause
from digest.changes import cause_line
from digest.hostile import clean
from digest.language import Language, marked
from digest.sentences import (
    days_text,
    due_line,
    linked,
    money_of,
    person,
    record_name,
    short_id,
    system_name,
)
from model.causes import binding_step
from model.findings import OptionKind, Slip, Triage

MINUTES = (3, 4, 5, 8, 3, 2)
"""How the points share 25 minutes."""
_NAMES = (
    marked("Last decisions"),
    marked("Facts and gap"),
    marked("Cause chain"),
    marked("Options"),
    marked("Decision"),
    marked("Record it"),
)
_SLIPS = {
    Slip.VALUE: marked("value slip {percent}"),
    Slip.SCHEDULE: marked("schedule slip {percent}"),
}
_OPTIONS = {
    OptionKind.MOVE_PROMISE: marked("move the promise"),
    OptionKind.BRING_FORWARD: marked("bring the work forward"),
    OptionKind.CUT_SCOPE: marked("cut scope"),
    OptionKind.FUND: marked("fund it"),
    OptionKind.ACCEPT: marked("accept it until a day"),
    OptionKind.STOP: marked("stop it"),
}
_LAST_RESORTS = (OptionKind.ACCEPT, OptionKind.STOP)
"""Named only where there would be nothing to choose from."""
_LONGEST_CHAIN = 3
_CHAIN_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Point:
    """One point: when it begins and ends, what it is called and what is said about it."""

    begins: str
    ends: str
    name: str
    content: Line


def agenda(brief: Brief, meeting: Meeting, cause: Cause) -> tuple[Point, ...]:
    """Six points that share the meeting's minutes; the finding's own facts, no round of status."""
    triage = brief.edition.options.triage
    length = triage.minutes if triage is not None else sum(MINUTES)
    ends = [round(length * passed / sum(MINUTES)) for passed in accumulate(MINUTES)]
    contents = (
        _last_decisions(brief),
        _gap(brief, cause),
        _chain(brief, cause),
        _options(brief, cause),
        due_line(brief.words, cause, brief.today, calendar=brief.working_days),
        _record(brief, cause),
    )
    return tuple(
        Point(_clock(brief, meeting, begin), _clock(brief, meeting, end), brief.words.say(name), content)
        for begin, end, name, content in zip([0, *ends], ends, _NAMES, contents, strict=False)
    )


def _clock(brief: Brief, meeting: Meeting, minutes: int) -> str:
    return f"{(meeting.start + timedelta(minutes=minutes)).astimezone(brief.edition.zone):%H:%M}"


def when(brief: Brief, meeting: Meeting) -> str:
    """``Tue 15 Sep, 09:00``, in the business zone."""
    local = meeting.start.astimezone(brief.edition.zone)
    return f"{brief.words.weekday(local.date(), brief.today)}, {local:%H:%M}"


def subject_of_triage(cause: Cause) -> str:
    """What the triage is about: the record that binds, or the finding's own title."""
    step = binding_step(cause.lead)
    return record_name(step.key, step.title) if step else clean(cause.lead.title, 60)


def trigger_text(words: Language, triage: Triage) -> str:
    """``value slip 18.4 %``."""
    return words.say(_SLIPS[triage.slip], percent=words.percent(triage.percent))


def _last_decisions(brief: Brief) -> Line:
    words, number = brief.words, len(brief.last_decisions)
    if not number:
        return line(words.say("none to look at"))
    return line(words.count(number, "{n} to look at, see below", "{n} to look at, see below"))


def _gap(brief: Brief, cause: Cause) -> Line:
    """What two systems claim, by how many days they differ, and the money."""
    words, finding = brief.words, cause.lead
    pieces: list[Inline] = []
    for claim in (finding.commitment, finding.forecast):
        if claim is None:
            continue
        pieces += [Text(f"{system_name(words, claim.system)} "), linked(clean(claim.key, _CHAIN_LIMIT), claim.where)]
        pieces.append(Text(f": {words.day(claim.day, brief.today) if claim.day else words.say('no date')}; "))
    pieces.append(Text(days_text(words, cause.impact.days), strong=True))
    for account in brief.accounts:
        amount = cause.impact.full(account)
        if amount:
            said = money_of(words, words.rounded(amount, brief.edition.currency), account)
            pieces.append(Text(f", {said}"))
    return tuple(pieces)


def _chain(brief: Brief, cause: Cause) -> Line:
    """What waits for what, and since when and by whom it moved."""
    pieces: list[Inline] = []
    for step in cause.lead.chain[-_LONGEST_CHAIN:]:
        pieces += [Text(" ← ")] if pieces else []
        pieces.append(linked(clean(record_name(step.key, step.title), _CHAIN_LIMIT), step.where))
    moved = cause_line(brief.words, cause.lead, brief.today, brief.edition.zone, shows_way=False)
    if moved:
        pieces += [Text("; "), *moved] if pieces else moved
    return tuple(pieces) or line(brief.words.say("nothing tells what blocks it"))


def _options(brief: Brief, cause: Cause) -> Line:
    words = brief.words
    kinds = list(dict.fromkeys(option.kind for tracked in cause.findings for option in tracked.finding.options))
    changing = [kind for kind in kinds if kind not in _LAST_RESORTS]
    if len(changing) > 1:
        kinds = changing
    if not kinds:
        return line(words.say("none is known: what is the smallest scope that protects the outcome?"))
    named = [words.say(_OPTIONS[kind]) for kind in kinds]
    return line(words.say("{options}?", options=", ".join(named)))


def _record(brief: Brief, cause: Cause) -> Line:
    """Under which code it is recorded, and who is to be told."""
    words, told = brief.words, dict.fromkeys(_concerned(cause))
    decide = Text(f"driftline decide {short_id(cause.findings[0])}", strong=True)
    if not told:
        return line(decide)
    return phrase(words, "{command}; tell {people}", command=decide, people=words.listed(list(told)[:3]))


def _concerned(cause: Cause) -> Iterator[str]:
    for tracked in cause.findings:
        finding = tracked.finding
        people = [finding.owner, *(option.acts for option in finding.options)]
        yield from (person(each) for each in people if each and each != finding.decider)
