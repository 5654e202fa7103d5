"""``driftline db``: the state database."""

from pathlib import Path

import click

from cli.output import print_json, talk
from cli.workspace import load_configuration


@click.group("db", short_help="Upgrade, inspect or back up the state database.")
def command() -> None:
    """Look after the state database."""


@command.command("upgrade")
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema of the state database up to this program's."""
    from state.store import Store

    configuration = load_configuration(ctx)
    with Store.open(configuration.state_url, migrate=True) as store:
        click.echo(f"the schema is at {store.schema_version()}")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show where the state lies and which schema it has."""
    from state.store import Store

    configuration = load_configuration(ctx)
    with Store.open(configuration.state_url) as store:
        facts = {"url": store.shown_url, "schema": store.schema_version()}
    if as_json:
        print_json(facts)
    else:
        click.echo(f"{facts['url']} at schema {facts['schema']}")


@command.command("backup")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, path: Path) -> None:
    """Write a consistent copy of a SQLite state database to PATH, also while the daemon runs."""
    from model.errors import UsageError
    from state.store import Store

    if path.exists():
        raise UsageError(f"{path} exists already", hint="name a file that does not exist yet")
    configuration = load_configuration(ctx)
    with Store.open(configuration.state_url) as store:
        store.backup(path)
    talk(f"wrote {path}")
