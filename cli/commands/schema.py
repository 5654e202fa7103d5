"""``driftline schema``: the JSON Schemas that editors use."""

from pathlib import Path

import click

from cli.output import say


@click.command("schema", short_help="Write the JSON Schemas that editors use.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="schema")
def command(folder: Path) -> None:
    """Write the JSON Schemas of settings, objectives, rules and checks into FOLDER (default: schema).

    The first line of each starter file points an editor with a YAML language server at them. What an earlier version
    wrote there is replaced.
    """
    from config.schema import write_schemas

    for path in write_schemas(folder):
        say(str(path))
