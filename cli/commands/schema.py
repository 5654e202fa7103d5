"""``driftline schema``: the JSON Schemas that editors use."""

from pathlib import Path

import click


@click.command("schema", short_help="Write the JSON Schemas that editors use.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="schema")
def command(folder: Path) -> None:
    """Write the JSON Schemas of settings, objectives and rules into FOLDER (default: schema).

    The first line of each starter file points an editor with a YAML language server at them.
    """
    from config.schema import write_schemas

    for path in write_schemas(folder):
        click.echo(path)
