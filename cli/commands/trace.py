"""``driftline trace``: what causes a finding or a date, and what it hits, across all tools."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, talk
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.traces import Trace


@click.command("trace", short_help="Show what causes a record or finding, and what it hits.")
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="Follow every need and child too, not only what binds.")
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="Draw it into this file as well.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, everything: bool, picture: Path | None, as_json: bool) -> None:
    """Walk the plan both ways from a record by its key, an objective by its id, or a finding by the first digits of
    its id.

    What causes it: the chain of needs, children and releases that decides its date, over all tools, the cause last.
    What it hits: everything whose date it decides, with days and money for deals, savings and objectives. Money is
    counted once for each record.

    JSON: a list of objects with finding (the fingerprint, or null), causes, hits, totals (money by account over the
    distinct records that are hit), unconverted, others (how many more hang on it without being decided by it; 0 with
    --all) and cause_hits (how many other deals and savings its cause decides). causes and hits are trees of nodes with
    node, key, kind (work, release, objective, deal, saving or nothing), title, source, says, day (its forecast), binds,
    compared (whether it committed to a day), days (of lateness; null where nothing supports it), money, unconverted,
    serves, again (told elsewhere), skipped and hidden (nodes left out before and behind it) and branches.
    """
    from cli.trace_view import as_json as contract
    from cli.trace_view import print_trace
    from model.errors import UsageError
    from pipeline.trace import trace_stored

    configuration = load_configuration(ctx)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no record or finding {name}: {NOTHING_READ}", hint=START_READING)
        traces = trace_stored(store, configuration, name, everything=everything, now=clock_of(configuration).now())
    currency = configuration.settings.business.currency
    if picture is not None:
        _draw(traces, picture, currency)
    if as_json:
        print_json([contract(each) for each in traces])
        return
    for number, each in enumerate(traces):
        if number:
            say()
        print_trace(each, currency)


def _draw(traces: "Sequence[Trace]", picture: Path, currency: str) -> None:
    from cli.trace_svg import svg
    from model.errors import UsageError

    if len(traces) > 1:
        names = ", ".join(each.causes.node for each in traces)
        raise UsageError("a picture shows one record, and several have this name", hint=f"name one of: {names}")
    try:
        picture.write_text(svg(traces[0], currency), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {picture}: {error.strerror}", hint="name another file") from error
    talk(f"drawn into {picture}")
