"""What the work of the healthy company brings, through its life: deals, savings and figures."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from model.money import Money, Month, MonthAmount
from model.records import (
    Deal,
    Light,
    Measurement,
    Outcome,
    Saving,
)
from tests.proofs.teams import FIRST, WEEK, Increment, Life, Team, ahead, back, following, stamp, weekday

_MONTHS = 12


def deal(team: Team, increment: Increment) -> Life:
    key = f"D-{team.number}-{increment.number - FIRST}"
    chance = team.company.chance("deal", key)
    made = max(back(increment.begin, 8), ahead(team.approved, 8))
    close = weekday(increment.begin + timedelta(chance.randrange(5, 40)))
    fate = Outcome.LOST if chance.random() < 0.2 else Outcome.WON
    promised_date = increment.release_day + timedelta(chance.randrange(0, 40))
    release, epic = f"{team.name} {increment.begin:%Y.%m.%d}", f"{team.name}-{increment.number - FIRST}"
    promised = chance.choice((release, release, release, epic, None))
    amount = Money(Decimal(chance.randrange(10, 400) * 1_000), "EUR")
    sooner = back(close, 3)

    def at(day: date) -> Deal:
        outcome = fate if close < day else Outcome.OPEN
        won = Decimal(1) if outcome is Outcome.WON else Decimal(0)
        return Deal(
            source="crm",
            native_id=key,
            key=key,
            title=f"Customer {key}",
            owner=f"seller-{team.number % 7}@acme.example",
            owner_active=True,
            container=team.name,
            created=stamp(made),
            changed=stamp(max(each for each in (made, sooner, close) if each < day)),
            stage="Closed" if close < day else "Negotiation" if sooner < day else "Proposal",
            outcome=outcome,
            amount=amount,
            probability=won if close < day else Decimal("0.8") if sooner < day else Decimal("0.4"),
            close_date=close,
            promised=promised,
            promised_date=promised_date if promised else None,
            account=f"Customer {key}",
            provenance={"owner": "Owner.Email", "promised_date": "Promised_Date__c"},
        )

    return Life((made, sooner, close), at)


def monthly_plan(team: Team, number: int) -> tuple[MonthAmount, ...]:
    """What a saving of the team is to bring by month: from the month after its epic on, for a year."""
    months = [following(Month.of(team.increment(number).due + timedelta(14)))]
    while len(months) < _MONTHS:
        months.append(following(months[-1]))
    amount = Decimal(team.company.chance("saving", team.number, number).randrange(2, 60) * 1_000)
    return tuple(MonthAmount(each, amount) for each in months)


def saving_numbers(team: Team) -> tuple[int, ...]:
    """The increments whose epics enable a saving."""
    return tuple(sorted({team.first, min(team.first + 2, team.last), min(team.last, 1)}))


def savings(team: Team) -> Iterator[Life]:
    for number in saving_numbers(team):
        yield _saving(team, number)


def _saving(team: Team, number: int) -> Life:
    key, plan, enabled = f"M-{team.number}-{number - FIRST}", monthly_plan(team, number), team.increment(number).due
    chance = team.company.chance("booked", key)
    forecast = tuple(MonthAmount(each.month, each.amount * chance.randrange(97, 103) / 100) for each in plan)
    booked = [MonthAmount(each.month, each.amount * chance.randrange(96, 104) / 100) for each in plan]
    days = [ahead(weekday(each.month.last), 3 + chance.randrange(4)) for each in plan]
    made = ahead(team.approved, 7)

    def at(day: date) -> Saving:
        return Saving(
            source="savings",
            native_id=key,
            key=key,
            title=f"Saving {key}",
            owner=team.person(1),
            container=team.name,
            currency="EUR",
            planned_start=plan[0].month.first,
            plan=plan,
            forecast=forecast,
            actual=tuple(cell for cell, when in zip(booked, days, strict=True) if when < day),
            one_time_cost=plan[0].amount * 2,
            light=Light.GREEN,
            stage_gate="implemented" if enabled < day else "decided",
            controller="Controller Operations",
            custom={"formulas": ()},
            enabler=f"{team.name}-{number - FIRST}",
            provenance={"owner": f"savings.xlsx!{team.name}!C2", "plan": f"savings.xlsx!{team.name}!F2"},
        )

    return Life((made, enabled, *days), at)


def figures(team: Team) -> Iterator[Life]:
    """A figure for each month, told in the first days of the next; and every Friday how far and how costly it is."""
    month, number = Month.of(team.increment(team.first).begin), 0
    while month.first < team.target:
        yield from _monthly_figure(team, month, number)
        month, number = following(month), number + 1
    first, whole = team.increments[0].begin, team.target - team.increments[0].begin
    fridays = [first + timedelta(4) + week * WEEK for week in range(whole.days // 7)]
    budget = budget_of(team)

    def weekly(metric: str, unit: str, value: Callable[[Decimal], Decimal]) -> Life:
        def at(day: date) -> Measurement:
            told = max(each for each in fridays if each < day)
            share = Decimal((told - first).days) / whole.days
            return _measurement(team, f"{team.name} {metric}", metric, value(share), None, unit, "")

        return Life(tuple(fridays), at)

    yield weekly("budget spent", "EUR", lambda share: (budget * share * 95 / 100).quantize(Decimal(1)))
    yield weekly("progress", "%", lambda share: (share * 100).quantize(Decimal(1)))
    yield weekly("cost to complete", "EUR", lambda share: (budget * (1 - share) * 95 / 100).quantize(Decimal(1)))
    yield weekly("remaining benefit", "EUR", lambda share: budget * 3)


def budget_of(team: Team) -> Decimal:
    return Decimal(team.company.chance("budget", team.number).randrange(100, 900) * 1_000)


def _monthly_figure(team: Team, month: Month, number: int) -> Iterator[Life]:
    """The figure of a month: provisional at first, and final when the books close, where controllers tell it too."""
    chance = team.company.chance("figure", team.number, str(month))
    told, closed = ahead(weekday(month.last), 2 + chance.randrange(4)), ahead(weekday(month.last), 6)
    value = Decimal(40) - number * 3 + chance.randrange(2)
    rest = ("lead time", Decimal(10), "days", str(month))

    def of(key: str, source: str, value: Decimal) -> Measurement:
        return replace(_measurement(team, f"{team.name} {key} {month}", rest[0], value, *rest[1:]), source=source)

    yield Life((told, closed), lambda day: of("lead time", "figures", value if closed < day else value + 1))
    if team.number % 3 == 0:
        yield Life((closed,), lambda _day: of("lead time of controlling", "savings", value))


def _measurement(
    team: Team, key: str, metric: str, value: Decimal, target: Decimal | None, unit: str, period: str
) -> Measurement:
    return Measurement(
        source="figures",
        native_id=key,
        key=key,
        title=key,
        owner=team.person(2),
        container=team.name,
        metric=metric,
        value=value,
        target=target,
        unit=unit,
        period=period,
        reporter=team.person(2),
        provenance={"owner": f"figures.xlsx!{team.name}!B2", "value": f"figures.xlsx!{team.name}!D2"},
    )
