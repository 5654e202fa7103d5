"""How fresh each source is, which one failed, how much of what was read is linked; and which access ends soon."""

from datetime import date

from digest.base import Block, Chip, Inline, Line, Small, Text, Tone, line, phrase
from digest.brief import Brief, Section
from digest.hostile import clean
from digest.language import Language, marked
from model.credentials import URGENT_DAYS, Credentials
from model.runs import Coverage

LONGEST_REASON = 320
"""Characters of why a source failed; a vanished field with the rules and checks that need it fits."""


def compose(brief: Brief) -> tuple[Block, ...]:
    return (_sources(brief), *_blind(brief), *_credentials(brief))


def _sources(brief: Brief) -> Block:
    words = brief.words
    if not brief.edition.coverage:
        return Small(line(Chip(words.say("no source read"), Tone.BAD), f" {words.say('Nothing was ever read.')}"))
    stale = [coverage for coverage in brief.edition.coverage if _is_stale(coverage, brief)]
    fresh = [coverage for coverage in brief.edition.coverage if coverage not in stale]
    pieces: list[str | Inline] = []
    for coverage in stale:
        pieces += [*_stale_words(coverage, brief), " "]
    if fresh:
        pieces.append(f"{_as_of(fresh, brief, alone=not stale)}. ")
    # How much is linked counts the records of everybody, so it is told only to those who may see everything.
    if not brief.edition.options.objectives:
        pieces.append(_linked(brief))
    return Small(line(*pieces))


def _blind(brief: Brief) -> tuple[Block, ...]:
    """What no number in this mail speaks of: a check that judges nothing must not look like one that found nothing."""
    checks = {each.check for each in brief.edition.blind}
    if not checks:
        return ()
    words = brief.words
    lacking = words.count(len(checks), "{n} check lacks fields", "{n} checks lack fields")
    return (Small(line(Chip(words.say("cannot judge"), Tone.WARN), f" {lacking}: driftline status.")),)


def _is_stale(coverage: Coverage, brief: Brief) -> bool:
    if not coverage.complete or coverage.as_of is None:
        return True
    return brief.edition.now - coverage.as_of > brief.edition.options.stale_after


def _stale_words(coverage: Coverage, brief: Brief) -> list[str | Inline]:
    """Name the source, why it failed, and that its numbers are not facts of today."""
    words = brief.words
    name = Text(clean(coverage.source, 40), strong=True)
    why = f" ({clean(coverage.error, LONGEST_REASON)})" if coverage.error else ""
    chip = Chip(words.say("failed") if not coverage.complete else words.say("stale"), Tone.BAD)
    if coverage.as_of is None:
        never = marked("{source} was never read completely{why}; its numbers are missing.")
        return [chip, " ", *phrase(words, never, source=name, why=why)]
    since = words.moment(coverage.as_of, brief.edition.zone, brief.today)
    late = marked("{source} not read completely since {since}{why}; its numbers are marked not re-checked.")
    return [chip, " ", *phrase(words, late, source=name, since=since, why=why)]


def _credentials(brief: Brief) -> tuple[Block, ...]:
    """One line for all that ends within the notice, in every mail until it is renewed (J34)."""
    ending = [each for each in brief.edition.credentials if each.end_soon(brief.today)]
    if not ending:
        return ()
    words, first = brief.words, ending[0].days_left(brief.today)
    word = words.say("access ended") if first < 0 else words.say("access ends")
    pieces: list[str | Inline] = [Chip(word, Tone.BAD if first <= URGENT_DAYS else Tone.WARN)]
    for each in ending:
        pieces += [" ", *_ending(words, each, brief.today)]
        if each.owner:
            pieces.append(f" {words.say('{owner} can renew them.', owner=clean(each.owner, 60))}")
    return (Small(line(*pieces)),)


def _ending(words: Language, credentials: Credentials, today: date) -> Line:
    """When they end, and what it means for the numbers."""
    name, day = Text(clean(credentials.source, 40), strong=True), words.weekday(credentials.last_day, today)
    left = credentials.days_left(today)
    if left < 0:
        when = words.count(-left, "{n} day ago", "{n} days ago") if left < -1 else words.say("yesterday")
        gone = marked("{source}'s credentials ended {when} ({day}); its numbers may stop at any moment.")
        return phrase(words, gone, source=name, when=when, day=day)
    if left > 1:
        when = words.count(left, "in {n} day", "in {n} days")
    else:
        when = words.say("tomorrow") if left else words.say("today")
    ends = marked("{source}'s credentials end {when} ({day}); then its numbers stop.")
    return phrase(words, ends, source=name, when=when, day=day)


def _as_of(fresh: list[Coverage], brief: Brief, *, alone: bool) -> str:
    """Sources that were read at the same minute stand together, the oldest first; many at one minute are counted."""
    words = brief.words
    groups: dict[str, list[str]] = {}
    for coverage in sorted(fresh, key=lambda c: (c.as_of or brief.edition.now, c.source)):
        if coverage.as_of is not None:
            at = words.moment(coverage.as_of, brief.edition.zone, brief.today)
            groups.setdefault(at, []).append(clean(coverage.source, 40))
    if alone and len(groups) == 1 and len(fresh) > 3:
        (at,) = groups
        return words.count(len(fresh), "All {n} sources as of {time}", "All {n} sources as of {time}", time=at)
    return "; ".join(
        words.say("{sources} as of {time}", sources=", ".join(names), time=at) for at, names in groups.items()
    )


def _linked(brief: Brief) -> str:
    records = sum(coverage.linkable for coverage in brief.edition.coverage)
    linked = sum(coverage.linked for coverage in brief.edition.coverage)
    # Rounded down: 100 % is said only when every record is linked.
    words = brief.words
    if not records:
        return words.say("No records.")
    return words.say("{share} of records linked.", share=words.percent(100 * linked // records))


SECTION = Section("data_health", 20, "", compose)
