"""What came of the last decisions: overdue, worsened, done or taken; at most five lines."""

from digest.base import Block, Bullets, Chip, Inline, Line, Small, Text, Tone, line
from digest.brief import Brief, Section
from digest.choices import without_outcome
from digest.decided import LastDecision
from digest.findings_language import retold
from digest.language import marked
from digest.sentences import TITLE_LIMIT, days_text, person, promise_name, short_id
from model.decisions import Outcome, Progress
from model.findings import Acceptance, Account, OptionKind

MAX_LINES = 5
_LONGEST = 110
_CHIPS = {
    Progress.OVERDUE: (marked("overdue"), Tone.BAD),
    Progress.OUTGROWN: (marked("worsened"), Tone.BAD),
    Progress.DONE: (marked("done"), Tone.GOOD),
    Progress.UNDER_WAY: (marked("decided"), Tone.CALM),
}


def compose(brief: Brief) -> tuple[Block, ...]:
    shown = brief.last_decisions[:MAX_LINES]
    blocks: list[Block] = [Bullets(tuple(_line(each, brief) for each in shown))] if shown else []
    if hidden := len(brief.last_decisions) - len(shown):
        blocks.append(Small(line(brief.words.count(hidden, "and {n} more", "and {n} more"))))
    return tuple(blocks)


def _line(last: LastDecision, brief: Brief) -> Line:
    pieces = _accepted(last, last.acceptance, brief) if last.acceptance else _decided(last, brief)
    return line(*pieces, " ", Text(short_id(last.findings[0]), muted=True))


def _decided(last: LastDecision, brief: Brief) -> list[Inline | str]:
    outcome, words = last.outcome, brief.words
    if outcome is None:
        return []
    text, tone = _CHIPS[outcome.progress]
    return [Chip(words.say(text), tone), " ", *_what(last, outcome, brief), f": {_came(outcome, brief)}"]


def _what(last: LastDecision, outcome: Outcome, brief: Brief) -> list[Inline | str]:
    """What is done; and about what, unless the words name it."""
    act = without_outcome(outcome.decision.says, outcome.decision.kind)
    says = retold(brief.words, act, brief.today, _LONGEST).removesuffix(".")
    if not says:
        return [*promise_name(brief.words, last.findings[0], brief.today)]
    finding = last.findings[0].finding
    if outcome.decision.kind is OptionKind.MOVE_PROMISE and len(last.findings) > 1:
        others = len(last.findings) - 1
        said = brief.words.count(others, "and {n} of the same cause likewise", "and {n} of the same cause likewise")
        return [f"{says}, {said}"]
    keys = [finding.commitment.key if finding.commitment else ""]
    keys += [name for step in finding.chain for name in (step.key, step.title)]
    if any(key and key in says for key in keys):
        return [says]
    return [f"{says} (", *promise_name(brief.words, last.findings[0], brief.today), ")"]


def _came(outcome: Outcome, brief: Brief) -> str:
    """Whose turn it is and until when, or what is to be seen of it."""
    decision, words = outcome.decision, brief.words
    day = words.weekday(decision.until, brief.today)
    match outcome.progress:
        case Progress.DONE:
            had = words.say("{who} had until {day}", who=person(decision.owner), day=day)
            return f"{words.say('effect seen')}, {had}"
        case Progress.OUTGROWN:
            return words.say(
                "it is now {now}, {before} when {who} decided", **_both(outcome, brief), who=person(decision.by)
            )
        case Progress.OVERDUE:
            had = words.say("{who} had until {day}", who=person(decision.owner), day=day)
            return f"{had}, {_seen(outcome, brief)}"
        case Progress.UNDER_WAY:
            who = {"who": person(decision.owner), "by": person(decision.by), "day": day}
            said = words.say("{by} decided, {who} has until {day}", **who)
            return f"{said}, {_seen(outcome, brief)}" if outcome.partly_seen else said


def _seen(outcome: Outcome, brief: Brief) -> str:
    if not outcome.partly_seen:
        return brief.words.say("no effect seen")
    both = _both(outcome, brief)
    if both["now"] == both["before"]:
        return brief.words.say("effect seen in part")
    return brief.words.say("effect seen in part: {now}, it was {before}", **both)


def _both(outcome: Outcome, brief: Brief) -> dict[str, str]:
    """What it is now and was when it was decided: in days, or where these are the same in money."""
    words, before, after = brief.words, outcome.before, outcome.after
    if before.days != after.days:
        return {"now": days_text(words, after.days), "before": days_text(words, before.days)}
    for account in Account:
        if before.full(account) != after.full(account):
            now, then = (words.rounded(each.full(account), brief.edition.currency) for each in (after, before))
            return {"now": now, "before": then}
    same = days_text(words, after.days)
    return {"now": same, "before": same}


def _accepted(last: LastDecision, acceptance: Acceptance, brief: Brief) -> list[Inline | str]:
    words = brief.words
    until = words.say(
        "{who} accepts it until {day}", who=person(acceptance.by), day=words.weekday(acceptance.until, brief.today)
    )
    title = retold(words, last.findings[0].finding.title, brief.today, TITLE_LIMIT)
    return [Chip(words.say("accepted")), f" {title}: {until}"]


SECTION = Section("last_decisions", 40, "Last decisions", compose)
