"""``driftline sources``: what is configured, and what a first contact shows."""

import threading
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_error, say_warning, talk
from cli.table import print_table
from cli.wording import count, moment
from cli.workspace import clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from config.load import Configuration
    from model.errors import DriftlineError
    from model.reading import Probe


@click.group("sources", short_help="List the configured sources, or call one to see what works.")
def command() -> None:
    """Look at the sources."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_sources(ctx: click.Context, as_json: bool) -> None:
    """List the configured sources with their kind, interval and last complete read.

    JSON: a list of objects with name, kind, every and as_of (null: never read).
    """
    from model.options import format_duration

    configuration = load_configuration(ctx)
    as_of = _last_reads(configuration)
    rows = [
        (name, options.kind, format_duration(options.every), as_of.get(name))
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


@command.command("probe")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def probe(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Call the sources NAMED, or all of them, and tell who we are there, what we see and what is missing.

    Nothing is stored. Exit code 3 when a source could not be asked.

    JSON: an object with sources (by name: identity, server, containers, counts, problems) and failed (by name: the
    problems).
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
    from connectors.base import ReadContext
    from connectors.registry import connector_type
    from model.errors import DriftlineError
    from pipeline.run import chosen_sources

    settings = configuration.settings
    now = clock_of(configuration).now()
    for name, options in chosen_sources(settings.sources, names).items():
        context = ReadContext(now=now, zone=settings.business.zone, stop=threading.Event())
        connector = connector_type(options.kind)(name, options, context)
        try:
            yield name, connector.probe()
        except DriftlineError as error:
            yield name, error
        finally:
            connector.close()


def _show(name: str, answer: "Probe | DriftlineError") -> None:
    if isinstance(answer, Exception):
        talk(f"{name}: could not be asked")
        say_error(answer)
        return
    say(name, bold=True)
    say(f"  signed in as {answer.identity} at {answer.server}")
    for container in answer.containers:
        called = container.name if container.name == container.id else f"{container.name} ({container.id})"
        say(f"  sees {called}, {container.state}")
    for what, number in answer.counts:
        say(f"  counts {number:,} {what}")
    for problem in answer.problems:
        say_warning(problem)
    if answer.problems:
        talk(f"{name}: {count(len(answer.problems), 'warning')}")
