"""What the budget of a week leaves of the news for one reader. What it holds back is kept, counted and told later."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from digest.base import Allowance
from digest.causes import Told, is_at_risk
from model.causes import cause_key, cause_rank
from model.findings import combined


def within(allowance: Allowance | None, told: Sequence[Told], today: date) -> tuple[tuple[Told, ...], tuple[Told, ...]]:
    """What of the news is told and what is held back.

    All findings of one cause are one piece of news. What must be decided soon is told whatever the budget says and uses
    it up like everything else; of the rest the weightiest comes first. What a notice told was counted then.
    """
    if allowance is None or (allowance.news is None and not allowance.mails_used_up):
        return tuple(told), ()
    pieces: dict[str, list[Told]] = {}
    for entry in told:
        pieces.setdefault(cause_key(entry.tracked.finding), []).append(entry)
    urgent = {key for key, entries in pieces.items() if _is_urgent(entries, allowance.decide_within, today)}
    kept = set(urgent)
    if not allowance.mails_used_up:
        known = {key for key, entries in pieces.items() if not is_piece(entries)}
        room = max(0, (allowance.news or 0) - len(urgent - known))
        rest = sorted(pieces.keys() - urgent - known, key=lambda key: _rank(key, pieces[key]))
        kept |= known | set(rest[:room])
    return (
        tuple(entry for entry in told if cause_key(entry.tracked.finding) in kept),
        tuple(entry for entry in told if cause_key(entry.tracked.finding) not in kept),
    )


def is_piece(entries: Iterable[Told]) -> bool:
    """Whether some of it is news: not all of it was told by a notice."""
    return any(entry.at_once is None for entry in entries)


def count_pieces(told: Iterable[Told]) -> int:
    """How many pieces of news are told, without what notices told before."""
    return len({cause_key(entry.tracked.finding) for entry in told if entry.at_once is None})


def _is_urgent(entries: Iterable[Told], within_days: int | None, today: date) -> bool:
    if within_days is None:
        return False
    last = today + timedelta(days=within_days)
    days = [entry.tracked.finding.decide_by for entry in entries if is_at_risk(entry.tracked)]
    return any(day is not None and day <= last for day in days)


def _rank(key: str, entries: Sequence[Told]) -> tuple[object, ...]:
    """What stands before what is over, then by money, by day and by key."""
    impact = combined([entry.tracked.finding.impact for entry in entries])
    day = min((d for entry in entries if (d := entry.tracked.finding.decide_by) is not None), default=None)
    return (not any(is_at_risk(entry.tracked) for entry in entries), *cause_rank(impact, day, key))
