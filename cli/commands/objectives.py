"""``driftline objectives``: the tree of what the company wants, and what serves it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cli.output import print_json, talk, write
from cli.today import today_of
from cli.wording import count
from cli.workspace import NOTHING_READ, START_READING, load_configuration, near, read_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.load import Configuration
    from mapping.coverage import LinkCoverage
    from model.objectives import Objective

LEVELS = ("organization", "portfolio", "program", "project", "measure_package", "measure")


@click.group("objectives", short_help="Show the objectives, one or all; import, export.")
def command() -> None:
    """Look at the objectives and what serves them; bring them in from a workbook and back."""


@command.command("tree")
@click.argument("objective", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def tree(ctx: click.Context, objective: str | None, as_json: bool) -> None:
    """Draw the objectives as a tree, or those from OBJECTIVE down.

    Each one tells its level, owner, target and reported lights; the records that serve it or an objective below it, by
    role, each counted once; and the money of its open deals and savings.

    JSON: a list of objects as the objectives file has them, each with coverage (own, below, tally, waits, has_work;
    null before the first sync) and children.
    """
    from cli.objective_view import nested, print_tree

    configuration = load_configuration(ctx)
    roots = _roots(configuration, objective)
    found = _coverage(configuration)
    if as_json:
        print_json(nested(configuration.mapping.tree, roots, found))
        return
    if found is None:
        talk(f"No coverage: {NOTHING_READ}; {START_READING}")
    print_tree(configuration.mapping.tree, roots, found)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the objectives in the order of the files.

    JSON: a list of objects as the objectives file has them, each with its location.
    """
    from cli.objective_view import print_objectives

    configuration = load_configuration(ctx)
    objectives = configuration.mapping.tree.objectives
    if as_json:
        print_json(objectives)
    else:
        print_objectives([(each, near(configuration, each.location)) for each in objectives])


@command.command("show")
@click.argument("objective")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def show(ctx: click.Context, objective: str, as_json: bool) -> None:
    """Show the whole of OBJECTIVE: its baselines, what the plan implies and why, what the pace implies, and who moved
    which planned day.

    The pace is a second witness and never moves a date of the plan: the weeks to come are drawn from the whole weeks
    that were, again and again, and half and 85 % of the draws end by the two days that are told. The weeks, what was
    finished in them and what is left are shown. With too short a history there is no such forecast.

    JSON: an object with objective (as in driftline objectives list), baselines (the original first, the last in force),
    forecast (state, day and chain; null where nothing delivers it), slip (days against the baseline in_force and the
    original), pace (whole and teams, each with name, remaining, weeks, likely, safe, undefined and undated), moved
    (record, key and as dates of driftline show) and findings (fingerprints of those that stand).
    """
    from cli.objective_dossier import objective_json, print_objective
    from cli.workspace import clock_of
    from model.errors import UsageError
    from pipeline.objective import picture_of

    configuration = load_configuration(ctx)
    [found] = _roots(configuration, objective)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"nothing is known about {objective}: {NOTHING_READ}", hint=START_READING)
        picture = picture_of(store, configuration, found, now=clock_of(configuration).now())
    if as_json:
        print_json(objective_json(picture))
    else:
        print_objective(picture, configuration)


@command.command("teams")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def teams(ctx: click.Context, as_json: bool) -> None:
    """Show the pace of each team over everything it does. A team is a container of a source, as jira/AUR.

    Only the smallest pieces of work count: an epic does not count beside its stories.

    JSON: a list of objects with name, remaining, weeks (pairs of a Monday and what was finished), likely (50 %), safe
    (85 %), undefined (why one of them is missing) and undated.
    """
    from cli.objective_dossier import print_teams
    from cli.workspace import clock_of
    from pipeline.objective import paces

    configuration = load_configuration(ctx)
    with read_store(configuration) as store:
        found = () if store is None else paces(store, configuration, now=clock_of(configuration).now())
    if store is None:
        talk(f"No teams: {NOTHING_READ}; {START_READING}")
    if as_json:
        print_json(found)
    else:
        print_teams(found)


@command.command("import")
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option("--sheet", help="The sheet of the objectives. Default: the first visible one with their headers.")
@click.option("--level", type=click.Choice(LEVELS), help="The level of rows that name none.")
@click.option("--account", help="What the amounts by month count, where no column Account says so: EBITDA.")
@click.option("--currency", help="The currency of amounts that name none, as EUR.")
@click.option(
    "--locale", type=click.Choice(["de", "en"]), help="How numbers typed as text are written: 1.234,5 or 1,234.5."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The YAML file to write. Default: standard output.",
)
@click.option("--force", is_flag=True, help="Write over the file if it exists.")
@click.pass_context
def import_(
    ctx: click.Context,
    workbook: Path,
    sheet: str | None,
    level: str | None,
    account: str | None,
    currency: str | None,
    locale: Literal["de", "en"] | None,
    output: Path | None,
    force: bool,
) -> None:
    """Turn the objectives of WORKBOOK into a YAML file, with the cell that each value came from as a comment.

    Columns are found by their English or German headers (ID, Name, Level, Parent, Owner, Sponsor, Controller, Target,
    Stage gate, months such as Okt 2026 ...); a column that is not known is named and left out. Sheets called Baselines,
    Needs and Values belong to the objectives. What is wrong is shown with its cell, all at once, and then nothing is
    written. A workbook to start from comes from driftline objectives export.

    Rows may stand below objectives of the configuration, when there is one.
    """
    from model.objectives import Level
    from pipeline.objectives_workbook import Defaults, import_objectives

    _may_write(output, force=force)
    defaults = Defaults(Level(level) if level else None, account, currency, locale)
    found = import_objectives(workbook, sheet=sheet, defaults=defaults, known=_known(ctx))
    for note in found.notes:
        talk(note)
    if output is None:
        write(found.text.removesuffix("\n"))
    else:
        _write_file(output, found.text.encode())
        talk(f"wrote {count(len(found.objectives), 'objective')} of {found.sheet} to {output}")


@command.command("export")
@click.argument("workbook", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over the file if it exists.")
@click.pass_context
def export(ctx: click.Context, workbook: Path, force: bool) -> None:
    """Write the objectives to WORKBOOK, from which driftline objectives import reads them back as they are.

    It has a sheet for the objectives and one each for their baselines, needs and values by month. No text in it can act
    as a formula.
    """
    from pipeline.objectives_export import workbook_of

    _may_write(workbook, force=force)
    objectives = load_configuration(ctx).mapping.tree.objectives
    _write_file(workbook, workbook_of(objectives))
    talk(f"wrote {count(len(objectives), 'objective')} to {workbook}")


def _may_write(path: Path | None, *, force: bool) -> None:
    from model.errors import UsageError

    if path is not None and not path.name:
        raise UsageError(f"{path} is a folder", hint="name a file in it")
    if path is not None and path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="name another file, or write over it with --force")


def _write_file(path: Path, content: bytes) -> None:
    """Write the whole file or nothing of it."""
    from model.errors import UsageError

    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="name a file in a folder of yours"
        ) from error


def _known(ctx: click.Context) -> "Sequence[Objective]":
    """The objectives of the configuration; none where there is no sound one, which the first import precedes."""
    from model.errors import UserError

    try:
        return load_configuration(ctx).mapping.tree.objectives
    except UserError:
        return ()


def _roots(configuration: "Configuration", objective: str | None) -> "Sequence[Objective]":
    """The objective that was named, or all that stand at the top; raise UsageError for an unknown name."""
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    tree = configuration.mapping.tree
    if objective is None:
        return [each for each in tree.objectives if each.parent is None]
    found = tree.get(objective)
    if found is None:
        known = [each.id for each in tree.objectives]
        hint = did_you_mean(objective, known, "the objectives are") or "driftline objectives list shows them"
        raise UsageError(f"there is no objective {objective}", hint=hint)
    return [found]


def _coverage(configuration: "Configuration") -> "LinkCoverage | None":
    from pipeline.coverage import coverage

    with read_store(configuration) as store:
        return None if store is None else coverage(store, configuration, today_of(configuration))
