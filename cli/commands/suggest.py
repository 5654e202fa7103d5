"""``driftline suggest``: rules that would link what no rule matches, each with its reason."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, talk
from cli.today import today_of
from cli.wording import count
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from mapping.suggest import Suggestion
    from pipeline.suggest import Suggested

LISTED = 25


@click.command("suggest", short_help="Propose rules for records that no rule matches.")
@click.option("--source", help="Only for records of this source.")
@click.option(
    "--least",
    type=click.IntRange(0, 100),
    default=0,
    help="Only proposals that are at least this sure, in percent; none is below 35.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=LISTED, show_default=True, help="How many are listed; 0 lists all."
)
@click.option(
    "--write",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append them to this rule file as comments; the rest of the file stays as it is.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, source: str | None, least: int, limit: int, path: Path | None, as_json: bool) -> None:
    """Propose rules for the stored records that no rule matches, the surest first.

    A proposal rests on what the parent, or others with the same field, label, component, release, container or owner
    serve, on keys and ids that texts mention, or on names. Nothing is linked by it: with --write the rules are appended
    to a rule file as comments, to be looked at and used by taking the comment signs away.

    JSON: an object with unlinked, looked_at, written and suggestions (each with objective_id, role, source, kind,
    condition, values, record_ids, keys, confidence and reason).
    """
    from pipeline.suggest import append_suggestions

    configuration = load_configuration(ctx)
    found = _suggested(configuration, source)
    if found is None:
        _nothing(as_json)
        return
    sure = [each for each in found.suggestions if each.confidence >= least]
    shown = sure[:limit] if limit else sure
    written = 0
    if path is not None and shown:
        names = [rule.name for rule in configuration.mapping.rules]
        written = append_suggestions(path, shown, names, today_of(configuration))
    if as_json:
        told = {"unlinked": found.unlinked, "looked_at": found.looked_at, "written": written, "suggestions": shown}
        print_json(told)
        return
    _show(found, shown, len(sure) - len(shown))
    if path is not None:
        talk(f"appended {count(written, 'rule')} to {path} as comments" if written else f"{path} has all of them")


def _suggested(configuration: "Configuration", source: str | None) -> "Suggested | None":
    from mapping.wording import did_you_mean
    from model.errors import UsageError
    from pipeline.suggest import suggest

    known = list(configuration.settings.sources)
    if source is not None and source not in known:
        raise UsageError(f"there is no source named {source}", hint=did_you_mean(source, known, "the sources are"))
    with read_store(configuration) as store:
        return None if store is None else suggest(store, configuration, today_of(configuration), source=source)


def _nothing(as_json: bool) -> None:
    if as_json:
        print_json({"unlinked": 0, "looked_at": 0, "written": 0, "suggestions": []})
    else:
        talk(f"No suggestions: {NOTHING_READ}; {START_READING}")


def _show(found: "Suggested", shown: "list[Suggestion]", more: int) -> None:
    from cli.suggestion_view import print_suggestions

    if shown:
        print_suggestions(shown)
    if more:
        say(f"and {count(more, 'more proposal')} (--limit 0 lists all)")
    helped = sum(len(each.record_ids) for each in shown)
    say(f"{count(found.unlinked, 'unlinked record')}, {helped:,} with a proposal")
    if found.looked_at < found.unlinked:
        talk(f"only the first {found.looked_at:,} were looked at")
