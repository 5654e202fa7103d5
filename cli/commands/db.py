"""``driftline db``: the state database."""

from datetime import timedelta
from pathlib import Path

import click

from cli.output import print_json, say, talk
from cli.wording import count
from cli.workspace import (
    NOTHING_READ,
    START_READING,
    clock_of,
    load_configuration,
    open_store,
    read_store,
    state_exists,
    state_url,
)


@click.group("db", short_help="Upgrade, back up, restore, prune or export the state.")
def command() -> None:
    """Look after the state database."""


@command.command("upgrade")
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema of the state database up to this program's.

    Refused while another process owns the state; stop the daemon first.
    """
    from state.lock import Ownership
    from state.store import Store

    configuration = load_configuration(ctx)
    url, now = state_url(configuration), clock_of(configuration).now()
    with Ownership.acquire(url, holder="driftline db upgrade", now=now), Store.open(url, migrate=True) as store:
        say(f"the schema is at {store.schema_version()}")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show where the state lies, which schema it has and who owns it.

    JSON: an object with url, schema (null: there is no state yet) and owner.
    """
    from state.engine import parse_url, shown

    configuration = load_configuration(ctx)
    with read_store(configuration, older=True) as store:
        facts = {
            "url": shown(parse_url(configuration.settings.state.url)),
            "schema": store.schema_version() if store else None,
            "owner": store.owner() if store else None,
        }
    if as_json:
        print_json(facts)
    elif facts["schema"] is None:
        say(f"{facts['url']} does not exist yet: {NOTHING_READ}; {START_READING}")
    else:
        say(f"{facts['url']} at schema {facts['schema']}, owned by {facts['owner'] or 'nobody'}")


@command.command("backup")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, path: Path) -> None:
    """Write a whole copy of the state to PATH, also while the daemon runs, and read it back before it gets that name.

    A state in PostgreSQL is copied by pg_dump; where that is not installed, the command to run elsewhere is told.
    PATH must not exist. How often to do it, and how to put a copy back: docs/how-to/back-up-and-restore.md.
    """
    from model.errors import UsageError
    from state.backup import back_up

    configuration = load_configuration(ctx)
    if not state_exists(configuration):
        raise UsageError(f"there is nothing to back up: {NOTHING_READ}", hint=START_READING)
    with open_store(configuration, older=True) as store:
        back_up(store, state_url(configuration), path)
    talk(f"wrote {path}")


@command.command("restore")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--resend",
    is_flag=True,
    help="Send what waited in the backup, and today's digests: for when nothing of it has gone out.",
)
@click.pass_context
def restore(ctx: click.Context, path: Path, resend: bool) -> None:
    """Put the copy at PATH in the place of the state; what was there is kept under another name.

    Refused while a daemon or another program uses the state, and when the copy is damaged, is no state, or has the
    schema of a newer program; then nothing is changed. An older schema is brought up to this program's.

    Nothing is mailed again: what waited in the backup is held until somebody runs driftline digest resend, and the next
    digest is that of the next day. What happened after the backup is read from the sources anew.
    """
    from pipeline.rhythm import slot_book
    from state.backup import restore as put_back

    configuration = load_configuration(ctx)
    now = clock_of(configuration).now()
    done = put_back(state_url(configuration), path, now=now, resend=resend)
    with open_store(configuration) as store:
        slot_book(store, configuration).begin(now)
    say(f"restored {path}, written at schema {done.schema}")
    if done.kept:
        say(f"what was there is kept as {done.kept}")
    if done.held:
        say(f"{count(done.held, 'mail')} held, which may have gone out since; to send them: driftline digest resend")


class _Length(click.ParamType[timedelta]):
    """A length of time as the settings write it."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from model.options import parse_duration

        try:
            length: timedelta = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return length


@command.command("prune")
@click.option("--keep-revisions", type=_Length(), help="How far back the past stays; default: state.retention.")
@click.option("--keep-mails", type=_Length(), help="How long texts of mails stay; default: state.retention.")
@click.option("--dry-run", is_flag=True, help="Only say what would be forgotten.")
@click.pass_context
def prune(ctx: click.Context, keep_revisions: timedelta | None, keep_mails: timedelta | None, dry_run: bool) -> None:
    """Forget what is kept no longer: former contents of records, texts of mails, old runs and measures.

    The daemon does so once a day by state.retention; while it runs, this is refused, but for --dry-run. Each record
    keeps its first content, that of the first kept day and all later ones. Findings, what happened to them and
    decisions are never forgotten. Freed room in an SQLite file is used again; a backup is written without it.
    """
    from pipeline.retention import horizons
    from state.lock import Ownership
    from state.prune import prunable
    from state.prune import prune as forget

    configuration = load_configuration(ctx)
    if not state_exists(configuration):
        talk(f"{NOTHING_READ}; {START_READING}")
        return
    now = clock_of(configuration).now()
    kept = horizons(configuration, now, keep_revisions=keep_revisions, keep_mails=keep_mails)
    with open_store(configuration) as store:
        if dry_run:
            found = prunable(store, kept)
        else:
            with Ownership.acquire(store, holder="driftline db prune", now=now):
                found = forget(store, kept)
    verb = "Would forget" if dry_run else "forgot"
    say(f"{verb} {count(found.revisions, 'former content')} of records from before {kept.past:%Y-%m-%d}")
    say(f"{verb} the text of {count(found.mails, 'mail')} from before {kept.mails:%Y-%m-%d}")
    say(f"{verb} {count(found.runs, 'run')} and the measures of {count(found.measures, 'run')}")


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Form of the files.",
)
@click.pass_context
def export(ctx: click.Context, folder: Path, form: str) -> None:
    """Write records, links, findings, transitions and measures into FOLDER for other programs, one file each.

    All files show one moment of the state; the daemon may go on meanwhile. An earlier export in FOLDER is replaced,
    file by file. In CSV a text that a spreadsheet would take for a formula begins with an apostrophe. Parquet needs the
    extra export; its numbers have 10 decimal places. Columns are only ever added.
    """
    from model.errors import UsageError
    from state.export import export as write
    from state.export_files import Format

    configuration = load_configuration(ctx)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is nothing to export: {NOTHING_READ}", hint=START_READING)
        for name, rows in write(store, folder, Format(form)).items():
            say(f"{folder / f'{name}.{form}'}: {count(rows, 'row')}")
