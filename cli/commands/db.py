"""``driftline db``: the state database."""

from pathlib import Path

import click

from cli.output import print_json, say, talk
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


@click.group("db", short_help="Upgrade, inspect or back up the state database.")
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
    with read_store(configuration) as store:
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
    """Write a consistent copy of a SQLite state database to PATH, also while the daemon runs."""
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    if not state_exists(configuration):
        raise UsageError(f"there is nothing to back up: {NOTHING_READ}", hint=START_READING)
    with open_store(configuration) as store:
        store.backup(path)
    talk(f"wrote {path}")
