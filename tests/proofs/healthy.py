"""A healthy company, day by day: every record through its life, from the number of its team and a seed alone.

A team delivers one measure in increments of four weeks: an epic with six stories, two sprints and a release that comes
out on its Friday; epics and releases are planned in the week after the approval, stories three weeks ahead. Its bugs and support requests are closed within a week. Deals are promised a release after its day
and are won or lost when they said; savings begin after their epic, are forecast as planned and booked in the first days
of the next month; figures are reported in time. People start up to two days late, finish up to three days early, and
now and then plan a date anew before it comes.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from model.money import Money, Month, MonthAmount
from model.records import (
    Change,
    Deal,
    Light,
    Measurement,
    Move,
    NeedClaim,
    Outcome,
    Record,
    Release,
    Saving,
    Sprint,
    StatusCategory,
    WorkItem,
)

START = date(2026, 3, 2)
"""The Monday on which everything is read for the first time."""
SOURCES = ("jira", "asana", "crm", "savings", "figures")
FIRST = -4
"""The first increment of every team; number 0 begins with the first day, or up to three weeks later."""
_DAY = timedelta(1)
_WEEK = timedelta(7)
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Life:
    """One record through time: the days on which something happens to it, the first of which makes it, and how it
    stands on the morning of a day."""

    days: tuple[date, ...]
    at: Callable[[date], Record]


@dataclass(frozen=True, slots=True)
class Company:
    """So many teams; the same seed gives the same company."""

    teams: int
    seed: int = 6

    def chance(self, *name: object) -> random.Random:
        """The chances of one thing, always the same."""
        return random.Random(f"{self.seed} {name}")  # noqa: S311 - nothing secret

    def lives(self) -> Iterator[Life]:
        """Every record that there ever is."""
        for number in range(self.teams):
            yield from Team(self, number).lives()


@dataclass(frozen=True, slots=True)
class Increment:
    """Four weeks of one team, from a Monday on."""

    number: int
    begin: date

    @property
    def due(self) -> date:
        return self.begin + timedelta(23)

    @property
    def release_day(self) -> date:
        return self.begin + timedelta(25)


@dataclass(frozen=True, slots=True)
class Team:
    """One team, with all that it does for its measure."""

    company: Company
    number: int

    @property
    def name(self) -> str:
        return f"T{self.number}"

    @property
    def objective(self) -> str:
        return f"O-{self.number}"

    @property
    def source(self) -> str:
        """Where the team plans its work: of five teams one uses the other tool."""
        return "asana" if self.number % 5 == 4 else "jira"

    @property
    def tells_starts(self) -> bool:
        """One team in four plans by due dates alone."""
        return self.number % 4 != 1

    @property
    def tells_dues(self) -> bool:
        """One team in seven gives its stories no dates of their own: their release has one."""
        return self.number % 7 != 3

    @property
    def first(self) -> int:
        """The number of its first increment; one measure in six begins while we watch."""
        return FIRST if self.number % 6 != 5 else 1

    @property
    def approved(self) -> date:
        """When its measure was approved: six weeks before it begins."""
        return back(self.increment(self.first).begin, 30)

    @property
    def last(self) -> int:
        """The number of its last increment; some measures are reached while we watch."""
        return max(self.first + 1, (0, 1, 3, 4)[self.company.chance("last", self.number).randrange(4)])

    @property
    def increments(self) -> tuple[Increment, ...]:
        return tuple(self.increment(number) for number in range(self.first, self.last + 1))

    def increment(self, number: int) -> Increment:
        return Increment(number, START + _WEEK * (self.number % 4) + 4 * _WEEK * number)

    @property
    def target(self) -> date:
        """When the measure is to be reached: a fortnight after the last release."""
        return self.increments[-1].release_day + 2 * _WEEK

    def person(self, number: int) -> str:
        """One of the team; the sixth comes from the next team."""
        team = self.number if number < 5 else (self.number + 1) % self.company.teams
        return f"person-{team}-{number % 5}@acme.example"

    def lives(self) -> Iterator[Life]:
        for increment in self.increments:
            yield from _delivery(self, increment)
            yield _deal(self, increment)
        yield from _tickets(self)
        yield from _savings(self)
        yield from _figures(self)
        yield _report(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """When something is planned and when it then happens. ``former`` was its date until the day ``replanned``."""

    made: date
    start: date | None
    due: date | None
    begun: date
    finished: date
    former: date | None = None
    replanned: date | None = None


def stamp(day: date) -> datetime:
    """What happens on a day happens in its afternoon, and is seen on the next morning."""
    return datetime.combine(day, time(15), UTC)


def weekday(day: date) -> date:
    """The day, or the Friday before it."""
    return day - timedelta(max(0, day.weekday() - 4))


def back(day: date, worked: int) -> date:
    """So many working days before."""
    for _ in range(worked):
        day = weekday(day - _DAY)
    return day


def ahead(day: date, worked: int) -> date:
    """So many working days after."""
    for _ in range(worked):
        day += timedelta(3 if day.weekday() == 4 else 1)
    return day


def following(month: Month) -> Month:
    return Month.of(month.last + _DAY)


def work(team: Team, key: str, plan: Plan, *, dropped: bool = False, **fields: object) -> Life:
    """A piece of work: made, begun, touched every few days, and finished; nothing later than planned."""
    touched = [day for number in range(3, 40, 3) if (day := ahead(plan.begun, number)) < plan.finished]
    events = sorted({plan.made, plan.begun, plan.finished, *touched, *([plan.replanned] if plan.replanned else [])})
    end = StatusCategory.DROPPED if dropped else StatusCategory.DONE
    words = {StatusCategory.TODO: "To do", StatusCategory.DOING: "In progress", end: "Won't do" if dropped else "Done"}

    def at(day: date) -> WorkItem:
        category = (
            end if plan.finished < day else StatusCategory.DOING if plan.begun < day else StatusCategory.TODO
        )
        steps = [("To do", "In progress", plan.begun), ("In progress", words[end], plan.finished)]
        moved = plan.replanned is not None and plan.replanned < day
        return WorkItem(
            source=team.source,
            native_id=key,
            key=key,
            title=f"{fields.get('type', 'Story')} {key}",
            url=f"https://{team.source}.example/{key}",
            container=team.name,
            created=stamp(plan.made),
            changed=stamp(max(each for each in events if each < day)),
            status=words[category],
            category=category,
            resolution=words[end] if category is end else None,
            start=plan.start,
            due=plan.due if moved or plan.former is None else plan.former,
            finished=plan.finished if category is end else None,
            moves=(Move("due", plan.former, plan.due, stamp(plan.replanned)),) if moved and plan.replanned else (),
            changes=tuple(Change("status", old, new, stamp(when)) for old, new, when in steps if when < day),
            owner_active=True,
            provenance={"status": "fields.status", "due": "fields.duedate", "owner": "fields.assignee"},
            **fields,  # type: ignore[arg-type]
        )

    return Life(tuple(events), at)


def _delivery(team: Team, increment: Increment) -> Iterator[Life]:
    """The epic of an increment with its stories, its sprints and its release."""
    mark = f"{team.name}-{increment.number - FIRST}"
    chance, broken_down = team.company.chance("increment", mark), back(increment.begin, 14)
    made = ahead(team.approved, 5)
    yield _release(team, increment, mark, made)
    for half in (0, 1):
        yield _sprint(team, increment, f"{mark}-S{half}", increment.begin + half * 2 * _WEEK, broken_down)
    release = (f"{mark}-R",)
    stories = [
        _story_plan(chance, increment.begin + week * _WEEK, broken_down)
        for week in (0, 1, 2)
        for _ in (0, 1)
    ]
    for number, plan in enumerate(stories):
        due = plan.due if team.tells_dues else None
        yield work(
            team,
            f"{mark}-{number + 1}",
            replace(plan, start=plan.start if team.tells_starts else None, due=due, former=plan.former if due else None),
            dropped=number > 3 and chance.random() < 0.1,
            type="Story",
            owner=team.person((number + increment.number) % 6),
            parent=mark,
            releases=release,
            sprint=f"{mark}-S{0 if number < 4 else 1}",
            needs=(NeedClaim(f"{mark}-{number - 1}"),) if number > 1 else (),
            priority=chance.choice(("High", "Medium", "Medium", "Low")),
            estimate=Decimal(chance.randrange(1, 9)),
        )
    begun, finished = min(each.begun for each in stories), max(each.finished for each in stories)
    start = increment.begin if team.tells_starts else None
    plan = Plan(made, start, increment.due, begun, ahead(finished, 1))
    needs = _hand_over(team, increment)
    yield work(team, mark, plan, type="Epic", owner=team.person(0), releases=release, needs=needs, priority="Medium")


def _story_plan(chance: random.Random, monday: date, made: date) -> Plan:
    due = monday + timedelta(4)
    begun = ahead(monday, chance.choice((0, 0, 0, 0, 1, 2)))
    finished = max(begun, back(due, chance.choice((0, 0, 1, 1, 2, 3))))
    if chance.random() < 0.05:
        return Plan(made, monday, due, begun, finished, former=back(due, 1), replanned=back(monday, 2))
    return Plan(made, monday, due, begun, finished)


def _hand_over(team: Team, increment: Increment) -> tuple[NeedClaim, ...]:
    """An epic needs what the team before it delivered an increment earlier, where it uses the same tool."""
    if not team.number or increment.number == team.first:
        return ()
    before = Team(team.company, team.number - 1)
    earlier = before.increment(increment.number - 1)
    if before.source != team.source or before.approved > team.approved or not before.first <= earlier.number <= before.last or earlier.due >= increment.begin:
        return ()
    return (NeedClaim(f"{before.name}-{earlier.number - FIRST}"),)


def _release(team: Team, increment: Increment, mark: str, made: date) -> Life:
    def at(day: date) -> Release:
        return Release(
            source=team.source,
            native_id=f"{mark}-R",
            key=f"{team.name} {increment.begin:%Y.%m.%d}",
            title=f"{team.name} {increment.begin:%Y.%m.%d}",
            container=team.name,
            start=increment.begin,
            release_date=increment.release_day,
            released=increment.release_day < day,
        )

    return Life((made, increment.release_day), at)


def _sprint(team: Team, increment: Increment, native_id: str, begin: date, made: date) -> Life:
    end = begin + timedelta(11)

    def at(day: date) -> Sprint:
        state = "closed" if end < day else "active" if begin < day else "future"
        return Sprint(
            source=team.source,
            native_id=native_id,
            key=native_id,
            title=native_id,
            container=team.name,
            state=state,
            start=begin,
            end=end,
        )

    return Life((made, begin, end), at)


def _tickets(team: Team) -> Iterator[Life]:
    """Each week a bug and a support request of the release before, both closed within days."""
    for week in range(4 * team.first + 2, 4 * (team.last + 1)):
        for type_, weekday_number in (("Bug", 1), ("Support Request", 2)):
            key = f"{team.name}-{type_[0]}{week - 4 * FIRST}"
            chance = team.company.chance("ticket", key)
            made = team.increment(0).begin + week * _WEEK + timedelta(weekday_number)
            begun = ahead(made, chance.randrange(1, 3))
            plan = Plan(made, None, ahead(made, 6), begun, ahead(begun, chance.randrange(1, 4)))
            shipped = [each for each in team.increments if each.release_day < made]
            label = (f"{team.name} {shipped[-1].begin:%Y.%m.%d}".replace(" ", "_"),) if shipped else ()
            yield work(
                team,
                key,
                plan,
                dropped=chance.random() < 0.1,
                type=type_,
                owner=team.person(chance.randrange(5)),
                labels=label,
                priority=chance.choice(("High", "Medium", "Low")),
            )


def _deal(team: Team, increment: Increment) -> Life:
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


def _savings(team: Team) -> Iterator[Life]:
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


def _figures(team: Team) -> Iterator[Life]:
    """A figure for each month, told in the first days of the next; and every Friday how far and how costly it is."""
    month, number = Month.of(team.increment(team.first).begin), 0
    while month.first < team.target:
        yield from _monthly_figure(team, month, number)
        month, number = following(month), number + 1
    first, whole = team.increments[0].begin, team.target - team.increments[0].begin
    fridays = [first + timedelta(4) + week * _WEEK for week in range(whole.days // 7)]
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


def _report(team: Team) -> Life:
    """What the team reports every Thursday: of every other team it is yellow for a fortnight, and then green again."""
    first = team.increments[0].begin + timedelta(3)
    thursdays = [first + week * _WEEK for week in range((team.target - first).days // 7)]
    yellow = team.company.chance("yellow", team.number).randrange(15, 28) if team.number % 2 else -1

    def at(day: date) -> WorkItem:
        told = sum(1 for each in thursdays if each < day)
        return WorkItem(
            source="asana",
            native_id=f"{team.name}-report",
            key=f"{team.name}-report",
            title=f"Status of {team.objective}",
            type="Status report",
            container=team.name,
            owner=team.person(3),
            owner_active=True,
            created=stamp(thursdays[0]),
            changed=stamp(thursdays[told - 1]),
            status="In progress",
            category=StatusCategory.DOING,
            light=Light.YELLOW if told in (yellow, yellow + 1) else Light.GREEN,
        )

    return Life(tuple(thursdays), at)
