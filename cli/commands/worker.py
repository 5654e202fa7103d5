"""``driftline worker``: one of several processes that pull the sources together."""

import os
import socket
import sys
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.workspace import clock_of, load_configuration, open_store, start_log, state_url

if TYPE_CHECKING:
    from types import ModuleType

AT_ONCE = 4


@click.command("worker", short_help="Pull the sources together with other machines, over PostgreSQL.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 16),
    default=AT_ONCE,
    show_default=True,
    help="How many sources this process reads at the same time.",
)
@click.pass_context
def command(ctx: click.Context, concurrency: int) -> None:
    """Read sources as a queue in the state's PostgreSQL database hands them out, until SIGTERM or SIGINT.

    Start it as often as needed, on as many machines, with the same settings files, in place of driftline run: each
    source is read by one worker at a time, when it is due; once all that were due together are read or given up, one
    worker links, judges and tells, and one sends each digest at its time. What a worker leaves that dies is taken over
    by another within a minute. While workers run, driftline run and driftline sync are refused, and the reverse.

    A source that does not answer is tried again, at growing distances. What was given up, waits or is under way tells
    driftline jobs. Settings are read at the start: after an edit, start all workers anew.

    Exit code 3 when it ends without being asked to, to be started anew by its service manager.
    """
    from service.fleet.timing import Timing
    from service.fleet.work import Work
    from service.systemd import ServiceManager
    from service.traces import tracing
    from state.lock import Ownership

    configuration = load_configuration(ctx, secrets=True)
    fleet = _fleet(state_url(configuration))
    start_log(ctx, configuration)
    clock = clock_of(configuration)
    with open_store(configuration) as store, Ownership.share(store, clock.now()) as ownership:
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        work = Work(store, configuration, clock.now, holder, Timing())
        worker = fleet.Worker(work, ownership, concurrency, ServiceManager.of(os.environ))
        with tracing(configuration.settings.service.traces):
            asked = worker.run()
    code = ExitCode.DONE if asked else ExitCode.PARTIAL
    if not worker.clean:
        # A library call still waits for an answer on its thread; every stored step was atomic, so nothing is torn.
        sys.stderr.flush()
        os._exit(code)
    ctx.exit(code)


def _fleet(url: str) -> "ModuleType":
    """The module that runs a worker; raise ConfigurationError where there can be none."""
    from model.errors import ConfigurationError
    from state.engine import parse_url

    if parse_url(url).get_backend_name() == "sqlite":
        raise ConfigurationError(
            "workers share a state in PostgreSQL, this one is an SQLite file",
            location="state.url",
            hint="name a PostgreSQL database in state.url, or use driftline run",
        )
    try:
        import service.fleet.run
    except ImportError as error:
        raise ConfigurationError(
            f"the queue of the workers is not installed: {error.name} is missing",
            hint="pip install 'driftline[workers]'",
        ) from error
    return service.fleet.run
