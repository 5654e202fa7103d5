"""``driftline run``: the daemon."""

import os
import sys

import click

from cli.workspace import clock_of, load_configuration, open_store, settings_path, start_log, with_secrets


@click.command("run", short_help="Run as a daemon: read at intervals, send digests at their times.")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Read every source at its interval and send every digest at its local time, until SIGTERM or SIGINT.

    A second daemon on the same state refuses to start and names the one that runs.

    An edited file is taken within seconds, and at once on SIGHUP, when everything is sound; otherwise the daemon goes
    on as before and says so in its log, in driftline status and, with mail.admin, by mail.
    """
    from config.load import load
    from scheduler import Daemon
    from state.lock import Ownership

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, configuration)
    clock, path = clock_of(configuration), settings_path(ctx).absolute()
    with open_store(configuration) as store, Ownership.acquire(store, holder="driftline run", now=clock.now()):
        clean = Daemon(store, configuration, clock.now, load=lambda: with_secrets(load(path))).run()
    if not clean:
        # A library call still waits for an answer on its thread; every stored step was atomic, so nothing is torn.
        sys.stderr.flush()
        os._exit(0)
