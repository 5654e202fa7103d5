"""``driftline run``: the daemon."""

import os
import sys

import click

from cli.exit_codes import ExitCode
from cli.workspace import clock_of, load_configuration, open_store, settings_path, start_log, state_url, with_secrets


@click.command("run", short_help="Run as a daemon: read at intervals, send digests at their times.")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Read every source at its interval and send every digest at its local time, until SIGTERM or SIGINT.

    A second daemon on the same state refuses to start and names the one that runs.

    An edited file is taken within seconds, and at once on SIGHUP, when everything is sound; otherwise the daemon goes
    on as before and says so in its log, in driftline status and, with mail.admin, by mail.

    With service.port it tells its health and its metrics over HTTP. When a job goes on beyond service.job_deadline, it
    ends with exit code 3, to be started anew by its service manager.
    """
    from config.load import load
    from scheduler import Daemon
    from service.hold import Hold
    from service.systemd import ServiceManager
    from service.traces import tracing
    from state.lock import Ownership
    from state.store import left_open

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, configuration)
    clock, path = clock_of(configuration), settings_path(ctx).absolute()
    unclean = left_open(state_url(configuration))
    with (
        open_store(configuration) as store,
        Ownership.acquire(store, holder="driftline run", now=clock.now()) as ownership,
    ):
        if unclean:
            store.verify()  # whatever ended the process before may have hurt the file too (C9)
        manager = ServiceManager.of(os.environ)
        daemon = Daemon(
            store,
            configuration,
            clock.now,
            load=lambda: with_secrets(load(path)),
            manager=manager,
            hold=Hold(ownership),
        )
        with tracing(configuration.settings.service.traces):
            clean = daemon.run()
    code = ExitCode.PARTIAL if daemon.hangs or daemon.hold.ousted else ExitCode.DONE
    if not clean:
        # A library call still waits for an answer on its thread; every stored step was atomic, so nothing is torn.
        sys.stderr.flush()
        os._exit(code)
    ctx.exit(code)
