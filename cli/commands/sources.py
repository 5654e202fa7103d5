"""``driftline sources``: what is configured, and what a first contact shows."""

import threading
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import moment, print_json, print_table, say_error, talk
from cli.workspace import clock_of, load_configuration, open_store

if TYPE_CHECKING:
    from model.reading import Probe


@click.group("sources", short_help="List the configured sources, or call one to see what works.")
def command() -> None:
    """Look at the sources."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_sources(ctx: click.Context, as_json: bool) -> None:
    """List the configured sources with their kind, interval and last complete read."""
    from model.options import format_duration

    configuration = load_configuration(ctx)
    with open_store(configuration) as store, store.view(objective_ids=[]) as view:
        as_of = {entry.source: entry.as_of for entry in view.coverage()}
    rows = [
        {"name": name, "kind": options.kind, "every": format_duration(options.every), "as_of": as_of.get(name)}
        for name, options in configuration.settings.sources.items()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("source", "kind", "read every", "last complete read"),
        [(row["name"], row["kind"], row["every"], moment(as_of.get(str(row["name"])))) for row in rows],
    )


@command.command("probe")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def probe(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Call the sources NAMED, or all of them, and tell who we are there, what we see and what is missing.

    Nothing is stored. Exit code 3 when a source could not be asked.
    """
    from connectors.base import ReadContext
    from connectors.registry import connector_type
    from model.errors import DriftlineError
    from pipeline.run import chosen_sources

    configuration = load_configuration(ctx, secrets=True)
    settings = configuration.settings
    now = clock_of(configuration).now()
    probes: dict[str, Probe] = {}
    failures: dict[str, DriftlineError] = {}
    for name, options in chosen_sources(settings.sources, names).items():
        context = ReadContext(now=now, zone=settings.business.zone, stop=threading.Event())
        connector = connector_type(options.kind)(name, options, context)
        try:
            probes[name] = connector.probe()
        except DriftlineError as error:
            failures[name] = error
        finally:
            connector.close()
    if as_json:
        print_json({"sources": probes, "failed": {name: error.problems for name, error in failures.items()}})
    else:
        for name, seen in probes.items():
            _show(name, seen)
        for failure in failures.values():
            say_error(failure)
    if failures:
        ctx.exit(ExitCode.PARTIAL)


def _show(name: str, seen: "Probe") -> None:
    click.echo(click.style(name, bold=True))
    click.echo(f"  signed in as {seen.identity} at {seen.server}")
    for container in seen.containers:
        click.echo(f"  sees {container.name} ({container.id}), {container.state}")
    for what, count in seen.counts:
        click.echo(f"  counts {count} {what}")
    for problem in seen.problems:
        talk(str(problem).replace("error:", "warning:", 1))
