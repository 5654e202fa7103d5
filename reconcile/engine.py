"""One judgement of the stored world: network, forecasts, checks, evidence. Pure; the view is its only door."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from model.calendars import Calendar
from model.findings import Evidence, Finding
from model.links import Link
from model.money import RateTable
from model.objectives import ObjectiveTree
from model.records import Move
from model.surroundings import Touched
from reconcile.alike import Alike
from reconcile.amended import Scoped
from reconcile.check import Blind, Check, Unjudged
from reconcile.checks import checks
from reconcile.choices import with_options
from reconcile.floats import Floats
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import largest_amount
from reconcile.inhibition import inhibitions
from reconcile.judgement import Judgement, out_of_sight
from reconcile.library import Library
from reconcile.network import Network, build
from reconcile.options import ReconcileOptions
from reconcile.propagation import NO_CALENDARS, propagate
from reconcile.renewal import Renewal, renew
from reconcile.scope import departures
from reconcile.throughput import with_second_witness
from reconcile.view import View
from reconcile.world import World

__all__ = ["Judgement", "reconcile", "reconcile_again"]


def reconcile(
    view: View,
    tree: ObjectiveTree,
    options: ReconcileOptions,
    *,
    now: datetime,
    today: date,
    rates: RateTable,
    calendars: Mapping[str, Calendar] = NO_CALENDARS,
    with_checks: Mapping[str, Check[Any]] | None = None,
) -> Judgement:
    """Derive every finding from what is stored; the same view, day and options always give the same judgement.

    ``calendars`` are those that the lags of needs count by. ``with_checks`` takes the place of the installed checks.
    """
    world = see(view, tree, options, now=now, today=today, rates=rates, calendars=calendars)
    return _judged(world, view, checks() if with_checks is None else with_checks, None)


def reconcile_again(
    earlier: World,
    view: View,
    touched: Touched,
    told: Mapping[str, AbstractSet[str]],
    *,
    now: datetime,
    with_checks: Mapping[str, Check[Any]] | None = None,
) -> Judgement:
    """Bring an earlier world up to date and judge what the changes can reach.

    It says about that what ``reconcile`` would say, and nothing about the rest. ``told`` are the first subjects of the
    findings that stand, by their checks. Objectives, options, the business day and how far each source was read must
    be as they were.
    """
    renewal = renew(earlier, view, touched, told, now=now)
    return _judged(renewal.world, view, checks() if with_checks is None else with_checks, renewal)


def _judged(whole: World, view: View, known: Mapping[str, Check[Any]], renewal: Renewal | None) -> Judgement:
    """Run the checks over a world, or over the part of it that may have to be judged otherwise than before."""
    running = {name: check for name, check in known.items() if whole.options.of(check).enabled}
    scopes = {name: _scope_of(check, renewal) for name, check in running.items()} if renewal else {}
    scope = renewal.scope if renewal else None
    world = whole if scope is None else scoped(whole, scope)
    _look_up_doubtful(world)
    world = _with_past(world, view, running, scopes)
    told = _told(world, running, scopes, renewal)
    findings: Sequence[Finding] = told.findings
    inhibited = inhibitions(findings, world)
    told.findings = []  # each of the next steps makes new ones of them, and the older ones go
    findings = with_options(findings, view, world)
    findings = _with_history(findings, view, world)
    findings = with_second_witness(findings, view, world)
    return Judgement(
        findings=tuple(sorted(findings, key=_gravest_first)),
        unjudged=told.unjudged,
        blind={name: tuple(told.blind[name]) for name in running if name in told.blind} if scope is None else {},
        coverage=world.coverage,
        absences=world.network.absences,
        inhibited=inhibited,
        forecasts=world.forecasts,
        ran={name: check.version for name, check in running.items()},
        switched_off=frozenset(known.keys() - running.keys()),
        why_gone=_reasons(running, world),
        scopes=scopes if renewal else None,
        whole=frozenset(name for name, check in running.items() if check.whole),
        world=replace(whole, departed=world.departed),
    )


@dataclass(slots=True)
class _Told:
    """What the checks say, before anything is asked about it."""

    findings: list[Finding] = field(default_factory=list)
    unjudged: dict[str, str] = field(default_factory=dict)
    blind: dict[str, list[Blind]] = field(default_factory=dict)


def _told(
    world: World, running: Mapping[str, Check[Any]], scopes: Mapping[str, frozenset[str]], renewal: Renewal | None
) -> _Told:
    told, alike = _Told(), Alike()
    for check in _in_turn(running, world):
        if renewal and check.daily:
            continue
        seen = scoped(world, scopes[check.name]) if renewal and scopes[check.name] is not renewal.scope else world
        for verdict in check.find(seen, world.options.of(check)):
            if isinstance(verdict, Blind):
                told.blind.setdefault(check.name, []).append(verdict)
            elif isinstance(verdict, Unjudged):
                told.unjudged[check.fingerprint(verdict.subjects)] = verdict.reason
            elif hidden := out_of_sight(verdict, world.network.absences):
                told.unjudged[verdict.fingerprint] = hidden.because
            else:
                told.findings.append(alike.share(verdict))
    return told


def _in_turn(running: Mapping[str, Check[Any]], world: World) -> Iterator[Check[Any]]:
    """The checks, those first that ask by when things are needed: what was worked out for that is let go of then."""
    yield from (check for check in running.values() if check.weighs_floats)
    world.floats.forget()
    yield from (check for check in running.values() if not check.weighs_floats)


def see(
    view: View,
    tree: ObjectiveTree,
    options: ReconcileOptions,
    *,
    now: datetime,
    today: date,
    rates: RateTable,
    calendars: Mapping[str, Calendar] = NO_CALENDARS,
) -> World:
    """Read the view and forecast everything, without judging it."""
    links = tuple(view.links())
    network = build(view, tree, links, options.date_order, today)
    forecasts = propagate(network, today, calendars)
    return World(
        now=now,
        today=today,
        tree=tree,
        options=options,
        rates=rates,
        network=network,
        forecasts=forecasts,
        floats=Floats(network, forecasts, calendars),
        links=_by_record(links),
        library=Library(view),
        coverage=tuple(view.coverage()),
        measurements={each.id: each for each in view.measurements()},
        served=_by_objective(links),
        unknown_statuses=tuple(view.unknown_statuses()),
        calendars=calendars,
    )


def _scope_of(check: Check[Any], renewal: Renewal) -> frozenset[str]:
    return frozenset() if check.daily else renewal.scope_of(check.name, check.concerns)


def _with_past(
    world: World, view: View, running: Mapping[str, Check[Any]], scopes: Mapping[str, frozenset[str]]
) -> World:
    """Add what the checks ask about the past, read once for all of them."""
    asked = [
        check.asks(scoped(world, scopes[name]) if name in scopes else world, world.options.of(check))
        for name, check in running.items()
        if not (scopes and check.daily)
    ]
    moves = frozenset[str]().union(*(each.moves for each in asked))
    changes = frozenset[str]().union(*(each.changes for each in asked))
    histories = frozenset[str]().union(*(each.histories for each in asked))
    told = view.changes(sorted(changes)) if changes else {}
    return replace(
        world,
        moves=view.moves(sorted(moves)) if moves else {},
        changes=told,
        histories=view.histories(sorted(histories)) if histories else {},
        departed=departures(world.departed, told),
    )


def scoped(world: World, scope: frozenset[str]) -> World:
    """The same world, of which only the nodes of a scope are gone through; a look-up finds everything."""
    if world.scope == scope:
        return world
    network = world.network
    gone_through = ("work", "releases", "objectives", "deals", "savings", "edges")
    objective_ids = {network.objectives[node].id for node in scope if node in network.objectives}
    parts: dict[str, Any] = {name: Scoped(getattr(network, name), scope) for name in gone_through}
    return replace(
        world,
        network=replace(network, **parts),
        links=Scoped(world.links, scope),
        served=Scoped(world.served, objective_ids),
        measurements=Scoped(world.measurements, scope),
        scope=scope,
    )


def _by_objective(links: Iterable[Link]) -> Mapping[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.objective_id, []).append(link)
    return {objective_id: tuple(several) for objective_id, several in found.items()}


def _by_record(links: Iterable[Link]) -> Mapping[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.record_id, []).append(link)
    return {record_id: tuple(several) for record_id, several in found.items()}


def _look_up_doubtful(world: World) -> None:
    """Look the records up together that lie behind a commitment that may not be kept, and in a part of the world those
    behind all commitments."""
    doubtful = (
        forecast
        for node in world.network.sinks()
        if (forecast := world.forecasts.get(node)) is not None
        and (world.scope is not None or _may_be_told(forecast, world.network))
    )
    others = (each.example for each in world.unknown_statuses)
    world.library.fetch({*others, *(each.node for forecast in doubtful for each in forecast.path())})


def _may_be_told(forecast: Forecast, network: Network) -> bool:
    if forecast.state is not ForecastState.DATED or forecast.day is None:
        return forecast.state is not ForecastState.DONE
    deal, saving = network.deals.get(forecast.node), network.savings.get(forecast.node)
    promised = deal.promised_date if deal else saving.planned_start if saving else None
    return promised is not None and promised < forecast.day


def _with_history(findings: Sequence[Finding], view: View, world: World) -> Sequence[Finding]:
    """Add who moved what binds, and when each record of the evidence was last confirmed; asked for once, together."""
    releases = world.network.releases
    causes = [
        dict.fromkeys(
            [finding.cause] * (finding.cause is not None)
            + [step.node for step in finding.chain if step.node in releases]
        )
        for finding in findings
    ]
    moves = view.moves(sorted({node for nodes in causes for node in nodes if node}))
    shown = {each.record_id for finding in findings for each in finding.evidence}
    seen = view.observed(sorted(shown.union(node for nodes in causes for node in nodes if node)))
    alike = Alike()
    return [
        alike.share(
            replace(
                finding,
                evidence=(
                    *(_confirmed(each, seen.get(each.record_id)) for each in finding.evidence),
                    *(
                        _moved(world, node, moves[node][-1], seen.get(node))
                        for node in nodes
                        if node and moves.get(node)
                    ),
                ),
            )
        )
        for finding, nodes in zip(findings, causes, strict=True)
    ]


def _confirmed(evidence: Evidence, seen: datetime | None) -> Evidence:
    return evidence if seen is None else replace(evidence, seen=seen)


def _moved(world: World, node: str, move: Move, seen: datetime | None) -> Evidence:
    record = world.record(node)
    return Evidence(
        record_id=node,
        key=record.key if record else node,
        field=move.field,
        value=move.new.isoformat() if move.new else "",
        where=world.where(node),
        seen=seen,
        old=move.old.isoformat() if move.old else "",
        by=move.by,
        at=move.at,
    )


def _gravest_first(finding: Finding) -> tuple[Any, ...]:
    return (-finding.severity, -largest_amount(finding.impact), -(finding.impact.days or 0), finding.fingerprint)


def _reasons(running: Mapping[str, Check[Any]], world: World) -> Callable[[Finding], str]:
    def why_gone(finding: Finding) -> str:
        check = running.get(finding.check)
        return check.why_resolved(finding, world, world.options.of(check)) if check else "nothing judges it any more"

    return why_gone
