"""How fresh each source is, which one failed, how much of what was read is linked; and which access ends soon."""

from digest import wording
from digest.base import Block, Chip, Inline, Small, Text, Tone, line
from digest.brief import Brief, Section
from digest.hostile import clean
from model.credentials import URGENT_DAYS, Credentials
from model.runs import Coverage

LONGEST_REASON = 320
"""Characters of why a source failed; a vanished field with the rules and checks that need it fits."""


def compose(brief: Brief) -> tuple[Block, ...]:
    return (_sources(brief), *_blind(brief), *_credentials(brief))


def _sources(brief: Brief) -> Block:
    if not brief.edition.coverage:
        return Small(line(Chip("no source read", Tone.BAD), " Nothing was ever read."))
    stale = [coverage for coverage in brief.edition.coverage if _is_stale(coverage, brief)]
    fresh = [coverage for coverage in brief.edition.coverage if coverage not in stale]
    pieces: list[str | Inline] = []
    for coverage in stale:
        pieces += [*_stale_words(coverage, brief), " "]
    if fresh:
        pieces.append(f"{_as_of(fresh, brief, alone=not stale)}. ")
    pieces.append(_linked(brief))
    return Small(line(*pieces))


def _blind(brief: Brief) -> tuple[Block, ...]:
    """What no number in this mail speaks of: a check that judges nothing must not look like one that found nothing."""
    checks = {each.check for each in brief.edition.blind}
    if not checks:
        return ()
    lacking = wording.count(len(checks), "check lacks fields", "checks lack fields")
    return (Small(line(Chip("cannot judge", Tone.WARN), f" {lacking}: driftline status.")),)


def _is_stale(coverage: Coverage, brief: Brief) -> bool:
    if not coverage.complete or coverage.as_of is None:
        return True
    return brief.edition.now - coverage.as_of > brief.edition.options.stale_after


def _stale_words(coverage: Coverage, brief: Brief) -> list[str | Inline]:
    """Name the source, why it failed, and that its numbers are not facts of today."""
    name = clean(coverage.source, 40)
    why = f" ({clean(coverage.error, LONGEST_REASON)})" if coverage.error else ""
    chip = Chip("failed" if not coverage.complete else "stale", Tone.BAD)
    if coverage.as_of is None:
        return [chip, " ", Text(name, strong=True), f" was never read completely{why}; its numbers are missing."]
    since = wording.moment(coverage.as_of, brief.edition.zone, brief.today)
    return [
        chip,
        " ",
        Text(name, strong=True),
        f" not read completely since {since}{why}; its numbers are marked not re-checked.",
    ]


def _credentials(brief: Brief) -> tuple[Block, ...]:
    """One line for all that ends within the notice, in every mail until it is renewed (J34)."""
    ending = [each for each in brief.edition.credentials if each.end_soon(brief.today)]
    if not ending:
        return ()
    first = ending[0].days_left(brief.today)
    word = "access ended" if first < 0 else "access ends"
    pieces: list[str | Inline] = [Chip(word, Tone.BAD if first <= URGENT_DAYS else Tone.WARN)]
    for each in ending:
        asked = f" {clean(each.owner, 60)} can renew them." if each.owner else ""
        day = wording.weekday(each.last_day, brief.today)
        name = Text(clean(each.source, 40), strong=True)
        pieces += [" ", name, f"'s credentials {each.when(brief.today)} ({day}); {_then(each, brief)}.{asked}"]
    return (Small(line(*pieces)),)


def _then(credentials: Credentials, brief: Brief) -> str:
    """What it means for the numbers."""
    return "its numbers may stop at any moment" if credentials.days_left(brief.today) < 0 else "then its numbers stop"


def _as_of(fresh: list[Coverage], brief: Brief, *, alone: bool) -> str:
    """Sources that were read at the same minute stand together, the oldest first; many at one minute are counted."""
    groups: dict[str, list[str]] = {}
    for coverage in sorted(fresh, key=lambda c: (c.as_of or brief.edition.now, c.source)):
        if coverage.as_of is not None:
            at = wording.moment(coverage.as_of, brief.edition.zone, brief.today)
            groups.setdefault(at, []).append(clean(coverage.source, 40))
    if alone and len(groups) == 1 and len(fresh) > 3:
        return f"All {len(fresh)} sources as of {next(iter(groups))}"
    return "; ".join(f"{', '.join(names)} as of {at}" for at, names in groups.items())


def _linked(brief: Brief) -> str:
    records = sum(coverage.linkable for coverage in brief.edition.coverage)
    linked = sum(coverage.linked for coverage in brief.edition.coverage)
    # Rounded down: 100 % is said only when every record is linked.
    return f"{100 * linked // records} % of records linked." if records else "No records."


SECTION = Section("data_health", 20, "", compose)
