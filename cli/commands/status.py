"""``driftline status``: what is read, how fresh it is, what waits."""

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from cli.approval_view import what_now
from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_error, talk
from cli.plain import plain
from cli.source_view import failure_of, show_set_aside
from cli.table import print_pairs, print_table
from cli.wording import count, moment
from cli.workspace import (
    NOTHING_READ,
    START_READING,
    clock_of,
    load_configuration,
    read_store,
    settings_path,
    start_log,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from config.load import Configuration
    from model.errors import Problem, UserError
    from model.findings import TrackedFinding
    from model.mapping_changes import Inventory, MappingChange, RefusedConfiguration
    from model.measures import Measures, StoredMeasures
    from model.runs import CannotJudge, Coverage, Run
    from pipeline.agenda import Plan
    from state.records import StoredSetAside
    from state.store import Store


LAST_MEASURES = 30
"""How many runs' measures JSON tells."""
NEXT_READS = 4
"""How many of the times are shown at which something is read next."""


@dataclass(slots=True)
class Picture:
    """What the command shows."""

    last_run: "Run | None" = None
    coverage: "Sequence[Coverage]" = ()
    set_aside: "Sequence[StoredSetAside]" = ()
    standing: "Sequence[TrackedFinding]" = ()
    deliveries: dict[str, int] = field(default_factory=dict)
    owner: str | None = None
    expiring: "Sequence[Problem]" = ()
    hints: "Mapping[str, str]" = field(default_factory=dict)
    mapping: "Inventory | None" = None
    changed: "MappingChange | None" = None
    refused: "RefusedConfiguration | None" = None
    blind: "Sequence[CannotJudge]" = ()
    plans: "Mapping[str, Plan]" = field(default_factory=dict)
    """When each configured source is read next, if a daemon runs."""
    mistakes: "Sequence[Problem]" = ()
    """What is wrong with the files now, which nobody but a running daemon can go on without."""

    @property
    def held(self) -> int:
        return sum(1 for finding in self.standing if finding.held_since is not None)


@click.command("status", short_help="Show how fresh each source is and what waits.")
@click.option("--measures", "with_measures", is_flag=True, help="Show what Driftline measured about itself instead.")
@click.option("--cannot-judge", "lacking", is_flag=True, help="List what checks cannot judge, and why, instead.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, with_measures: bool, lacking: bool, as_json: bool) -> None:
    """Show how fresh and complete each source is, what to do, the last run, the standing findings and the outbox.

    Checks that cannot judge something, because no source delivers what they need, are counted in the last line.
    --cannot-judge lists them with the reasons.

    JSON: an object with last_run (as driftline sync gives it), sources (with a hint where one failed, held_checks:
    while only some fields lack, the checks whose findings are held; otherwise null, next_read: when the daemon reads it
    next by what is stored now, and put_off: null, or until and reason, while a blackout or its budget keeps it back),
    set_aside, findings (open and
    held), cannot_judge (check, reason and sources of what could not be judged at all, because a source does not deliver
    what the check needs), deliveries (by state), owner (who works on the state now), expiring (credentials that end
    within 30 days, or have ended) and mapping: fingerprint (of what records were linked with last), last_change (as
    driftline plan --log gives it), refused (since, problems and active, while the daemon does not take an edit) and
    mistakes (what is wrong with the files now). Exit code 2 when there are mistakes.

    With --measures, over the last 90 days: how late people and tools learn of a change, how much is linked, how many
    findings led to a decision, and how long a disagreement waits for its first mail. One row is a pair of tools (the
    one in which a fact changed, the one that promised something that rests on it) or an objective; "told" ends with the
    first digest that announced it, "reflected" with the change of the commitment. What no source's history tells is
    unknown and not counted. A finding led to a decision when one was recorded, when it was accepted or acknowledged, or
    when it resolved because the commitment was changed.

    JSON with --measures: an object with measures, null before anything was measured, and runs, the last 30 runs that
    measured anything new (run_id and measures), newest first. Measures have at, days, told, reflected and first_mail
    (each with measured, median_seconds, worst_seconds, unknown and waiting), pairs (changed_in, other, told,
    reflected), objectives (objective_id, told, reflected), decisions (findings, recorded, accepted, acknowledged,
    commitment_changed, ended_otherwise, undecided) and coverage (counted_at, records, linked, unpriced, and money by
    account and currency with total and linked).
    """
    from model.errors import UsageError

    if with_measures and lacking:
        raise UsageError("--measures and --cannot-judge show something else each", hint="give one of them")
    configuration, wrong = _configuration(ctx)
    if with_measures:
        _measured(configuration, as_json)
        if wrong is not None:
            talk()
            say_error(wrong)
            ctx.exit(ExitCode.MEND)
        return
    with read_store(configuration) as store:
        picture = _picture(store, configuration) if store else Picture()
    picture.coverage = _with_unread(picture.coverage, configuration)
    picture.expiring = _expiring(configuration)
    picture.mistakes = wrong.problems if wrong is not None else ()
    if as_json:
        _print_json(picture, configuration)
    elif lacking:
        _show_lacking(picture)
    else:
        _show(picture, configuration)
    if wrong is not None:
        talk()
        say_error(wrong)
        ctx.exit(ExitCode.MEND)


def _measured(configuration: "Configuration", as_json: bool) -> None:
    """What Driftline measured about itself."""
    from cli.measures_view import show_measures
    from pipeline.measures import measures_now

    measures: Measures | None = None
    runs: Sequence[StoredMeasures] = ()
    with read_store(configuration) as store:
        if store is not None:
            measures = measures_now(store, configuration, now=clock_of(configuration).now())
            runs = store.measures(LAST_MEASURES) if as_json else ()
    if as_json:
        print_json({"measures": measures, "runs": runs})
    else:
        show_measures(measures, configuration.settings.business.zone)


def _configuration(ctx: click.Context) -> "tuple[Configuration, UserError | None]":
    """The configuration, or the settings alone and the mistakes of the other files: a daemon may go on without them."""
    from config.load import without_mapping
    from model.errors import UserError

    try:
        return load_configuration(ctx), None
    except UserError as error:
        alone = without_mapping(settings_path(ctx))
        if alone is None:
            raise
        start_log(ctx, alone, least=logging.WARNING)
        return alone, error


def _picture(store: "Store", configuration: "Configuration") -> Picture:
    from pipeline.agenda import plans_of
    from pipeline.blindness import blindness
    from pipeline.drift import held_checks

    runs = store.runs(limit=1)
    with store.view() as view:
        coverage = [
            each if each.complete else replace(each, held_checks=held_checks(store, configuration, each.source))
            for each in view.coverage()
        ]
    changes = store.mapping_changes(limit=1)
    return Picture(
        blind=blindness(store),
        mapping=store.inventory(),
        changed=changes[0] if changes else None,
        refused=store.refused_configuration(),
        last_run=runs[0] if runs else None,
        coverage=coverage,
        set_aside=store.set_aside(),
        standing=[finding for finding in store.tracked().values() if finding.standing],
        deliveries={state.value: number for state, number in store.count_deliveries().items()},
        owner=store.owner(),
        plans=plans_of(store, configuration, clock_of(configuration).now()),
        hints={
            entry.source: what_now(
                entry.source,
                failure_of(store, entry.source, entry.error).hint,
                approved=store.pending_approval(entry.source) is not None,
            )
            for entry in coverage
            if entry.error and not entry.complete
        },
    )


def _expiring(configuration: "Configuration") -> "Sequence[Problem]":
    from pipeline.expiry import expiry_problems
    from pipeline.judge import business_day

    settings = configuration.settings
    return expiry_problems(settings.sources, business_day(clock_of(configuration).now(), settings.business.zone))


def _with_unread(coverage: "Sequence[Coverage]", configuration: "Configuration") -> "list[Coverage]":
    """Every configured source in the order of the settings, also when it was never read; then what is left over."""
    from model.runs import Coverage

    known = {entry.source: entry for entry in coverage}
    configured = configuration.settings.sources
    listed = [known.pop(name, Coverage(name, 0, 0, complete=False)) for name in configured]
    return [*listed, *known.values()]


def _print_json(picture: Picture, configuration: "Configuration") -> None:
    configured = configuration.settings.sources
    print_json(
        {
            "last_run": picture.last_run,
            "sources": [
                {
                    **plain(entry),
                    "configured": entry.source in configured,
                    "hint": picture.hints.get(entry.source, ""),
                    **_planned(picture.plans.get(entry.source)),
                }
                for entry in picture.coverage
            ],
            "set_aside": picture.set_aside,
            "findings": {"open": len(picture.standing) - picture.held, "held": picture.held},
            "cannot_judge": picture.blind,
            "deliveries": picture.deliveries,
            "owner": picture.owner,
            "expiring": picture.expiring,
            "mapping": {
                "fingerprint": picture.mapping.fingerprint if picture.mapping else None,
                "last_change": picture.changed,
                "refused": picture.refused,
                "mistakes": picture.mistakes,
            },
        }
    )


def _show(picture: Picture, configuration: "Configuration") -> None:
    zone = configuration.settings.business.zone
    configured = configuration.settings.sources
    rows = [
        (
            entry.source,
            f"{entry.records:,}",
            f"{entry.linked:,} of {entry.linkable:,}",
            moment(entry.as_of, zone) if entry.as_of else "never",
            _condition(entry) if entry.source in configured else "no longer configured",
        )
        for entry in picture.coverage
    ]
    print_table(("source", "records", "linked", "last complete read", "condition"), rows, right=(1, 2))
    say()
    print_pairs(
        [
            *_edits(picture, zone),
            *(("what to do", f"{name}: {hint}") for name, hint in picture.hints.items() if hint),
            *(("renew", f"{problem.message}: {problem.hint}") for problem in picture.expiring),
            *_put_off(picture, zone),
            ("last run", _last_run(picture.last_run, zone)),
            ("findings", f"{len(picture.standing)} standing" + (f", {_held(picture.held)}" if picture.held else "")),
            ("mails", ", ".join(f"{number} {state}" for state, number in picture.deliveries.items()) or "none yet"),
            ("working now", picture.owner or "nothing: no daemon runs on this state"),
            *_next(picture, zone),
            *_mapping(picture, zone),
            *_lacking(picture.blind),
        ]
    )
    if picture.set_aside:
        say()
        say(f"{count(len(picture.set_aside), 'record')} set aside because they could not be read")
        show_set_aside({f"{one.source} {one.native_id}": one for one in picture.set_aside}, zone, indent=2)
    if picture.last_run is None:
        talk(f"{NOTHING_READ}; {START_READING}")


def _mapping(picture: Picture, zone: "ZoneInfo") -> "Iterator[tuple[str, str]]":
    """What records are linked with, when that is not what it was at first."""
    if picture.mapping is not None and picture.changed is not None:
        who = f" by {picture.changed.by}" if picture.changed.by else ""
        said = f"{picture.mapping.fingerprint[:8]} since {moment(picture.changed.at, zone)}{who}"
        yield "mapping", f"{said}; driftline plan --log tells what changed"


def _edits(picture: Picture, zone: "ZoneInfo") -> "Iterator[tuple[str, str]]":
    """What stands in the files and is not worked with."""
    if picture.refused is not None and picture.owner is not None:
        yield "not taken", f"an edit, since {moment(picture.refused.since, zone)}: {_first(picture.refused.problems)}"
    elif picture.mistakes:
        yield "mistakes", f"in the files: {_first(picture.mistakes)}"


def _planned(plan: "Plan | None") -> dict[str, object]:
    return {"next_read": plan.next_at if plan else None, "put_off": plan.put_off if plan else None}


def _next(picture: Picture, zone: "ZoneInfo") -> "Iterator[tuple[str, str]]":
    """What is read next, as long as somebody reads by the timetables."""
    if picture.owner is None or not picture.plans:
        return
    by_time: dict[str, list[str]] = {}
    for name, plan in sorted(picture.plans.items(), key=lambda each: each[1].next_at):
        by_time.setdefault(moment(plan.next_at, zone), []).append(name)
    shown = [f"{at}: {', '.join(names)}" for at, names in list(by_time.items())[:NEXT_READS]]
    later = sum(len(names) for names in list(by_time.values())[NEXT_READS:])
    yield "next reads", "; ".join([*shown, *([f"{count(later, 'source')} later"] if later else [])])


def _put_off(picture: Picture, zone: "ZoneInfo") -> "Iterator[tuple[str, str]]":
    for name, plan in picture.plans.items():
        if plan.put_off is not None:
            yield "put off", f"{name} until {moment(plan.put_off.until, zone)}: {plan.put_off.reason}"


def _first(problems: "Sequence[Problem]") -> str:
    if not problems:
        return "unknown"
    place = f" ({problems[0].location})" if problems[0].location else ""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0].message}{place}{more}"


def _condition(entry: "Coverage") -> str:
    if entry.complete:
        return "complete"
    if not entry.error:
        return "not read yet"
    return f"read in part: {entry.error}" if entry.held_checks is not None else f"failed: {entry.error}"


def _last_run(run: "Run | None", zone: "ZoneInfo") -> str:
    return f"{run.id}, {run.outcome.value}, {moment(run.started_at, zone)}" if run else "none yet"


def _lacking(blind: "Sequence[CannotJudge]") -> "Iterator[tuple[str, str]]":
    if blind:
        checks = count(len({each.check for each in blind}), "check")
        yield "cannot judge", f"{checks}, wholly or in part: driftline status --cannot-judge"


def _show_lacking(picture: Picture) -> None:
    """Every check that cannot judge something, with its reasons."""
    rows = sorted({(each.check, each.reason) for each in picture.blind})
    if rows:
        print_table(("cannot judge", "because"), rows)
    elif picture.last_run is None:
        talk(f"{NOTHING_READ}; {START_READING}")
    else:
        say("no check lacks what it needs")


def _held(held: int) -> str:
    return f"{held} of them held because a source is incomplete"
