"""What moved a date: who and when, from the evidence of a change, or what the binding record says."""

import re
from datetime import date
from zoneinfo import ZoneInfo

from digest.base import Fact, Line, line
from digest.findings_language import retold, short_dates
from digest.hostile import clean
from digest.language import ENGLISH, Language
from digest.sentences import TITLE_LIMIT, claim_fact, days_text, linked, person
from model.causes import binding_step
from model.findings import Claim, Evidence, Finding


def forecast_fact(
    words: Language, finding: Finding, forecast: Claim, today: date, zone: ZoneInfo, *, shows_way: bool = True
) -> Fact:
    """What the work now says and how late that is, with who moved it where it is the cause itself."""
    gap = "" if finding.impact.days is None else days_text(words, finding.impact.days)
    fact, change = claim_fact(words, forecast, today, gap), _change(finding)
    if change is None or not _is_of(change, forecast, finding):
        return fact
    return Fact(fact.label, line(*fact.content, f"; {_change_words(words, finding, change, today, zone, shows_way)}"))


def cause_line(
    words: Language, finding: Finding, today: date, zone: ZoneInfo, *, shows_way: bool = True
) -> Line | None:
    """What moved it, who and when, from the evidence of a change; else what the binding record says.

    ``shows_way`` adds what lies between. None when the forecast says it already.
    """
    change = _change(finding)
    step = binding_step(finding)
    if change is not None:
        if finding.forecast is not None and _is_of(change, finding.forecast, finding):
            return None
        moved = _change_words(words, finding, change, today, zone, shows_way)
        return line(linked(_called(change.record_id, change.key, finding), change.where), f" {moved}")
    if step is None or (finding.forecast is not None and finding.forecast.key in (step.key, step.title)):
        return None
    says = retold(words, step.says, today, 120)
    way = _via(words, finding, step.key) if shows_way else ""
    return line(linked(_called(step.node, step.key, finding), step.where), f" {says}{way}")


def moved_text(words: Language, finding: Finding, today: date, zone: ZoneInfo) -> str:
    """``moved from 30 Sep on 7 Sep by Ben Kuhn``; empty where no change is known."""
    change = _change(finding)
    return "" if change is None else _change_words(words, finding, change, today, zone, shows_way=False)


def _called(node: str, key: str, finding: Finding) -> str:
    """A record by its key, or by its title where the key is but a number."""
    title = next((step.title for step in finding.chain if step.node == node), "") if key.isdecimal() else ""
    return clean(title or key, TITLE_LIMIT)


def _is_of(change: Evidence, claim: Claim, finding: Finding) -> bool:
    """Whether a change is one of the record that a claim is about."""
    return claim.key == change.key or clean(claim.key, TITLE_LIMIT) == _called(change.record_id, change.key, finding)


def _change(finding: Finding) -> Evidence | None:
    """The newest change of the binding record; any newest change when that one has none. What stayed as it was is
    evidence too, and no change."""
    changes = [evidence for evidence in finding.evidence if evidence.old not in (None, evidence.value)]
    binding = {finding.cause} | ({finding.chain[-1].node} if finding.chain else set())
    of_binding = [evidence for evidence in changes if evidence.record_id in binding]
    return max(of_binding or changes, key=lambda e: (e.at is not None, e.at.timestamp() if e.at else 0.0), default=None)


def _change_words(
    words: Language, finding: Finding, change: Evidence, today: date, zone: ZoneInfo, shows_way: bool
) -> str:
    """``moved from 30 Sep on 7 Sep by Ben Kuhn``; the new value is named unless the forecast just did."""
    old, new = _value(words, change.old or "", today), _value(words, change.value, today)
    if not _is_date(change.value) or not _is_date(change.old or ""):
        field = retold(words, change.field, today, 30).replace("_", " ")
        said = words.say("{field} changed from {old} to {new}", field=field, old=old, new=new)
    elif _forecast_says(finding, change, today):
        said = words.say("moved from {old}", old=old)
    else:
        said = words.say("moved from {old} to {new}", old=old, new=new)
    if change.at:
        said += f" {words.say('on {day}', day=words.day(change.at.astimezone(zone).date(), today))}"
    by = f" {words.say('by {who}', who=person(change.by))}" if change.by else ""
    return f"{said}{by}{_via(words, finding, change.key) if shows_way else ''}"


def _forecast_says(finding: Finding, change: Evidence, today: date) -> bool:
    """Whether the forecast names the day that a date was moved to."""
    forecast = finding.forecast
    if forecast is None or not _is_of(change, forecast, finding):
        return False
    if change.value == (forecast.day.isoformat() if forecast.day else ""):
        return True
    day = re.escape(_value(ENGLISH, change.value, today))
    return re.search(rf"\b{day}\b(?! \d{{4}})", short_dates(ENGLISH, forecast.says, today)) is not None


def _value(words: Language, text: str, today: date) -> str:
    if _is_date(text):
        return words.day(date.fromisoformat(text), today)
    return retold(words, text, today, 40) or words.say("nothing")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _via(words: Language, finding: Finding, cause: str) -> str:
    """What lies between the promise and its cause, unless the question names it."""
    promised = finding.commitment.key if finding.commitment else ""
    known = (cause, promised)
    between = [step for step in finding.chain if step.key not in known and step.key not in finding.advice]
    names = [clean(_called(step.node, step.key, finding), 30) for step in reversed(between[-2:])]
    return f", {words.say('through {names}', names=words.listed(names))}" if names else ""
