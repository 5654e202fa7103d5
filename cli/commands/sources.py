"""``driftline sources``: what is configured, what is stored of it, and what a first contact shows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.discovery_view import show_discovery, suggestion
from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_error, say_warning, talk
from cli.plain import plain
from cli.source_view import picture_of, show_source
from cli.table import print_table
from cli.wording import count, moment
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from config.load import Configuration
    from connectors.base import Connector, SourceOptions
    from model.errors import DriftlineError
    from model.reading import Probe


@click.group("sources", short_help="List the configured sources, show one, or call one to see what works.")
def command() -> None:
    """Look at the sources."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_sources(ctx: click.Context, as_json: bool) -> None:
    """List the configured sources with their kind, rhythm and last complete read.

    JSON: a list of objects with name, kind, every (an interval or a schedule of five fields) and as_of (null: never
    read).
    """
    configuration = load_configuration(ctx)
    as_of = _last_reads(configuration)
    rows = [
        (name, options.kind, options.rhythm, as_of.get(name))
        for name, options in configuration.settings.sources.items()
    ]
    if as_json:
        print_json([dict(zip(("name", "kind", "every", "as_of"), row, strict=True)) for row in rows])
        return
    zone = configuration.settings.business.zone
    print_table(
        ("source", "kind", "read every", "last complete read"),
        [(name, kind, every, moment(read, zone) if read else "never") for name, kind, every, read in rows],
    )


def _last_reads(configuration: "Configuration") -> "dict[str, datetime | None]":
    with read_store(configuration) as store:
        if store is None:
            return {}
        with store.view() as view:
            return {entry.source: entry.as_of for entry in view.coverage()}


@command.command("show", short_help="Show what is stored of one source and what lacks.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def show_one(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show what is stored of the source NAME, what lacks and why, and since when it cannot be read.

    The source itself is not called. A record that is set aside could not be read or kept; its reason and its place are
    shown, and the rest of the source goes on without it.

    JSON: an object with name, kind, owner, every, as_of (the last complete read, null: never), full_at (the last full
    one), complete, in_part (true while it is read without fields that drifted), records (how many are present), kinds
    (present records by kind), linked, unlinked, unlinkable (releases and sprints without a link), absences (records by
    class: deleted, moved, archived, access_lost, filtered_out, unobserved), set_aside (each with source, native_id,
    reason, location and since), failing (null, or error, hint, since, or_longer and attempts), held (null, or doubt:
    loss, identity or shape, reason, since, records, containers, identity_before and identity_now) and approvals (the
    last ones, each with doubt, records, by, reason, at and used_at; null: the next run will use it).
    """
    from pipeline.run import chosen_sources

    configuration = load_configuration(ctx)
    options = chosen_sources(configuration.settings.sources, [name])[name]
    with read_store(configuration) as store:
        picture = picture_of(store, name, kind=options.kind, owner=options.owner, every=options.rhythm)
    if as_json:
        print_json(picture)
        return
    show_source(picture, configuration.settings.business.zone)
    if picture.as_of is None and picture.failing is None:
        talk(f"{name}: {NOTHING_READ}; {START_READING}")


@command.command("probe")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def probe(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Call the sources NAMED, or all of them, and tell who we are there, what we see and what is missing.

    Nothing is stored. Exit code 3 when a source could not be asked.

    JSON: an object with sources (by name: identity, server, containers, counts, problems and fields, each with name,
    at_source and sample) and failed (by name: the problems).
    """
    configuration = load_configuration(ctx, secrets=True)
    probes: dict[str, Probe] = {}
    failures: dict[str, DriftlineError] = {}
    for name, answer in _answers(configuration, names):
        if isinstance(answer, Exception):
            failures[name] = answer
        else:
            probes[name] = answer
        if not as_json:
            _show(name, answer)
    if as_json:
        print_json({"sources": probes, "failed": {name: error.problems for name, error in failures.items()}})
    if failures:
        ctx.exit(ExitCode.PARTIAL)


def _answers(configuration: "Configuration", names: tuple[str, ...]) -> "Iterable[tuple[str, Probe | DriftlineError]]":
    """Ask one source after the other; a failure is an answer too."""
    from model.errors import DriftlineError
    from pipeline.contact import contact
    from pipeline.judge import business_day
    from pipeline.run import chosen_sources

    today = business_day(clock_of(configuration).now(), configuration.settings.business.zone)
    with read_store(configuration) as store:
        for name, options in chosen_sources(configuration.settings.sources, names).items():
            try:
                with _opened(configuration, name, options) as connector:
                    answer: Probe | DriftlineError = contact(connector, store, configuration, today)
            except DriftlineError as error:
                answer = error
            yield name, answer


@contextmanager
def _opened(configuration: "Configuration", name: str, options: "SourceOptions") -> "Iterator[Connector]":
    """The connector of a source for one look at it."""
    from connectors.base import ReadContext
    from connectors.registry import connector_type

    settings = configuration.settings
    context = ReadContext(now=clock_of(configuration).now(), zone=settings.business.zone, stop=threading.Event())
    connector = connector_type(options.kind)(name, options, context)
    try:
        yield connector
    finally:
        connector.close()


def _show(name: str, answer: "Probe | DriftlineError") -> None:
    if isinstance(answer, Exception):
        talk(f"{name}: could not be asked")
        say_error(answer)
        return
    say(name, bold=True)
    say(f"  signed in as {answer.identity} at {answer.server}" if answer.identity else f"  reads {answer.server}")
    for container in answer.containers:
        called = container.name if container.name == container.id else f"{container.name} ({container.id})"
        say(f"  sees {called}, {container.state}")
    for what, number in answer.counts:
        say(f"  counts {number:,} {what}")
    for field in answer.fields or ():
        sample = f", such as {field.sample!r}" if field.sample else ", no value among the first records"
        say(f"  reads {field.name} from {field.at_source}{sample}")
    for problem in answer.problems:
        say_warning(problem)
    if answer.problems:
        talk(f"{name}: {count(len(answer.problems), 'warning')}")


@command.command("discover", short_help="List what a source offers; suggest settings.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def discover(ctx: click.Context, name: str, as_json: bool) -> None:
    """List what the source NAME has to offer, and suggest the block of settings that keeps more of it.

    Lists the projects that the account sees and the custom fields of the configured ones, each with a value found
    among the first records; of a workbook the sheets, tables and named ranges, and the columns of the header row. The
    block takes the place of the one that the source has now. Nothing is stored.

    JSON: an object with name, option (the one that takes the block), containers (each with id, name, state and
    problem), fields (each with id, name, kind, sample, containers, setting and kept_as), suggestion (our name to what
    to write for it), problems, and settings (the lines to paste where they are more than the one option, as for a
    workbook).
    """
    from model.errors import UsageError
    from pipeline.run import chosen_sources

    configuration = load_configuration(ctx, secrets=True)
    options = chosen_sources(configuration.settings.sources, [name])[name]
    with _opened(configuration, name, options) as connector:
        found = connector.discover()
    if found is None:
        raise UsageError(
            f"a source of the kind {options.kind} does not tell what it has to offer",
            location=name,
            hint=f"see what works with: driftline sources probe {name}",
        )
    chosen = {} if found.settings else suggestion(found, getattr(options, found.option, {}))
    if as_json:
        suggested = {ours: field.setting for ours, field in chosen.items()}
        print_json({"name": name, **plain(found), "suggestion": suggested})
    else:
        show_discovery(name, found, chosen)


@command.command("approve", short_help="Let the next run conclude what is held of a source.")
@click.argument("name")
@click.option("--reason", default="", help="Why it is true; needed, and kept with the approval.")
@click.option("--by", help="Who approves. Default: the user of the operating system.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_context
def approve(ctx: click.Context, name: str, reason: str, by: str | None, yes: bool) -> None:
    """Let the next run of the source NAME conclude what is held, exactly as it is shown here; without --reason it is
    only shown.

    A source is held when it shows far fewer records than before, when another account reads it, or when a field is of
    another type. The approval counts for what is shown, and for one run: if more is gone by then, it is held again. It
    may be given while the daemon runs.
    """
    from cli.approval_view import confirmed, held_rows, picture_of_held, system_user
    from cli.table import print_pairs
    from model.errors import UsageError
    from pipeline.approval import approve_held, what_is_held
    from pipeline.run import chosen_sources
    from pipeline.trust import approving

    configuration = load_configuration(ctx)
    chosen_sources(configuration.settings.sources, [name])
    with read_store(configuration) as store:
        held = what_is_held(store, name) if store else None
        if store is None or held is None:
            raise UsageError(f"nothing is held of {name}", hint=f"see how it is: driftline sources show {name}")
        say(name, bold=True)
        print_pairs(held_rows(picture_of_held(held), configuration.settings.business.zone), indent=2)
        if not reason.strip():
            raise UsageError("an approval needs a reason", hint=f"say why it is true: {approving(name)}")
        if not (yes or confirmed(name)):
            talk("nothing was approved")
            ctx.exit(ExitCode.MEND)
        approve_held(store, held, by=by or system_user(), reason=reason.strip(), now=clock_of(configuration).now())
    talk(f"approved; the next run concludes it: driftline sync {name}")
