"""Tracing one record, objective or finding through the stored world, both ways."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from config.calendars import calendars_of
from config.load import Configuration
from mapping.wording import did_you_mean
from model.errors import UsageError
from model.findings import TrackedFinding
from model.keys import objective_node
from model.records import RecordKind
from model.traces import Trace
from pipeline.judge import business_day
from pipeline.view import configured_view
from reconcile.engine import see
from reconcile.trace import trace
from reconcile.world import World
from state.store import Store

_NOT_IN_THE_PLAN = (RecordKind.SPRINT, RecordKind.MEASUREMENT)


def trace_stored(
    store: Store, configuration: Configuration, name: str, *, everything: bool, now: datetime
) -> list[Trace]:
    """Walk from every record of this name, from the objective with this id, or from the finding whose id begins so.

    Raise UsageError when there is none, with the name that was probably meant.
    """
    settings = configuration.settings
    today = business_day(now, settings.business.zone)
    nodes = list(_named(store, configuration, name))
    tracked = None if nodes else _finding(store, name)
    with configured_view(store, configuration) as view:
        world = see(
            view,
            configuration.mapping.tree,
            settings.reconcile,
            now=now,
            today=today,
            rates=settings.business.rate_table(),
            calendars=calendars_of(settings.calendars, today),
        )
        if tracked is not None:
            nodes = [_subject(tracked, world)]
        if not nodes:
            raise _unknown(name, world)
        return [
            replace(
                trace(world, node, store.links_of(node), everything=everything),
                finding=tracked.fingerprint if tracked else "",
            )
            for node in nodes
        ]


def _named(store: Store, configuration: Configuration, name: str) -> Iterator[str]:
    """The nodes of the plan that go by a name: an objective, and records that are there, or else those that were."""
    yield from (
        objective_node(each.id)
        for each in configuration.mapping.tree.objectives
        if name.strip() in (each.id, objective_node(each.id))
    )
    found = [seen.record.id for seen in store.find(name) if seen.record.kind not in _NOT_IN_THE_PLAN]
    present = [id_ for id_ in found if store.absence(id_) is None]
    yield from present or found


def _finding(store: Store, name: str) -> TrackedFinding | None:
    found = store.find_finding(name) if name.strip() else []
    if len(found) > 1:
        raise UsageError(f"{name} begins {len(found)} findings", hint="give more digits of the id")
    return found[0] if found else None


def _subject(tracked: TrackedFinding, world: World) -> str:
    """Where the walk of a finding begins: its subject, or what binds it where the subject is no part of the plan."""
    wanted = [*tracked.finding.subjects, *filter(None, [tracked.finding.cause])]
    known = [node for node in wanted if node in world.forecasts.by_node or world.record(node) is not None]
    if not known:
        raise UsageError(
            f"nothing of the finding {tracked.fingerprint[:8]} is part of the plan any more",
            hint=f"see what it was: driftline show {tracked.fingerprint[:8]}",
        )
    return known[0]


def _unknown(name: str, world: World) -> UsageError:
    network = world.network
    keys = [objective.id for objective in network.objectives.values()]
    keys += [item.key for item in network.work.values()]
    for records in (network.releases, network.deals, network.savings):
        keys += [record.key for record in records.values()]
    hint = did_you_mean(name, dict.fromkeys(keys)) or "records go by their key, findings by the digits of their id"
    return UsageError(f"there is no record, objective or finding {name}", hint=hint)
