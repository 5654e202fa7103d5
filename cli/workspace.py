"""What most commands need: the configuration with its secrets, the store, the clock and the log."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from config.clock import Clock
    from config.load import Configuration
    from state.store import Store

NOTHING_READ = "nothing was read yet"
START_READING = "run driftline sync"


def settings_path(ctx: click.Context) -> Path:
    """The settings file that the command line or the current folder names."""
    from config.load import find_settings

    return find_settings(Path.cwd(), ctx.find_root().obj["settings_path"])


def load_configuration(ctx: click.Context, *, secrets: bool = False) -> "Configuration":
    """Read and check all configuration files; resolve the secrets only when they are needed."""
    from config.load import load

    configuration = load(settings_path(ctx))
    # Whatever a room has to say from here on goes to stderr; a command that tells more starts the log anew.
    start_log(ctx, configuration, least=logging.WARNING)
    return with_secrets(configuration) if secrets else configuration


def with_secrets(configuration: "Configuration") -> "Configuration":
    """The same configuration with every secret resolved from the environment, files and commands."""
    from dataclasses import replace

    from config.secrets import resolve

    settings = resolve(configuration.settings, environment=os.environ, root=configuration.root)
    return replace(configuration, settings=settings)


def clock_of(configuration: "Configuration") -> "Clock":
    """The clock that the settings ask for: the system's, unless a rehearsal shows another day."""
    from config.clock import Clock

    return Clock(configuration.settings.clock)


@contextmanager
def open_store(configuration: "Configuration", *, older: bool = False) -> Iterator["Store"]:
    """The state database; made on first use, and refused when its schema is not this program's. With ``older`` it may
    be that of a former program, to be copied or told of."""
    from state.store import Store

    with Store.open(state_url(configuration), older=older) as store:
        yield store


def state_url(configuration: "Configuration") -> str:
    """The database's URL with its password, which looking needs too; for the store only, never for a log."""
    from dataclasses import replace

    from config.secrets import resolve
    from model.errors import ConfigurationError

    state = configuration.settings.state
    if state.password is None:
        return state.connection_url()
    try:
        return resolve(state, environment=os.environ, root=configuration.root).connection_url()
    except ConfigurationError as error:
        problems = [replace(problem, location=f"state.{problem.location}") for problem in error.problems]
        raise ConfigurationError(*problems) from None


@contextmanager
def read_store(configuration: "Configuration", *, older: bool = False) -> Iterator["Store | None"]:
    """The state database for a look at it, also while its owner works; None when there is none yet.

    Looking makes nothing: no file, no tables.
    """
    if not state_exists(configuration):
        yield None
        return
    with open_store(configuration, older=older) as store:
        yield store


def state_exists(configuration: "Configuration") -> bool:
    """Whether something was ever stored where ``state.url`` points."""
    from state.engine import parse_url
    from state.schema import is_there

    return is_there(parse_url(state_url(configuration)))


def near(configuration: "Configuration", location: str) -> str:
    """A place in a configuration file, told from the folder of the settings."""
    return location.removeprefix(f"{configuration.root}{os.sep}")


def start_log(ctx: click.Context, configuration: "Configuration", *, least: int = logging.INFO) -> None:
    """Send log lines to stderr: JSON when nobody watches, plain lines on a terminal.

    They tell as much as ``log.level`` asks for, but nothing below ``least``, for commands that tell the rest
    themselves. The command line's ``--verbose`` wins over both.
    """
    from cli.logs import configure

    wanted = ctx.find_root().obj
    asked = logging.getLevelNamesMapping()[configuration.settings.log.level.upper()]
    level = max(asked, least, logging.WARNING if wanted.get("quiet") else least)
    configure(logging.DEBUG if wanted["verbose"] else level)
