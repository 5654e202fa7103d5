"""``driftline check``: say everything that is wrong with the configuration, at once."""

import os
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_error, say_warning, talk
from cli.today import today_of
from cli.wording import count
from cli.workspace import load_configuration, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from model.errors import Problem


@click.command("check", short_help="Check settings, objectives and rules; all mistakes at once.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--strict", is_flag=True, help="Treat warnings as mistakes.")
@click.option("--without-secrets", is_flag=True, help="Do not ask whether secrets can be had, for jobs without any.")
@click.option("--upgrade", is_flag=True, help="Rewrite objectives and rules of an older format in today's.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, strict: bool, without_secrets: bool, upgrade: bool) -> None:
    """Check settings, objectives, rules, your own checks and secret references without calling any source.

    The examples of your own checks are run: one that does not come out as it says is a mistake.

    Every mistake is shown with its file, line and column and one thing to do. Exit code 2 when there is one.

    Warnings tell what is probably not meant: owners that are no single person, objectives that nobody answers for or
    decides on and, once something was read, rules that link nothing, records that several rules claim equally,
    objectives without work, deals and savings that wait for nothing. With --strict they are mistakes, for CI.

    Files of an older format are read as they were meant, with a warning where a word has another name today. With
    --upgrade such files are rewritten: only those words and the version; comments and order are kept. Nothing is
    written while there is a mistake.

    JSON: an object with ok, problems (each with message, location, line and hint) and, when it is ok, warnings and the
    numbers of sources, objectives, rules and digests, and of your own checks and their examples where there are any.
    """
    from model.errors import UserError

    try:
        if upgrade:
            _upgrade(ctx)
        configuration = _checked(ctx, strict=strict, without_secrets=without_secrets)
    except UserError as error:
        if as_json:
            print_json({"ok": False, "problems": error.problems})
        else:
            say_error(error)
            talk()
            talk(count(len(error.problems), "mistake"))
        ctx.exit(ExitCode.MEND)
    advice, unseen = _advice(configuration, without_secrets=without_secrets)
    warnings = [*configuration.warnings, *advice, *unseen]
    counts = _counts(configuration)
    if as_json:
        print_json({"ok": True, "problems": [], "warnings": warnings, **counts})
        return
    for warning in warnings:
        say_warning(warning)
    say("ok: " + ", ".join(count(number, name.removesuffix("s").replace("_", " ")) for name, number in counts.items()))


def _upgrade(ctx: click.Context) -> None:
    """Rewrite what is older than today's format, if everything is sound."""
    from config.files import shown
    from config.upgrade import upgrade_files
    from mapping.upgrades import CURRENT

    for path in upgrade_files(load_configuration(ctx)):
        talk(f"rewrote {shown(path)} in version {CURRENT} of its format")


def _checked(ctx: click.Context, *, strict: bool, without_secrets: bool) -> "Configuration":
    """The configuration; raise UserError with everything that is wrong with it."""
    from config.check_examples import failures
    from config.secrets import unresolvable
    from model.errors import ConfigurationError

    configuration = load_configuration(ctx)
    missing: tuple[Problem, ...] = ()
    if not without_secrets:
        missing = unresolvable(configuration.settings, environment=os.environ, root=configuration.root)
    failed = list(failures(configuration.custom.examples, configuration.custom.checks, configuration.settings))
    doubtful: list[Problem] = []
    if strict:
        advice, unseen = _advice(configuration, without_secrets=without_secrets)
        # A job without secrets has no way into a database: that is no mistake of the files.
        doubtful = [*configuration.warnings, *advice, *([] if without_secrets else unseen)]
    if failed or missing or doubtful:
        raise ConfigurationError(*failed, *missing, *doubtful)
    return configuration


def _advice(configuration: "Configuration", *, without_secrets: bool) -> "tuple[list[Problem], list[Problem]]":
    """What is probably not meant, told by the files and, where there is a state of this program, by what is stored; and
    why that could not be looked at."""
    from model.errors import DriftlineError, Problem, StateError
    from pipeline.advice import static_warnings, stored_warnings

    found = static_warnings(configuration)
    try:
        with read_store(configuration) as store:
            return found if store is None else stored_warnings(store, configuration, today_of(configuration)), []
    except DriftlineError as error:
        if not (without_secrets or isinstance(error, StateError)):
            raise
        why = error.problems[0]
        return found, [Problem(f"the stored records were not looked at: {why.message}", why.location, why.hint)]


def _counts(configuration: "Configuration") -> dict[str, int]:
    settings, mapping = configuration.settings, configuration.mapping
    custom = {"custom_checks": len(configuration.custom.checks), "examples": len(configuration.custom.examples)}
    return {
        "sources": len(settings.sources),
        "objectives": len(mapping.tree.objectives),
        "rules": len(mapping.rules),
        "digests": len(settings.digests),
        **{name: number for name, number in custom.items() if custom["custom_checks"]},
    }
