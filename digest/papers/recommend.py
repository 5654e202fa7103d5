"""Whether one option can be recommended, by one rule that is stated; else nothing is.

Recommended is what keeps the promise when it is the only such option that costs nothing, or whose price is known and
lower than what is lost by doing nothing, by more than is material. While another one that keeps the promise has no
price, only what costs nothing is recommended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from digest.language import Language
from model.findings import Account, DecisionOption, Finding, Impact, OptionKind

_KEEPS = (OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE, OptionKind.FUND)
"""What changes the work; to move the promise, to accept or to stop does not keep it."""


@dataclass(frozen=True, slots=True)
class Materiality:
    """By how much money something must differ to count: more than a percentage of it, and more than a floor."""

    percent: Decimal = Decimal(1)
    floor: Decimal = Decimal(1_000)


USUAL = Materiality()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An option, or none, and why."""

    option: DecisionOption | None
    because: str


def recommend(words: Language, finding: Finding, materiality: Materiality) -> Recommendation:
    """The one option that the rule gives, or none with the reason."""
    keeping = [option for option in finding.options if keeps_the_promise(option, finding)]
    free = [option for option in keeping if option.costs_nothing]
    if not keeping:
        return Recommendation(None, words.say("no option is known to keep the date"))
    if len(free) == 1:
        return Recommendation(free[0], words.say("it keeps the date and costs nothing"))
    if any(_price(option) is None for option in keeping):
        return Recommendation(None, words.say("what keeps the date is not priced"))
    cheaper = _cheaper_than_nothing(keeping, finding.impact, materiality)
    if len(cheaper) == 1:
        return Recommendation(
            cheaper[0], words.say("of what keeps the date it alone costs less than what is lost otherwise")
        )
    if cheaper:
        return Recommendation(None, words.say("several options keep the date for less than what is lost otherwise"))
    return Recommendation(None, words.say("to keep the date costs no less than what is lost otherwise"))


def recommend_for_all(words: Language, findings: Sequence[Finding], materiality: Materiality) -> Recommendation | None:
    """What is recommended for the first of several findings, if the same act on the same record is for each of them."""
    found = [recommend(words, finding, materiality) for finding in findings]
    acts = {(each.option.kind, each.option.record_id) if each.option else None for each in found}
    return found[0] if len(acts) == 1 and None not in acts else None


def keeps_the_promise(option: DecisionOption, finding: Finding) -> bool:
    """Whether an option changes the work so that the committed day is reached."""
    committed = finding.commitment.day if finding.commitment else None
    return option.kind in _KEEPS and option.day is not None and committed is not None and option.day <= committed


def _cheaper_than_nothing(
    options: Sequence[DecisionOption], impact: Impact, materiality: Materiality
) -> list[DecisionOption]:
    """Accounts are not added: the largest that is given up stands against the largest that is lost."""
    lost = max(impact.full(account) for account in Account)
    least = max(materiality.floor, lost * materiality.percent / 100)
    return [option for option in options if (price := _price(option)) is not None and lost - price > least]


def _price(option: DecisionOption) -> Decimal | None:
    """The largest amount of one account that it gives up; None where it, or a part of it, is not known."""
    given_up = Impact(shares=option.costs)
    if option.costs_nothing:
        return Decimal(0)
    return max(given_up.full(account) for account in Account) if given_up.priced and not given_up.unconverted else None
