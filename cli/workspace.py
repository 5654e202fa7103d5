"""What most commands need: the configuration with its secrets, the store, the clock and the log."""

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


def settings_path(ctx: click.Context) -> Path:
    """The settings file that the command line or the current folder names."""
    from config.load import find_settings

    return find_settings(Path.cwd(), ctx.find_root().obj["settings_path"])


def load_configuration(ctx: click.Context, *, secrets: bool = False) -> "Configuration":
    """Read and check all configuration files; resolve the secrets only when they are needed."""
    from config.load import load

    configuration = load(settings_path(ctx))
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
def open_store(configuration: "Configuration") -> Iterator["Store"]:
    """The state database; made on first use, and refused when its schema is not this program's."""
    from state.store import Store

    with Store.open(configuration.state_url) as store:
        yield store


def start_log(ctx: click.Context, *, quiet: bool = False) -> None:
    """Send log lines to stderr: JSON when nobody watches, plain lines on a terminal."""
    from cli.logs import configure

    configure(verbose=ctx.find_root().obj["verbose"], quiet=quiet)
