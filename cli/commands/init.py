"""``driftline init``: write a commented starter set."""

from pathlib import Path

import click

from cli.output import say, talk


@click.command("init", short_help="Write a commented starter set of configuration files.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
def command(folder: Path) -> None:
    """Write settings, objectives, one mapping per source and the JSON Schemas for editors into FOLDER.

    Existing files are never overwritten.
    """
    from config.sample import write_sample

    for path in write_sample(folder):
        say(str(path))
    talk()
    there = "" if folder == Path() else f" -C {folder}"
    talk("Next: fill in driftline.yaml, put the secrets where it points (.env.example names the variables),")
    talk(f"then run: driftline{there} check")
