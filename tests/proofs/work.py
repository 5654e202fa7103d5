"""What the teams of the healthy company work on, day by day: stories, epics, releases, sprints, tickets and reports."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from model.records import (
    Change,
    Light,
    Move,
    NeedClaim,
    Release,
    Sprint,
    StatusCategory,
    WorkItem,
)
from tests.proofs.teams import (
    FIRST,
    WEEK,
    Increment,
    Life,
    Plan,
    Team,
    ahead,
    back,
    stamp,
)


def work(team: Team, key: str, plan: Plan, *, dropped: bool = False, **fields: object) -> Life:
    """A piece of work: made, begun, touched every few days, and finished; nothing later than planned."""
    touched = [day for number in range(3, 40, 3) if (day := ahead(plan.begun, number)) < plan.finished]
    events = sorted({plan.made, plan.begun, plan.finished, *touched, *([plan.replanned] if plan.replanned else [])})
    end = StatusCategory.DROPPED if dropped else StatusCategory.DONE
    words = {StatusCategory.TODO: "To do", StatusCategory.DOING: "In progress", end: "Won't do" if dropped else "Done"}

    def at(day: date) -> WorkItem:
        category = end if plan.finished < day else StatusCategory.DOING if plan.begun < day else StatusCategory.TODO
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


def delivery(team: Team, increment: Increment) -> Iterator[Life]:
    """The epic of an increment with its stories, its sprints and its release."""
    mark = f"{team.name}-{increment.number - FIRST}"
    chance, broken_down = team.company.chance("increment", mark), back(increment.begin, 14)
    made = ahead(team.approved, 5)
    yield _release(team, increment, mark, made)
    for half in (0, 1):
        yield _sprint(team, increment, f"{mark}-S{half}", increment.begin + half * 2 * WEEK, broken_down)
    release = (f"{mark}-R",)
    stories = [_story_plan(chance, increment.begin + week * WEEK, broken_down) for week in (0, 1, 2) for _ in (0, 1)]
    for number, plan in enumerate(stories):
        due = plan.due if team.tells_dues else None
        yield work(
            team,
            f"{mark}-{number + 1}",
            replace(
                plan, start=plan.start if team.tells_starts else None, due=due, former=plan.former if due else None
            ),
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
    if (
        before.source != team.source
        or before.approved > team.approved
        or not before.first <= earlier.number <= before.last
        or earlier.due >= increment.begin
    ):
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


def tickets(team: Team) -> Iterator[Life]:
    """Each week a bug and a support request of the release before, both closed within days."""
    for week in range(4 * team.first + 2, 4 * (team.last + 1)):
        for type_, weekday_number in (("Bug", 1), ("Support Request", 2)):
            key = f"{team.name}-{type_[0]}{week - 4 * FIRST}"
            chance = team.company.chance("ticket", key)
            made = team.increment(0).begin + week * WEEK + timedelta(weekday_number)
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


def report(team: Team) -> Life:
    """What the team reports every Thursday: of every other team it is yellow for a fortnight, and then green again."""
    first = team.increments[0].begin + timedelta(3)
    thursdays = [first + week * WEEK for week in range((team.target - first).days // 7)]
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
