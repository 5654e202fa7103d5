"""``driftline show``: the whole of one finding or record."""

from typing import TYPE_CHECKING

import click

from cli.output import print_json, say
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from model.findings import TrackedFinding
    from state.store import Store


@click.command("show", short_help="Show the whole of one finding or record.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one finding by the first digits of its id, or one record by its key.

    A finding comes with both claims, the chain that binds, the evidence, the money and its history; a record with its
    fields, where each came from, and its history: when each change was first seen, what the field said before and
    then, and the cell of the workbook, or the field of the source, that said so. Who made a change is told only where
    the source tells it; a workbook does not.

    JSON of a finding: an object with fingerprint, totals, so_what, finding (as in driftline findings), history and
    decisions (all that were recorded: number, fingerprints, says, by, owner, until, at, kind, record_id, note,
    entered_by and overrides).
    JSON of a record name: a list of objects with kind, record, first_seen, last_seen, absence, revisions, history (each
    with seen_at, what: first_seen, changed, absent or there_again, absence, and changes with field, old, new, place and
    again), dates (how often and how far each date was moved: field, original, now, pushes, pulls, pushed_days,
    pulled_days, days and last with who and when), links, needs and findings (fingerprints of those that stand).
    """
    from cli.chosen_finding import chosen_finding
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no finding or record {name}: {NOTHING_READ}", hint=START_READING)
        if not _show_records(store, name, configuration, as_json=as_json):
            _show_finding(store, chosen_finding(store, name, what="finding or record"), configuration, as_json=as_json)


def _show_records(store: "Store", name: str, configuration: "Configuration", *, as_json: bool) -> bool:
    """Show the records of this name; tell whether there are any."""
    from cli import record_view

    shown = [record_view.dossier(store, seen) for seen in store.find(name)]
    if as_json and shown:
        print_json([record_view.as_json(each) for each in shown])
        return True
    for number, each in enumerate(shown):
        if number:
            say()
        record_view.print_record(each, configuration)
    return bool(shown)


def _show_finding(store: "Store", tracked: "TrackedFinding", configuration: "Configuration", *, as_json: bool) -> None:
    from cli.finding_view import print_finding, totals
    from model.so_what import so_what

    history = store.transitions(fingerprint=tracked.fingerprint)
    if as_json:
        finding, currency = tracked.finding, configuration.settings.business.currency
        print_json(
            {
                "finding": tracked,
                "history": history,
                "decisions": store.decisions(tracked.fingerprint),
                "fingerprint": tracked.fingerprint,
                "totals": totals(finding.impact),
                "so_what": so_what(finding, configuration.mapping.tree, currency),
            }
        )
    else:
        print_finding(tracked, history, configuration)
