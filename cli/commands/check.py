"""``driftline check``: say everything that is wrong with the configuration, at once."""

import os

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, say_error, talk
from cli.workspace import load_configuration


@click.command("check", short_help="Check settings, objectives and rules; all mistakes at once.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("--strict", is_flag=True, help="Treat warnings as mistakes.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, strict: bool) -> None:
    """Check settings, objectives, rules and secret references without calling any source.

    Every mistake is shown with its file, line and column and one thing to do. Exit code 2 when there is one.
    """
    from config.secrets import unresolvable
    from model.errors import ConfigurationError, UserError

    try:
        configuration = load_configuration(ctx)
        warnings = [*configuration.warnings]
        missing = unresolvable(configuration.settings, environment=os.environ, root=configuration.root)
        if missing:
            raise ConfigurationError(*missing)
        if strict and warnings:
            raise ConfigurationError(*warnings)
    except UserError as error:
        if as_json:
            print_json({"ok": False, "problems": error.problems})
        else:
            say_error(error)
            talk()
            count = len(error.problems)
            talk(f"{count} {'mistake' if count == 1 else 'mistakes'}")
        ctx.exit(ExitCode.MEND)
    settings, mapping = configuration.settings, configuration.mapping
    counts = {
        "sources": len(settings.sources),
        "objectives": len(mapping.tree.objectives),
        "rules": len(mapping.rules),
        "digests": len(settings.digests),
    }
    if as_json:
        print_json({"ok": True, "warnings": warnings, **counts})
        return
    for warning in warnings:
        talk(str(warning).replace("error:", "warning:", 1))
    click.echo("ok: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
