"""Why a record is linked as it is: every rule that was tried, what failed, what won and where it leads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mapping.conditions import Failure
from mapping.coverage import Tally
from mapping.facts import Facts, Names
from mapping.load import LoadedMapping
from mapping.match import Match, judge, winning
from mapping.rules import Rule
from mapping.serving import Serves
from model.links import Role
from model.money import Month
from model.objectives import ObjectiveTree, Value
from model.records import Deal, Measurement, Record, Saving


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rule that was tried. ``failure`` is None when it matched; ``beaten_by`` names the rule that won over it.

    ``objective_ids`` are those of this record where the rule takes them from it. ``unresolved`` says why it could not.
    """

    rule: str
    location: str
    role: Role
    objective_ids: tuple[str, ...]
    rung: str
    failure: Failure | None = None
    beaten_by: str | None = None
    unresolved: str | None = None

    @property
    def won(self) -> bool:
        return self.failure is None and self.beaten_by is None


@dataclass(frozen=True, slots=True)
class Worth:
    """What an objective or a record is to bring in one account, and the months that it spans; blank if unknown."""

    account: str
    amount: Decimal
    currency: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A measurement that is linked to an objective: what was read, and what it should be."""

    key: str
    metric: str
    value: Decimal | None
    target: Decimal | None
    unit: str
    period: str


@dataclass(frozen=True, slots=True)
class Step:
    """One objective on the way to the root, with the money that it is to bring and the KPIs that measure it.

    ``counts_on`` is the money of open deals and savings that count on it or on an objective below it, each once.
    """

    id: str
    level: str
    name: str
    worth: tuple[Worth, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    counts_on: tuple[Worth, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one record. ``attempts`` follow the files; winners are marked.

    ``paths`` are the ways from each linked objective up to the root. ``carries`` is the money that the record itself
    speaks of, as its source says it.
    """

    record_id: str
    key: str
    title: str
    attempts: tuple[Attempt, ...]
    match: Match
    paths: tuple[tuple[Step, ...], ...]
    carries: tuple[Worth, ...] = ()

    @property
    def winners(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.won)


def explain(
    loaded: LoadedMapping,
    names: Names,
    record: Record,
    today: date | None = None,
    measurements: Mapping[str, Sequence[Measurement]] | None = None,
    money: Mapping[str, Tally] | None = None,
) -> Explanation:
    """Try every rule on a record, without the index, and say what came of each.

    ``measurements`` are those that are linked to the objectives, by the objective's id; ``money`` is that of the open
    deals and savings which count on it or below it.
    """
    facts = Facts(record, names, today)
    matching = [rule for rule in loaded.rules if rule.holds(facts)]
    winners = winning(matching)
    match = judge(facts, matching)
    linked = dict.fromkeys(link.objective_id for link in match.links)
    return Explanation(
        record.id,
        record.key,
        record.title,
        tuple(_attempt(rule, facts, winners) for rule in loaded.rules),
        match,
        tuple(_path(loaded.tree, objective_id, measurements or {}, money or {}) for objective_id in linked),
        tuple(_carried(record)),
    )


def _attempt(rule: Rule, facts: Facts, winners: Mapping[Role, Rule]) -> Attempt:
    failed = rule.first_failure(facts)
    winner = winners.get(rule.role)
    serves = rule.serves(facts) if failed is None else Serves(rule.objective_ids)
    return Attempt(
        rule.name,
        rule.location,
        rule.role,
        serves.objective_ids,
        rule.rung.name.lower(),
        failed,
        winner.name if failed is None and winner is not None and winner is not rule else None,
        serves.missing or None,
    )


def _path(
    tree: ObjectiveTree,
    objective_id: str,
    measurements: Mapping[str, Sequence[Measurement]],
    money: Mapping[str, Tally],
) -> tuple[Step, ...]:
    return tuple(
        Step(
            each.id,
            each.level.value,
            each.name,
            tuple(_worth(value) for value in each.values if value.plan),
            tuple(_indicator(measured) for measured in measurements.get(each.id, ())),
            tuple(
                Worth(total.account.value, total.total, total.currency, "", "")
                for total in money.get(each.id, Tally()).sums
                if total.total
            ),
        )
        for each in tree.path(objective_id)
    )


def _carried(record: Record) -> Iterator[Worth]:
    if isinstance(record, Deal) and record.amount is not None:
        closes = str(Month.of(record.close_date)) if record.close_date else ""
        yield Worth("revenue", record.amount.amount, record.amount.currency, closes, closes)
    if isinstance(record, Saving):
        if record.plan:
            yield _worth(Value("savings", record.currency, record.plan))
        elif record.run_rate is not None:
            yield Worth("savings a year", record.run_rate.amount, record.run_rate.currency, "", "")


def _worth(value: Value) -> Worth:
    months = sorted(each.month for each in value.plan)
    amount = sum((each.amount for each in value.plan), Decimal(0))
    return Worth(value.account, amount, value.currency, str(months[0]), str(months[-1]))


def _indicator(measured: Measurement) -> Indicator:
    name = measured.metric or measured.title
    return Indicator(measured.key, name, measured.value, measured.target, measured.unit, measured.period)
