"""Which promises still carry a date that was once the plan's: the day that somebody replaced, with who and when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from model.calendars import EVERY_DAY
from model.findings import Evidence
from model.objectives import Baseline
from model.records import Move
from reconcile.baselines import objective_baselines
from reconcile.forecast import Forecast, ForecastState, Lag
from reconcile.network import Network
from reconcile.promises import Promise
from reconcile.wording import day_text
from reconcile.world import World

_COMPARABLE = frozenset({ForecastState.DATED, ForecastState.DONE})


@dataclass(frozen=True, slots=True)
class FormerDate:
    """A date that was the plan's. ``node`` is whose it was; a record's was replaced by a ``move``, an objective's by
    approving the ``successor``."""

    node: str
    day: date
    move: Move | None = None
    successor: Baseline | None = None


def asked_about_dates(promises: Iterable[Promise], network: Network) -> frozenset[str]:
    """The records of whose moves ``former_date`` must know: what was promised, and what binds it."""
    return frozenset(
        node
        for promise in promises
        if promise.deal.promised_date not in (None, promise.forecast.day) and promise.forecast.state in _COMPARABLE
        for node in _whose(promise)
        if node not in network.objectives
    )


def former_date(world: World, promise: Promise) -> FormerDate | None:
    """The former date that the promise equals, its lag added; None where it never was the plan's, or is it again.

    It is looked for at what was promised and, where no lag or duration lies between them, at the record that binds it.
    A lag in working days is not reckoned back.
    """
    promised, lag = promise.deal.promised_date, promise.forecast.lag
    if promised is None or lag.calendar != EVERY_DAY:
        return None
    found = (_of_node(world, node, promised, lag) for node in _whose(promise))
    return next((each for each in found if each is not None), None)


def _whose(promise: Promise) -> tuple[str, ...]:
    between = list(promise.target.path())
    plain = not any(each.lag or each.takes_days for each in between)
    return tuple(dict.fromkeys((promise.target.node, between[-1].node) if plain else (promise.target.node,)))


def _of_node(world: World, node: str, promised: date, lag: Lag) -> FormerDate | None:
    objective = world.network.objectives.get(node)
    if objective is not None:
        approved = objective_baselines(objective).approved
        if not approved or lag.after(approved[-1].target, {}) == promised:
            return None
        for former, successor in zip(reversed(approved[:-1]), reversed(approved[1:]), strict=True):
            if lag.after(former.target, {}) == promised:
                return FormerDate(node, former.target, successor=successor)
        return None
    moves = sorted(world.moves.get(node, ()), key=lambda move: move.at)
    for move in reversed(moves):
        if move.old is not None and lag.after(move.old, {}) == promised:
            last = [each.new for each in moves if each.field == move.field][-1]
            again = last is not None and lag.after(last, {}) == promised
            return None if again else FormerDate(node, move.old, move=move)
    return None


def former_says(world: World, promise: Promise, former: FormerDate) -> str:
    """``its former date``, told of what was promised."""
    whose = "its" if former.node == promise.target.node else f"{_name(world, former.node)}'s"
    if promise.forecast.lag:
        return f"by {whose} former date of {day_text(former.day)}"
    return f"{whose} former date"


def former_evidence(world: World, forecast: Forecast, former: FormerDate) -> Iterator[Evidence]:
    """Who replaced the date, when and by what; left out where it is the last move that every finding tells anyway."""
    if former.successor is not None:
        approved = former.successor
        yield Evidence(
            former.node,
            _name(world, former.node),
            "baseline",
            approved.target.isoformat(),
            world.where(former.node),
            old=former.day.isoformat(),
            by=approved.approved_by,
        )
    move = former.move
    if move is None or (world.moves[former.node][-1] is move and _is_told(world, forecast, former.node)):
        return
    new = move.new.isoformat() if move.new else ""
    name, where = _name(world, former.node), world.where(former.node, move.field)
    old = former.day.isoformat()
    yield Evidence(former.node, name, move.field, new, where, old=old, by=move.by, at=move.at)


def _is_told(world: World, forecast: Forecast, node: str) -> bool:
    return node == forecast.cause.node or node in world.network.releases


def _name(world: World, node: str) -> str:
    objective = world.network.objectives.get(node)
    record = world.record(node)
    return objective.name if objective else record.key if record else node
