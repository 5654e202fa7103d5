"""The options of a decision paper: two to four, each with its price, its day and who acts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from digest.base import Block, Column, Line, Paragraph, Small, Table, Text, line
from digest.findings_language import retold
from digest.hostile import clean
from digest.language import Language
from digest.papers.facts import money_words
from digest.sentences import money_of, person, unconverted_text
from model.findings import Account, DecisionOption, Finding, Impact, OptionKind, total_of

MOST_OPTIONS: Final = 4
FEWEST_OPTIONS: Final = 2
NONE: Final = "–"
_WORDS_LIMIT = 140
_LAST_RESORTS = (OptionKind.ACCEPT, OptionKind.STOP)
_GIVE_UP_WORK = (OptionKind.CUT_SCOPE, OptionKind.STOP)
_TO_A_DAY = (OptionKind.MOVE_PROMISE, OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE)
_GIVEN_UP = (Account.REVENUE, Account.SAVINGS)


def is_trade_off(finding: Finding) -> bool:
    """Only if at least two options are known to give something up; otherwise it is an instruction (domain 4.3)."""
    return sum(_gives_up(option) for option in finding.options) >= FEWEST_OPTIONS


def _gives_up(option: DecisionOption) -> bool:
    costs = Impact(shares=option.costs)
    return option.kind in _GIVE_UP_WORK or bool(costs.unconverted) or any(map(costs.full, Account))


def options_blocks(words: Language, finding: Finding, code: str, currency: str, today: date) -> tuple[Block, ...]:
    """A table of the options under their numbers, which ``driftline decide`` takes; those left out are counted.

    A column of which nothing is known is left out, and what that means is said below.
    """
    shown = _shown(finding.options)
    if not shown:
        none = words.say("None was computed from the records: ask for the smallest scope that protects the outcome.")
        return (Paragraph(line(none)),)
    columns = [column for column in _columns(words, currency, today) if column.always or _says(column, shown)]
    rows = tuple(tuple(column.cell(number, option) for column in columns) for number, option in shown)
    blocks: list[Block] = [Table(tuple(Column(column.head) for column in columns), rows)]
    notes = list(_notes(words, finding, shown, code, today.year))
    return (*blocks, Small(line(" ".join(notes)))) if notes else tuple(blocks)


@dataclass(frozen=True, slots=True)
class _Part:
    """One column of the table; ``always`` is there even where no option has anything in it."""

    head: str
    cell: Callable[[int, DecisionOption], Line]
    always: bool = True


def _columns(words: Language, currency: str, today: date) -> Sequence[_Part]:
    def told(text: Callable[[DecisionOption], str]) -> Callable[[int, DecisionOption], Line]:
        return lambda _number, option: line(text(option) or NONE)

    def until(option: DecisionOption) -> str:
        return words.day(option.until, today) if option.until else ""

    return (
        _Part(words.say("no."), lambda number, _option: line(Text(words.figure(number), strong=True))),
        _Part(words.say("option"), lambda _number, option: _what(words, option, today)),
        _Part(words.say("gives up ({currency})", currency=currency), told(lambda option: _in_all(words, option))),
        _Part(
            words.say("of it in {year}", year=today.year),
            told(lambda option: _within_year(words, option, today.year)),
            always=False,
        ),
        _Part(
            words.say("costs ({currency})", currency=currency), told(lambda option: _costs(words, option)), always=False
        ),
        _Part(words.say("new date"), told(lambda option: _new_day(words, option, today)), always=False),
        _Part(
            words.say("who acts"),
            told(lambda option: clean(person(option.acts), 40) if option.acts else words.say("nobody named")),
        ),
        _Part(words.say("open until"), told(until), always=False),
    )


def _says(column: _Part, shown: Sequence[tuple[int, DecisionOption]]) -> bool:
    return any(column.cell(number, option) != line(NONE) for number, option in shown)


def _notes(
    words: Language, finding: Finding, shown: Sequence[tuple[int, DecisionOption]], code: str, year: int
) -> Iterable[str]:
    costs = [Impact(shares=option.costs) for _, option in shown]
    if any(each.full(account) and not each.by_month(account) for each in costs for account in _GIVEN_UP):
        yield words.say("What of it falls into {year} is not known where the money has no months.", year=year)
    if hidden := len(finding.options) - len(shown):
        yield words.count(
            hidden, "{n} more option: driftline show {code}.", "{n} more options: driftline show {code}.", code=code
        )
    if len(finding.options) < FEWEST_OPTIONS:
        yield words.say("Only one is known: there is nothing to choose from.")


def _shown(options: Sequence[DecisionOption]) -> list[tuple[int, DecisionOption]]:
    """What changes something first; to live with it or to end it where there is room. Each keeps its number."""
    numbered = list(enumerate(options, start=1))
    changing = [(number, option) for number, option in numbered if option.kind not in _LAST_RESORTS]
    others = [(number, option) for number, option in numbered if option.kind in _LAST_RESORTS]
    return sorted([*changing, *others][:MOST_OPTIONS], key=lambda each: each[0])


def _new_day(words: Language, option: DecisionOption, today: date) -> str:
    return words.day(option.day, today) if option.day and option.kind in _TO_A_DAY else ""


def _what(words: Language, option: DecisionOption, today: date) -> Line:
    says = retold(words, option.says, today, _WORDS_LIMIT)
    if option.kind is OptionKind.ACCEPT:
        return line(f"{says} ", Text(words.say("(can be taken back at any time)"), muted=True))
    return line(says)


def _within_year(words: Language, option: DecisionOption, year: int) -> str:
    """What of it falls into the months of this year, where all of it belongs to months."""
    costs = Impact(shares=option.costs)
    known = [account for account in _GIVEN_UP if costs.full(account) and costs.by_month(account)]
    return words.listed([money_of(words, words.exact(costs.within(account, year)), account) for account in known])


def _in_all(words: Language, option: DecisionOption) -> str:
    """``480,000 revenue``; what nobody has priced is not free."""
    if option.costs_nothing:
        return words.say("nothing")
    amounts = money_words(words, option.costs, "", _GIVEN_UP)
    foreign = unconverted_text(words, Impact(shares=option.costs))
    if amounts or foreign:
        return "; ".join(filter(None, [amounts, foreign]))
    return "" if option.costs else words.say("not priced")


def _costs(words: Language, option: DecisionOption) -> str:
    cost = total_of(option.costs, Account.COST)
    return words.exact(cost) if cost else ""
