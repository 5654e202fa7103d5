"""What a decider can choose from, in few words: the options of a cause, with what each gives up and its last day."""

from collections.abc import Iterable
from datetime import date

from digest.base import Fact, Inline, Text, line, phrase
from digest.causes import Cause
from digest.findings_language import retold
from digest.language import Language
from digest.sentences import money_of, unconverted_text
from model.findings import Account, DecisionOption, Impact, OptionKind, Share

MOST_OPTIONS = 3
FEWEST_OPTIONS = 2
"""With less than two there is nothing to choose from."""
_LONGEST = 140
ASKED = (OptionKind.MOVE_PROMISE, OptionKind.BRING_FORWARD, OptionKind.FUND)
"""What the question names where the findings of a cause differ."""
_LAST_RESORTS = (OptionKind.ACCEPT, OptionKind.STOP)
_WITH_OUTCOME = (OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE)


def option_facts(words: Language, cause: Cause, currency: str, today: date) -> tuple[Fact, ...]:
    """One line per option: those of the finding that needs most, because what saves it saves all of one cause."""
    told = few_options(cause)
    return tuple(
        Fact(
            words.say("Options") if number == 0 else words.say("or"),
            line(*_told(words, option, cause, currency, today)),
        )
        for number, option in enumerate(told)
    )


def few_options(cause: Cause) -> list[DecisionOption]:
    """What changes something first; to live with it or to end it only where there would be nothing to choose from."""
    options = _of_cause(cause)
    changing = [option for option in options if option.kind not in _LAST_RESORTS][:MOST_OPTIONS]
    others = [option for option in options if option.kind in _LAST_RESORTS]
    return [*changing, *others[: max(0, FEWEST_OPTIONS - len(changing))]]


def _of_cause(cause: Cause) -> list[DecisionOption]:
    """Each kind once, those of the lead finding first, then what the question asks for the others; of several the one
    that moves most days."""
    offered = [option for tracked in cause.findings for option in tracked.finding.options]
    asked = [option for option in offered if option.kind in ASKED]
    kinds = dict.fromkeys(option.kind for option in (*cause.lead.options, *asked))
    return [
        max((option for option in offered if option.kind is kind), key=lambda option: (option.days or 0, option.says))
        for kind in kinds
    ]


def _told(words: Language, option: DecisionOption, cause: Cause, currency: str, today: date) -> Iterable[str | Inline]:
    yield _what(words, option, cause, today)
    yield f"; {price_of(words, option, cause, currency)}"
    until = _until(option, cause)
    if until is not None:
        yield "; "
        yield from phrase(words, "by {day}", day=Text(words.weekday(until, today), strong=True))


def _what(words: Language, option: DecisionOption, cause: Cause, today: date) -> str:
    several = len(_same(option, cause))
    if option.kind is OptionKind.MOVE_PROMISE and several > 1:
        return words.say("Move both") if several == 2 else words.count(several, "Move all {n}", "Move all {n}")
    if option.kind is OptionKind.ACCEPT and several > 1:
        if option.day is None:
            return words.say("Accept them until the work is there")
        return words.say("Accept them until {day}", day=words.day(option.day, today))
    says = without_outcome(option.says, option.kind)
    if option.kind is OptionKind.ACCEPT:
        says = option.says.rpartition(", ")[0]
    return retold(words, says or option.says, today, _LONGEST)


def without_outcome(says: str, kind: OptionKind | None) -> str:
    """What is done, without what a computed option says that comes of it."""
    return (says.rpartition(": ")[0] or says) if kind in _WITH_OUTCOME else says


def _given_up(option: DecisionOption, cause: Cause) -> tuple[Share, ...]:
    """What it gives up in all findings of the cause; records are counted once when it is added up."""
    return tuple(share for each in _same(option, cause) for share in each.costs)


def _same(option: DecisionOption, cause: Cause) -> list[DecisionOption]:
    """What is the same choice for the findings of the cause."""
    return [each for tracked in cause.findings for each in tracked.finding.options if each.kind is option.kind]


def price_of(words: Language, option: DecisionOption, cause: Cause, currency: str) -> str:
    """What an option gives up in all findings of the cause: ``gives up EUR 2.0M revenue``, ``costs EUR 120k``."""
    impact = Impact(shares=_given_up(option, cause))
    amounts = {account: words.rounded(impact.full(account), currency) for account in Account if impact.full(account)}
    if not amounts and all(each.costs_nothing for each in _same(option, cause)):
        return words.say("costs nothing")
    if not amounts:
        return unconverted_text(words, impact) or words.say("not priced")
    if option.kind is OptionKind.FUND:
        return words.say("costs {amounts}", amounts=words.listed([*amounts.values()]))
    named = [money_of(words, amount, account) for account, amount in amounts.items()]
    return words.say("gives up {amounts}", amounts=words.listed(named))


def _until(option: DecisionOption, cause: Cause) -> date | None:
    """The first day on which it closes for one of the findings."""
    return min((each.until for each in _same(option, cause) if each.until is not None), default=None)
