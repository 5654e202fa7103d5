"""``driftline doctor``: what is in order with this installation and what to mend."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.workspace import clock_of, load_configuration, settings_path, state_url

if TYPE_CHECKING:
    from config.load import Configuration
    from model.errors import Problem

LOCK = Path(__file__).parents[2] / "requirements.lock"


@click.command("doctor", short_help="Check the installation and say what to mend.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check the configuration, secrets, database, permissions, disk, clock, versions, mail path, credentials, sources
    and audiences. Nothing is changed, and no mail is sent: the mail server is only signed in to, and servers of sources
    are only asked what time it is, without signing in.

    Each line is ok, warning or failed; below what is not ok stands one thing to do. Exit code 2 when something failed.
    No secret is shown.

    JSON: an object with verdict (the worst: ok, warning or failed) and checks, a list of objects with area, verdict,
    says and remedy (empty for what is ok).
    """
    from cli.doctor_view import show, show_json, worst
    from config.clock import system_time
    from pipeline.doctor import Patient, Verdict, examine

    configuration, mistakes = _configuration(ctx)
    clock = clock_of(configuration)
    patient = Patient(
        configuration=configuration,
        url=_url(configuration),
        now=clock.now(),
        system_now=system_time(),
        environment=os.environ,
        lock=LOCK,
    )
    found = examine(patient, mistakes)
    if as_json:
        show_json(found)
    else:
        show(found)
    if worst(found) is Verdict.FAILED:
        ctx.exit(ExitCode.MEND)


def _configuration(ctx: click.Context) -> "tuple[Configuration, tuple[Problem, ...]]":
    """The configuration, or the settings alone and what is wrong with the other files."""
    from config.load import without_mapping
    from model.errors import UserError

    try:
        return load_configuration(ctx), ()
    except UserError as error:
        alone = without_mapping(settings_path(ctx))
        if alone is None:
            raise
        return alone, error.problems


def _url(configuration: "Configuration") -> str:
    """The database's url; without its password where that cannot be had, which is told among the secrets."""
    from model.errors import ConfigurationError

    try:
        return state_url(configuration)
    except ConfigurationError:
        return configuration.settings.state.url
