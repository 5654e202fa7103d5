"""``driftline sync``: one run, now."""

import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_problem, say_warning, talk, write
from cli.table import console, print_table
from cli.wording import count, day
from cli.workspace import clock_of, load_configuration, open_store, start_log

if TYPE_CHECKING:
    from cli.reports.told import Told
    from config.load import Configuration
    from model.runs import Run
    from pipeline.run import Stages
    from state.store import Store

SEVERITIES = ("notice", "minor", "major", "critical")
OTHER_WORDS = {"high": "major"}
"""What --fail-on takes beside them, as other tools name their severities."""
REPORTS = ("junit", "sarif", "markdown")
"""Formats for CI systems, by the names of their modules in ``cli/reports``."""
FORMATS = ("text", "json", *REPORTS)


def _severity(_ctx: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """The severity that a word means."""
    return given and OTHER_WORDS.get(given, given)


def _asked_reports(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for each in given:
        form, separator, file = each.partition("=")
        if form not in REPORTS or not separator or not file:
            raise click.BadParameter(f"'{each}' is not FORMAT=FILE with one of {', '.join(REPORTS)}")
        found[Path(file)] = form
        # Told before the sources are asked: afterwards it would hide what came of the run.
        if not Path(file).parent.is_dir():
            raise click.BadParameter(f"there is no folder {Path(file).parent} for '{each}'")
        if Path(file).is_dir():
            raise click.BadParameter(f"'{file}' is a folder")
    return found


@click.command("sync", short_help="Read all sources once, then judge what they say.")
@click.argument("sources", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything anew instead of what changed, and take the census.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, *OTHER_WORDS]),
    callback=_severity,
    help="Exit with 1 when findings this grave or graver stand; high is another word for major.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="How to print what came of it.",
    show_default=True,
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT=FILE",
    multiple=True,
    callback=_asked_reports,
    help="Also write junit, sarif or markdown into a file; can be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON: the same as --format json.")
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[str, ...],
    full: bool,
    fail_on: str | None,
    form: str,
    reports: dict[Path, str],
    as_json: bool,
) -> None:
    """Make one pass over all sources, or over the SOURCES named, and store what changed.

    A source that fails leaves its stored records as they were; the others go on. Exit code 3 when one failed.

    For CI systems: junit and sarif tell the standing findings in the forms of these names, markdown as a page for the
    summary of a job. What stands at or above --fail-on is a failure there.

    JSON: an object with id, started_at, finished_at, outcome, baseline, results (one per source), opened, resolved and
    standing.
    """
    from model.spans import span
    from service.traces import tracing
    from state.lock import Ownership

    form = "json" if as_json else form

    configuration = load_configuration(ctx, secrets=True)
    # On a terminal the progress display and the table say what the log would.
    start_log(ctx, configuration, least=logging.ERROR if sys.stderr.isatty() else logging.INFO)
    now = clock_of(configuration).now()
    with (
        tracing(configuration.settings.service.traces),
        span("sync"),
        open_store(configuration) as store,
        Ownership.acquire(store, holder="driftline sync", now=now),
    ):
        run = _run(store, configuration, sources, full=full)
        grave = _grave(store, fail_on) if fail_on else 0
        told = _told(store, configuration, run, fail_on) if reports or form in REPORTS else None
        _send_notices(store, configuration, run)
    if told is not None:
        _write_reports(told, reports)
    if told is not None and form in REPORTS:
        write(_report(told, form))
    elif form == "json":
        print_json(run)
    else:
        _show(run, configuration)
    if grave:
        talk(f"{count(grave, 'finding')} at or above {fail_on}")
    ctx.exit(_code(run, grave))


def _send_notices(store: "Store", configuration: "Configuration", run: "Run") -> None:
    """Send what the run told at once, with whatever else waits; without a notice, nothing is sent by a run."""
    from model.deliveries import DeliveryState
    from pipeline.notice_notes import is_notice
    from pipeline.outbox import deliver

    if not any(is_notice(mail.audience) for mail in store.mailed(since=run.started_at)):
        return
    tried = deliver(store, configuration, now=clock_of(configuration).now())
    notices = [row for row in tried if is_notice(row.audience)]
    sent = sum(row.state is DeliveryState.SENT for row in notices)
    waiting = f"; {len(notices) - sent} not accepted yet" if sent < len(notices) else ""
    talk(f"told at once: {count(sent, 'mail')} sent{waiting}")


def _code(run: "Run", grave: int) -> ExitCode:
    """A source that failed counts for more than findings: what stands was not completely checked."""
    from model.runs import RunOutcome

    if run.outcome in (RunOutcome.PARTIAL, RunOutcome.FAILED):
        return ExitCode.PARTIAL
    return ExitCode.FINDINGS if grave else ExitCode.DONE


def _run(store: "Store", configuration: "Configuration", sources: tuple[str, ...], *, full: bool) -> "Run":
    from pipeline.run import chosen_sources, run_once

    chosen = chosen_sources(configuration.settings.sources, sources)
    clock = clock_of(configuration)
    with _stopping() as stop, _progress(len(chosen)) as stages:
        return run_once(
            store,
            configuration,
            clock=clock.now,
            stop=stop,
            only=sources,
            full=full,
            stages=stages,
        )


def _grave(store: "Store", fail_on: str) -> int:
    """How many standing findings are at least this grave."""
    from model.findings import Severity

    limit = Severity[fail_on.upper()]
    return sum(1 for each in store.tracked().values() if each.standing and each.finding.severity >= limit)


def _report(told: "Told", form: str) -> str:
    text: str = importlib.import_module(f"cli.reports.{form}").report(told)
    return text


def _write_reports(told: "Told", reports: dict[Path, str]) -> None:
    from model.errors import UsageError

    for file, form in reports.items():
        try:
            file.write_text(f"{_report(told, form)}\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"the report cannot be written: {error.strerror}", location=str(file), hint="what was read is stored"
            ) from error


def _told(store: "Store", configuration: "Configuration", run: "Run", fail_on: str | None) -> "Told":
    from importlib.metadata import version
    from inspect import getdoc

    from cli.reports.told import Told
    from model.findings import Severity
    from pipeline.judge import gravest_first

    standing = (each for each in store.tracked().values() if each.standing)
    return Told(
        run=run,
        standing=tuple(gravest_first(standing)),
        limit=Severity[fail_on.upper()] if fail_on else None,
        tree=configuration.mapping.tree,
        currency=configuration.settings.business.currency,
        version=version("driftline"),
        settings=configuration.files[0].name,
        meanings={name: (check.title, getdoc(check) or check.title) for name, check in configuration.checks.items()},
    )


def _show(run: "Run", configuration: "Configuration") -> None:
    print_table(
        ("source", "outcome", "read", "changed", "gone", "set aside"),
        [
            (result.source, result.outcome.value, result.read, result.changed, result.absent, result.set_aside)
            for result in run.results
        ],
        right=(2, 3, 4, 5),
    )
    local = run.started_at.astimezone(configuration.settings.business.zone)
    say(
        f"{'baseline' if run.baseline else 'run'} {run.id} on {day(local)}: "
        f"{run.opened} opened, {run.resolved} resolved, {run.standing} standing"
    )
    if run.baseline:
        talk("This was the first run: what stands now is the baseline and is not announced as news.")
    _say_failures(run)
    _say_expiring(run, configuration)


def _say_failures(run: "Run") -> None:
    """Each source that failed, in the form of all our errors."""
    from model.errors import Problem

    for result in run.results:
        if result.error:
            talk()
            say_problem(Problem(result.error, f"source {result.source}", result.hint))


def _say_expiring(run: "Run", configuration: "Configuration") -> None:
    """Credentials that end soon, or have ended, of the sources that were read (J34)."""
    from pipeline.expiry import expiry_problems
    from pipeline.judge import business_day

    settings = configuration.settings
    read = {result.source: settings.sources[result.source] for result in run.results}
    for problem in expiry_problems(read, business_day(run.started_at, settings.business.zone)):
        talk()
        say_warning(problem)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set: the run ends at its next step. A second one ends the program at once."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(ExitCode.INTERRUPTED)  # every stored step was atomic, so nothing is torn
        stop.set()
        talk("stopping after the page under way; once more stops at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(sources: int) -> Iterator["Stages"]:
    """A progress display on a terminal; silence elsewhere."""
    from pipeline.run import Stages

    if not sys.stderr.isatty():
        yield Stages()
        return
    counts: dict[str, int] = {}
    with console(sys.stderr).status(f"reading {count(sources, 'source')}") as status:

        def read(source: str, records: int) -> None:
            counts[source] = records
            status.update("reading " + ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items())))

        yield Stages(read=read, enter=status.update)
