"""``driftline sync``: one run, now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import console, day, print_json, print_table, talk
from cli.workspace import clock_of, load_configuration, open_store, start_log

if TYPE_CHECKING:
    from model.runs import Run
    from pipeline.run import Stages

SEVERITIES = ("notice", "minor", "major", "critical")


@click.command("sync", short_help="Read all sources once, then judge what they say.")
@click.argument("sources", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything anew instead of what changed, and take the census.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Exit with 1 when findings this grave stand.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], full: bool, fail_on: str | None, as_json: bool) -> None:
    """Make one pass over all sources, or over the SOURCES named, and store what changed.

    A source that fails leaves its stored records as they were; the others go on. Exit code 3 when one failed.
    """
    from model.findings import Severity
    from model.runs import RunOutcome
    from pipeline.run import run_once
    from state.lock import Ownership

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, quiet=console(stderr=True).is_terminal)
    clock = clock_of(configuration)
    with open_store(configuration) as store, Ownership.acquire(store, holder="driftline sync", now=clock.now()):
        with _progress(len(configuration.settings.sources)) as stages:
            run = run_once(
                store, configuration, clock=clock.now, stop=threading.Event(), only=sources, full=full, stages=stages
            )
        grave = [
            finding
            for finding in store.tracked().values()
            if fail_on and finding.standing and finding.finding.severity >= Severity[fail_on.upper()]
        ]
    if as_json:
        print_json(run)
    else:
        _show(run)
    if run.outcome in (RunOutcome.PARTIAL, RunOutcome.FAILED):
        ctx.exit(ExitCode.PARTIAL)
    if grave:
        ctx.exit(ExitCode.FINDINGS)


def _show(run: "Run") -> None:
    rows = [
        (
            result.source,
            result.outcome.value,
            result.read,
            result.changed,
            result.absent,
            result.set_aside,
            f"{result.error} {f'({result.hint})' if result.hint else ''}".strip(),
        )
        for result in run.results
    ]
    print_table(
        ("source", "outcome", "read", "changed", "gone", "set aside", "what went wrong"), rows, right=(2, 3, 4, 5)
    )
    word = "baseline" if run.baseline else "run"
    click.echo(
        f"{word} {run.id} on {day(run.started_at)}: "
        f"{run.opened} opened, {run.resolved} resolved, {run.standing} standing"
    )
    if run.baseline:
        talk("This was the first run: what stands now is the baseline and is not announced as news.")


@contextmanager
def _progress(sources: int) -> Iterator["Stages"]:
    """A progress display on a terminal; silence elsewhere."""
    from pipeline.run import Stages

    terminal = console(stderr=True)
    if not terminal.is_terminal:
        yield Stages()
        return
    counts: dict[str, int] = {}
    with terminal.status(f"reading {sources} sources") as status:

        def read(source: str, records: int) -> None:
            counts[source] = records
            status.update("reading " + ", ".join(f"{name} {number}" for name, number in sorted(counts.items())))

        yield Stages(read=read, enter=status.update)
