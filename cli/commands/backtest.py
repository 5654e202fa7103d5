"""``driftline backtest``: what the tools already knew in the past, and when people acted."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.chosen_day import Day
from cli.output import talk, write
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from pipeline.backtest import Backtest

_DAY = Day()


@click.command("backtest", short_help="Replay the past: since when the tools disagreed.")
@click.option("--from", "start", type=_DAY, metavar="DATE", required=True, help="The first day, as 2026-04-01.")
@click.option("--to", "end", type=_DAY, metavar="DATE", help="The last day. Default: today.")
@click.option("--step", type=click.IntRange(1, 92), default=1, show_default=True, help="Replay every so many days.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html", "svg"]),
    default="text",
    show_default=True,
    help="A table, the JSON contract, a page for leaders, or only its picture.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file.")
@click.pass_context
def command(ctx: click.Context, start: datetime, end: datetime | None, step: int, form: str, out: Path | None) -> None:
    """Replay the past day by day, and tell for each disagreement the first day on which the tools already knew.

    Against it stands the day on which people acted in the tools: somebody moved the promised date, planned the saving
    anew or changed the work. Between the two lie the days that would have been gained, with the money behind them.
    Each day is judged as driftline reconcile --as-of judges it; nothing is stored and no source is asked.

    With --format json: an object with from, to, step, totals (by ending, over distinct records), median_days (by
    ending, over reasons), disagreements (with fingerprint, check, first, earlier, end, ending, says, days, totals and
    finding), days (with day, standing, and at_risk, acted and put_right by account), upkeep and reconstruction. ending
    is acted (somebody changed what was promised), work (the work was changed), otherwise, or not_yet.
    """
    from cli.today import today_of
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    last: date = end.date() if end else today_of(configuration)
    made = _replayed(configuration, start.date(), last, step)
    if out is None:
        if form in ("text", "json"):
            _print(made, form, configuration.settings.business.currency)
        else:
            write(_written(made, form, configuration).rstrip("\n"))
        return
    try:
        out.write_text(_written(made, form, configuration), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="name another file") from error
    talk(f"written into {out}")


def _replayed(configuration: "Configuration", start: date, end: date, step: int) -> "Backtest":
    from model.errors import UsageError
    from pipeline.backtest import backtest

    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no past to replay: {NOTHING_READ}", hint=START_READING)
        with _progress() as progress:
            now = clock_of(configuration).now()
            return backtest(store, configuration, start, end, now=now, step=step, progress=progress)


def _written(made: "Backtest", form: str, configuration: "Configuration") -> str:
    """The replay in one of its forms."""
    currency = configuration.settings.business.currency
    if form == "html":
        from cli.backtest_page import page

        return page(made, currency, _organisation(configuration))
    if form == "svg":
        from cli.backtest_svg import svg

        return svg(made, currency)
    with redirect_stdout(StringIO()) as said:
        _print(made, form, currency)
    return said.getvalue()


def _print(made: "Backtest", form: str, currency: str) -> None:
    from cli.backtest_view import backtest_json, print_backtest
    from cli.output import print_json

    if form == "json":
        print_json(backtest_json(made))
    else:
        print_backtest(made, currency)


def _organisation(configuration: "Configuration") -> str:
    """The name of the organization, where the objectives begin with one."""
    from model.objectives import Level

    tops = [each.name for each in configuration.mapping.tree.objectives if each.level is Level.ORGANIZATION]
    return tops[0] if len(tops) == 1 else ""


@contextmanager
def _progress() -> Iterator[Callable[[date], None]]:
    """The day that is replayed, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _day: None
        return
    from cli.table import console
    from cli.wording import day

    with console(sys.stderr).status("reading the past") as status:
        yield lambda when: status.update(f"replaying {day(when)}")
