"""How a forecast is told: the chain in plain words, and the observed fields that prove it."""

from collections.abc import Iterator
from datetime import date

from model.findings import Evidence, Step
from model.network import DateSource
from model.records import Absence, Record, Release, WorkItem
from reconcile.above import name_of
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.network import Network
from reconcile.wording import day_text, days_text, lag_text, listed
from reconcile.world import World

_ABSENT = {
    Absence.ACCESS_LOST: "cannot be read any more",
    Absence.ARCHIVED: "was archived while it was open",
    Absence.FILTERED_OUT: "is not selected any more",
    Absence.UNOBSERVED: "was not seen in the last reading",
}
_FIELDS = {Because.DUE: "due", Because.RELEASE_DATE: "release_date"}


def chain_steps(world: World, forecast: Forecast, says: str, day: date | None) -> tuple[Step, ...]:
    """The chain of a deal or a saving; ``says`` and ``day`` are its own claim, the rest is told by the forecasts."""
    path = list(forecast.path())
    first = _step(world, path[0], _joined(says, path[0], world), day)
    return (first, *(_step(world, each, says_of(world, each), each.day) for each in path[1:]))


def _joined(says: str, forecast: Forecast, world: World) -> str:
    return f"{says}; {says_of(world, forecast)}" if forecast.next is not None else says


def _step(world: World, forecast: Forecast, says: str, day: date | None) -> Step:
    return Step(
        node=forecast.node,
        key=world.key(forecast),
        title=world.title(forecast),
        says=says,
        day=day,
        where=world.where(forecast.node, _FIELDS.get(forecast.because, "")),
    )


def says_of(world: World, forecast: Forecast) -> str:
    """One node in plain words: ``waits for AUR-118``, ``due 16 Nov 2026``, ``has no date``."""
    following = forecast.next
    if following is None:
        return _last_says(world, forecast)
    if forecast.because is Because.CYCLE:
        return f"is part of a circle with {name_of(world, following)}"
    if forecast.because is Because.SHIPS_WITH:
        return f"ships with {name_of(world, following)}"
    words = f"waits for {name_of(world, following)}"
    if forecast.lag:
        words += f" and {lag_text(forecast.lag)} more"
    if forecast.takes_days:
        words += f", then takes {days_text(forecast.takes_days)}"
    return f"{words}; {forecast.need_owner} looks after that" if forecast.need_owner else words


def _last_says(world: World, forecast: Forecast) -> str:
    match forecast.state:
        case ForecastState.DATED:
            return _dated_says(world, forecast)
        case ForecastState.DONE:
            return f"finished on {day_text(forecast.day)}" if forecast.day else "is finished"
        case ForecastState.OVERDUE if forecast.day is not None:
            late = days_text((world.today - forecast.day).days)
            return f"was due {day_text(forecast.day)} and is {late} overdue"
        case ForecastState.CYCLIC:
            return _cycle_says(world, forecast)
        case ForecastState.UNKNOWN:
            return _unknown_says(world, forecast)
    return _unsupported_says(world, forecast)


def _dated_says(world: World, forecast: Forecast) -> str:
    day = day_text(forecast.day) if forecast.day else "no day"
    record = world.record(forecast.node)
    if forecast.because is Because.LEAF and isinstance(record, WorkItem):
        # Which of its dates the store took is seen from the record; anything but its due date came by the policy.
        return f"due {day}" if record.due == forecast.day else f"planned for {day}"
    if forecast.because is Because.SPRINT:
        return f"in a sprint that ends {day}"
    return f"to be released {day}" if forecast.because is Because.RELEASE_DATE else f"due {day}"


def _cycle_says(world: World, forecast: Forecast) -> str:
    cycle = world.forecasts.cycles.get(forecast.node)
    others = [_name(world, node) for node in cycle.loop[1:]] if cycle else []
    return f"waits for {', which waits for '.join(others)}, which waits for it" if others else "waits for itself"


def _name(world: World, node: str) -> str:
    return name_of(world, world.forecasts.by_node[node])


def _unknown_says(world: World, forecast: Forecast) -> str:
    if forecast.because is Because.UNKNOWN_NAME:
        return "is not known, and not every source was completely read"
    absence = world.absence(forecast.node)
    # An archived release is not absent: its source says so on the record itself.
    return _ABSENT.get(absence or Absence.ARCHIVED, "cannot be seen")


def _unsupported_says(world: World, forecast: Forecast) -> str:
    match forecast.because:
        case Because.DELETED:
            return "was deleted"
        case Because.MOVED:
            return "was moved out of what is read"
        case Because.STATUS | Because.CANCELLED:
            return "was cancelled"
        case Because.UNKNOWN_NAME:
            return "is not known anywhere"
        case Because.AMBIGUOUS_NAME:
            return "names several things"
        case Because.NOT_WORK:
            return "is no work that could finish"
    counts = forecast.counts
    return f"has no date for {counts.undated} of {counts.open} open" if counts.undated > 1 else "has no date"


def evidence_of(world: World, forecast: Forecast) -> Iterator[Evidence]:
    """The fields that the chain rests on: what binds, own dates that something later overrules, and open doubts."""
    path = list(forecast.path())
    for each in path[1:]:
        record = world.record(each.node)
        if record is None:
            continue
        if each.next is None:
            yield from _binding_field(world, each, record)
        else:
            yield from _own_date(world, record)
        if each.counts.doubtful:
            yield Evidence(each.node, record.key, "open work", _counts_text(each), world.where(each.node))


def _binding_field(world: World, forecast: Forecast, record: Record) -> Iterator[Evidence]:
    if forecast.day is not None:
        yield _dated_evidence(world, record, _date_field(world.network, forecast, record), forecast.day)
    elif forecast.because is Because.STATUS and isinstance(record, WorkItem):
        status = record.resolution or record.status or str(record.category or "")
        field = "resolution" if record.resolution else "status"
        yield Evidence(record.id, record.key, world.field_name(record.id, field), status, world.where(record.id, field))
    else:
        yield Evidence(record.id, record.key, "finish", says_of(world, forecast), world.where(record.id))


def _own_date(world: World, record: Record) -> Iterator[Evidence]:
    if isinstance(record, Release) and record.release_date is not None:
        yield _dated_evidence(world, record, "release_date", record.release_date)
    elif isinstance(record, WorkItem) and record.due is not None:
        yield _dated_evidence(world, record, "due", record.due)


def _dated_evidence(world: World, record: Record, field: str, day: date) -> Evidence:
    where = world.where(record.id, field)
    return Evidence(record.id, record.key, world.field_name(record.id, field), day.isoformat(), where)


def _date_field(network: Network, forecast: Forecast, record: Record) -> str:
    if isinstance(record, Release):
        return "release_date"
    if isinstance(record, WorkItem):
        if forecast.state is ForecastState.DONE:
            return "finished"
        own = network.own.get(record.id)
        if record.due == forecast.day:
            return "due"
        return "sprint" if own and own.source is DateSource.SPRINT and own.work == forecast.day else "finish"
    return "finish"


def _counts_text(forecast: Forecast) -> str:
    counts = forecast.counts
    doubts = [
        f"{number} {word}"
        for number, word in (
            (counts.undated, "without a date"),
            (counts.overdue, "overdue"),
            (counts.blocked, "behind something that supports nothing"),
        )
        if number
    ]
    return f"{counts.open} open, {listed(doubts)}"
