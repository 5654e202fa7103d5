"""What a decider can choose from, in few words: the options of a cause, with what each gives up and its last day."""

from collections.abc import Iterable
from datetime import date

from digest import wording
from digest.base import Fact, Inline, Text, line
from digest.causes import Cause
from digest.hostile import clean
from digest.sentences import short_dates, unconverted_text
from model.findings import Account, DecisionOption, Impact, OptionKind, Share

MOST_OPTIONS = 3
FEWEST_OPTIONS = 2
"""With less than two there is nothing to choose from."""
_LONGEST = 140
_LAST_RESORTS = (OptionKind.ACCEPT, OptionKind.STOP)
_WITH_OUTCOME = (OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE)


def option_facts(cause: Cause, currency: str, today: date) -> tuple[Fact, ...]:
    """One line per option: those of the finding that needs most, because what saves it saves all of one cause."""
    told = _few(_of_cause(cause))
    return tuple(
        Fact("Options" if number == 0 else "or", line(*_words(option, cause, currency, today)))
        for number, option in enumerate(told)
    )


def _few(options: list[DecisionOption]) -> list[DecisionOption]:
    """What changes something first; to live with it or to end it only where there would be nothing to choose from."""
    changing = [option for option in options if option.kind not in _LAST_RESORTS][:MOST_OPTIONS]
    others = [option for option in options if option.kind in _LAST_RESORTS]
    return [*changing, *others[: max(0, FEWEST_OPTIONS - len(changing))]]


def _of_cause(cause: Cause) -> list[DecisionOption]:
    """Each kind once, in the order of the lead finding; of several the one that moves most days."""
    kinds = dict.fromkeys(option.kind for option in cause.lead.options)
    offered = [option for tracked in cause.findings for option in tracked.finding.options]
    return [
        max((option for option in offered if option.kind is kind), key=lambda option: (option.days or 0, option.says))
        for kind in kinds
    ]


def _words(option: DecisionOption, cause: Cause, currency: str, today: date) -> Iterable[str | Inline]:
    yield _what(option, cause, today)
    shares = _given_up(option, cause)
    price = _price(shares, currency)
    yield f"; {price}"
    until = _until(option, cause)
    if until is not None:
        yield "; by "
        yield Text(wording.weekday(until, today), strong=True)


def _what(option: DecisionOption, cause: Cause, today: date) -> str:
    several = sum(option.kind is each.kind for tracked in cause.findings for each in tracked.finding.options)
    if option.kind is OptionKind.MOVE_PROMISE and several > 1:
        return "Move both" if several == 2 else f"Move all {several:,}"
    if option.kind is OptionKind.ACCEPT and several > 1:
        return (
            "Accept them until the work is there" if option.day is None else f"Accept them until {_day(option, today)}"
        )
    says = option.says.rpartition(": ")[0] if option.kind in _WITH_OUTCOME else ""
    if option.kind is OptionKind.ACCEPT:
        says = option.says.rpartition(", ")[0]
    return short_dates(clean(says or option.says, _LONGEST), today)


def _day(option: DecisionOption, today: date) -> str:
    return wording.day(option.day, today) if option.day else ""


def _given_up(option: DecisionOption, cause: Cause) -> tuple[Share, ...]:
    """What it gives up in all findings of the cause; records are counted once when it is added up."""
    return tuple(
        share
        for tracked in cause.findings
        for each in tracked.finding.options
        if each.kind is option.kind
        for share in each.costs
    )


def _price(shares: tuple[Share, ...], currency: str) -> str:
    impact = Impact(shares=shares)
    parts = [
        f"{wording.rounded(impact.full(account), currency)} {account.value}"
        for account in Account
        if impact.full(account)
    ]
    foreign = unconverted_text(impact)
    return f"gives up {wording.listed(parts)}" if parts else foreign or "not priced"


def _until(option: DecisionOption, cause: Cause) -> date | None:
    """The first day on which it closes for one of the findings."""
    days = [
        each.until
        for tracked in cause.findings
        for each in tracked.finding.options
        if each.kind is option.kind and each.until is not None
    ]
    return min(days, default=None)
