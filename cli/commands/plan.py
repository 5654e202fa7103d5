"""``driftline plan``: what the edited files would change."""

from typing import TYPE_CHECKING

import click

from cli.output import print_json, write
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.load import Configuration
    from model.mapping_changes import MappingChange
    from pipeline.plan import Plan


@click.command("plan", short_help="Show what edited rules and objectives would change.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    help="How to print it; markdown for a comment of a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON: the same as --format json.")
@click.option("--markdown", is_flag=True, help="Print as Markdown: the same as --format markdown.")
@click.option("--all", "everything", is_flag=True, help="List every link and need instead of the first 50.")
@click.option("--log", is_flag=True, help="List the changes of the mapping that took effect, the newest first.")
@click.pass_context
def command(ctx: click.Context, form: str | None, as_json: bool, markdown: bool, everything: bool, log: bool) -> None:
    """Compare the files as they are now with what is stored: links, needs, findings, and the money behind them. A check
    of your own that is new or changed shows what it would find and resolve.

    Nothing is stored, no source is asked, and a running daemon is not disturbed. Exit code 0 whatever would change, and
    2 when a file has a mistake.

    JSON: an object with changes, judged_at, before and after (hashes of the mapping), unlinked_records, rules and
    objectives (added, removed and changed names), links (with before and after: objective, rule, weight), needs,
    findings (with before and after), money (total, linked before and after by account), at_risk and counts. With
    --log: a list of changes with number, at, before, after, by, known_from, files, rules, objectives and links (rule to
    the numbers before and after).
    """
    forms = {name for name, asked in ((form, form), ("json", as_json), ("markdown", markdown)) if asked}
    if len(forms) > 1:
        raise click.UsageError(f"choose one of {' and '.join(sorted(map(str, forms)))}", ctx)
    if log and "markdown" in forms:
        raise click.UsageError("--log is printed as text or JSON, not as Markdown", ctx)
    as_json, markdown = "json" in forms, "markdown" in forms
    configuration = load_configuration(ctx)
    if log:
        _show_log(configuration, as_json=as_json)
        return
    made = _plan(configuration)
    currency, zone = configuration.settings.business.currency, configuration.settings.business.zone
    from cli.plan_view import plan_json, plan_markdown, print_plan

    if as_json:
        print_json(plan_json(made))
    elif markdown:
        write(plan_markdown(made, currency, everything=everything).rstrip("\n"))
    else:
        print_plan(made, currency, zone, everything=everything)


def _plan(configuration: "Configuration") -> "Plan":
    from model.errors import UsageError
    from pipeline.plan import plan

    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is nothing to compare with: {NOTHING_READ}", hint=START_READING)
        return plan(store, configuration)


def _show_log(configuration: "Configuration", *, as_json: bool) -> None:
    from cli.plan_view import print_changes

    changes: Sequence[MappingChange] = ()
    with read_store(configuration) as store:
        if store is not None:
            changes = store.mapping_changes()
    if as_json:
        print_json(changes)
    else:
        print_changes(changes, configuration.settings.business.zone)
