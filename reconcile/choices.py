"""What a decider can choose from: each option is computed from stored records, none is invented (domain 4.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from model.findings import Account, DecisionOption, Finding, OptionKind, total_of
from model.keys import objective_node
from model.objectives import Objective, StageGate
from model.records import Deal, Saving
from reconcile.above import name_of
from reconcile.bound import Bounds, Holder, bounds_of
from reconcile.decisions import owner
from reconcile.delay import with_delay
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.funding import to_fund
from reconcile.view import View
from reconcile.wording import day_text, days_text, listed
from reconcile.world import World

_OVER = (StageGate.CLOSED, StageGate.CANCELLED)


def with_options(findings: Sequence[Finding], view: View, world: World) -> list[Finding]:
    """Add to each finding what its delay costs and what can be decided about it, with the last day for that.

    What its check offers itself comes to that, and stands instead of the same option computed here.
    A finding about the upkeep of the data has no options.
    """
    cases = [_case(with_delay(finding, world), world) for finding in findings]
    bounds = bounds_of(view, world, [case.path for case in cases])
    return [each.finding if each.finding.upkeep else _decidable(each, bounds) for each in cases]


@dataclass(frozen=True, slots=True)
class _Case:
    """A finding with the chain that makes it late; ``path`` is empty where it is not about a date that comes later."""

    finding: Finding
    path: tuple[Forecast, ...] = ()
    committed: date | None = None

    @property
    def day(self) -> date:
        """What the work now says; only asked for where there is a path."""
        return self.path[0].day or date.max


def _case(finding: Finding, world: World) -> _Case:
    committed = finding.commitment.day if finding.commitment else None
    forecast = next((found for node in finding.subjects if (found := _forecast(node, world)) is not None), None)
    late = (
        forecast is not None
        and forecast.state is ForecastState.DATED
        and forecast.day is not None
        and committed is not None
        and finding.forecast is not None
        and forecast.day == finding.forecast.day
        and forecast.day > committed
    )
    return _Case(finding, tuple(forecast.path()) if forecast is not None and late else (), committed)


def _forecast(node: str, world: World) -> Forecast | None:
    return world.forecasts.get(node) or world.forecasts.get(objective_node(node))


def _decidable(case: _Case, bounds: Bounds) -> Finding:
    computed = {(each.kind, each.record_id): each for each in _options(case, bounds)}
    own = {(each.kind, each.record_id): each for each in case.finding.options}
    options = tuple(sorted((computed | own).values(), key=_cheapest_first))
    days = [each.until for each in options if each.until is not None]
    if case.finding.decide_by is not None:
        days.append(case.finding.decide_by)
    return replace(case.finding, options=options, decide_by=min(days, default=None))


def _cheapest_first(option: DecisionOption) -> tuple[Decimal, int]:
    """By what is known to be given up; of equal ones in the order of their kinds."""
    given_up = max(total_of(option.costs, account) for account in Account)
    return given_up, list(OptionKind).index(option.kind)


def _options(case: _Case, bounds: Bounds) -> Iterator[DecisionOption]:
    world = bounds.world
    if case.path and case.committed is not None:
        yield _move_promise(case, case.committed, world)
        yield from _bring_forward(case, case.committed, bounds)
        yield from _cut_scope(case, case.committed, bounds)
    yield from _fund(case, world)
    yield from _accept(case, world)
    yield from _stop(case, world)


def _move_promise(case: _Case, committed: date, world: World) -> DecisionOption:
    """It closes with the notice of its check; once that has passed it can only be done at once."""
    finding, subject = case.finding, case.path[0].node
    record = world.record(subject)
    key = finding.commitment.key if finding.commitment else subject
    to, was = day_text(case.day), day_text(committed)
    if isinstance(record, Saving):
        says = f"Book {key} from {to} instead of {was}"
    elif isinstance(record, Deal):
        says = f"Move the promise to {record.account or key} from {was} to {to}"
    else:
        says = f"Move the date of {key} from {was} to {to}"
    lead = timedelta(world.options.lead_days.of(OptionKind.MOVE_PROMISE))
    return DecisionOption(
        kind=OptionKind.MOVE_PROMISE,
        says=says,
        record_id=subject,
        acts=finding.owner or (record.owner if record else None),
        days=(case.day - committed).days,
        day=case.day,
        costs=finding.impact.shares,
        until=finding.decide_by or max(world.today, committed - lead),
    )


def _bring_forward(case: _Case, committed: date, bounds: Bounds) -> Iterator[DecisionOption]:
    """Only what binds, only while it is open, and only as far as it helps: then the next one binds.

    It cannot come to an earlier day than today plus the lead time.
    """
    world, path = bounds.world, case.path
    cause = path[-1]
    if cause.state is not ForecastState.DATED or cause.day is None or len(path) < 2 or cause.node in bounds.shipped:
        return
    lead = timedelta(world.options.lead_days.of(OptionKind.BRING_FORWARD))
    day = _latest_that_helps(case, cause.day, committed, world.today + lead, bounds)
    reached = bounds.with_cause_at(path, day)
    if day >= cause.day or reached >= case.day:
        return
    days = (cause.day - day).days
    next_one = bounds.without_cause(path)
    binds = next_one if reached > committed and next_one and next_one.day >= reached else None
    record = world.record(cause.node)
    yield DecisionOption(
        kind=OptionKind.BRING_FORWARD,
        says=f"Bring {name_of(world, cause)} forward by {days_text(days)}, to {day_text(day)}: "
        + _outcome(reached, case, committed, bounds.key(binds.node) if binds else ""),
        record_id=cause.node,
        acts=record.owner if record else None,
        days=days,
        day=reached,
        until=day - lead,
    )


def _latest_that_helps(case: _Case, now: date, committed: date, earliest: date, bounds: Bounds) -> date:
    """The latest day of the cause with which the promise is kept, or comes as near to it as it can."""
    if earliest >= now:
        return now
    wanted = max(committed, bounds.with_cause_at(case.path, earliest))
    straight = max(earliest, now - (case.day - wanted))
    after = straight + timedelta(1)
    if bounds.with_cause_at(case.path, straight) <= wanted < bounds.with_cause_at(case.path, after):
        return straight
    low, high = earliest, now
    while (high - low).days > 1:
        middle = low + (high - low) // 2
        if bounds.with_cause_at(case.path, middle) <= wanted:
            low = middle
        else:
            high = middle
    return low


def _outcome(reached: date, case: _Case, committed: date, binds: str = "") -> str:
    """What an option leads to, and what binds then."""
    if reached <= committed:
        return "the date is kept"
    helps = f"it is then {day_text(reached)}, {days_text((case.day - reached).days)} earlier than now"
    return f"{helps}; {binds} binds next" if binds else helps


def _cut_scope(case: _Case, committed: date, bounds: Bounds) -> Iterator[DecisionOption]:
    """Leave out what makes the release or parent nearest to the promise late, while something remains of it."""
    world = bounds.world
    index = next((number for number, each in enumerate(case.path) if _binds_from_below(each, world)), None)
    if index is None:
        return
    whole = case.path[index]
    needed = (whole.day or case.day) - (case.day - committed)
    left_out, kept = bounds.late_below(whole, needed)
    remaining = whole.counts.open - len(left_out)
    if not left_out or (remaining > 0 and kept is None):
        return
    if remaining <= 0 and not _done_below(whole.node, world):
        return
    if bounds.awaits(case.path[:index], _that_need_the_rest(left_out, whole.node, world), beside=whole.node):
        return
    ready = Holder(max(kept or world.today, world.today), whole.node)
    reached = bounds.carried(case.path, index, ready, cause_stays=True)
    until = max(world.today, needed) - timedelta(world.options.lead_days.of(OptionKind.CUT_SCOPE))
    if reached is None or reached.day >= case.day or until < world.today:
        return
    record = world.record(whole.node)
    rest = f"{remaining:,} of {whole.counts.open:,} open remain" if remaining > 0 else "what is done remains"
    yield DecisionOption(
        kind=OptionKind.CUT_SCOPE,
        says=f"Leave {_names(left_out, bounds)} out of {name_of(world, whole)} ({rest}): "
        + _outcome(reached.day, case, committed),
        record_id=whole.node,
        acts=(record.owner if record else None) or owner(world.tree, case.finding.objective_ids),
        days=(case.day - reached.day).days,
        day=reached.day,
        until=until,
    )


def _binds_from_below(forecast: Forecast, world: World) -> bool:
    """Whether it is a release or a parent that something inside it makes late."""
    return forecast.because is Because.CHILD and forecast.node not in world.network.objectives


def _that_need_the_rest(left_out: Sequence[str], whole: str, world: World) -> set[str]:
    """What may be later outside of a release than in it: it needs what stays there, and then waits until that ships."""
    network = world.network

    def stays(node: str) -> bool:
        own = network.own.get(node)
        return own is not None and whole in own.releases and node not in left_out

    return {node for node in left_out if any(stays(edge.to) for edge in network.edges.get(node, ()))}


def _done_below(node: str, world: World) -> bool:
    network = world.network
    rollup = network.members.get(node) or network.parents_work.get(node)
    states = (world.forecasts.get(child) for child in network.children.get(node, ()))
    return bool(rollup and rollup.done) or any(each and each.state is ForecastState.DONE for each in states)


def _names(nodes: Sequence[str], bounds: Bounds) -> str:
    return listed([bounds.key(node) for node in nodes])


def _fund(case: _Case, world: World) -> Iterator[DecisionOption]:
    """Where the budget of an objective behind the finding is known to be nothing."""
    lead = timedelta(world.options.lead_days.of(OptionKind.FUND))
    until = case.committed - lead if case.committed else None
    if until is not None and until < world.today:
        return
    for objective in _objectives(case, world):
        if objective.budget is not None and objective.budget.amount <= 0:
            option = to_fund(world, objective_node(objective.id), until=until)
            yield from [option] if option else []


def _objectives(case: _Case, world: World) -> list[Objective]:
    """Those that the finding is on, and those on its chain."""
    on_path = (world.network.objectives.get(each.node) for each in case.path)
    own = (world.tree.get(objective_id) for objective_id in case.finding.objective_ids)
    found = {each.id: each for each in (*own, *on_path) if each is not None}
    return [each for each in found.values() if each.stage_gate not in _OVER]


def _accept(case: _Case, world: World) -> Iterator[DecisionOption]:
    """Live with it until a day that is on record: when the work is to be there, or an earlier review."""
    reviews = [each.review for each in _objectives(case, world) if each.review and each.review > world.today]
    days = [*reviews, *([case.day] if case.path else [])]
    if not days:
        return
    until = min(days)
    why = "the next review" if until in reviews else "when the work is to be there"
    yield DecisionOption(
        kind=OptionKind.ACCEPT,
        says=f"Accept it until {day_text(until)}, {why}",
        acts=case.finding.decider,
        day=until,
        costs=case.finding.impact.shares,
    )


def _stop(case: _Case, world: World) -> Iterator[DecisionOption]:
    """Only where somebody is named who may end the work."""
    for objective_id in case.finding.objective_ids:
        objective, authority = world.tree.get(objective_id), world.tree.inherited_right(objective_id, "stop")
        if objective is not None and authority and objective.stage_gate not in _OVER:
            yield DecisionOption(
                kind=OptionKind.STOP,
                says=f"Stop {objective.name}",
                record_id=objective_node(objective.id),
                acts=authority,
                costs=case.finding.impact.shares,
            )
