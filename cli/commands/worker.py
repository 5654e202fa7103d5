"""``driftline worker``: one of several processes that pull the sources together."""

import os
import re
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.workspace import clock_of, load_configuration, open_store, start_log, state_url

if TYPE_CHECKING:
    from types import ModuleType

    from config.load import Configuration

AT_ONCE = 4
LAST_PORT = 65_535


class _Port(click.ParamType[str]):
    """A port, or how far it is above that of the settings."""

    name = "port"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"\+?[0-9]{1,5}", value) or int(value) > LAST_PORT:
            self.fail(f"{value!r} is neither a port, such as 9465, nor a distance from service.port, such as +1")
        return value


@click.command("worker", short_help="Pull the sources together with other machines, over PostgreSQL.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 16),
    default=AT_ONCE,
    show_default=True,
    help="How many sources this process reads at the same time.",
)
@click.option(
    "--port",
    type=_Port(),
    default="+0",
    show_default="service.port",
    help="Where health and metrics of this process are told: a port, or +N for so many above service.port; 0: nowhere.",
)
@click.pass_context
def command(ctx: click.Context, concurrency: int, port: str) -> None:
    """Read sources as a queue in the state's PostgreSQL database hands them out, until SIGTERM or SIGINT.

    Start it as often as needed, on as many machines, with the same settings files, in place of driftline run: each
    source is read by one worker at a time, when it is due; once all that were due together are read or given up, one
    worker links, judges and tells, and one sends each digest at its time. What a worker leaves that dies is taken over
    by another within a minute. While workers run, driftline run and driftline sync are refused, and the reverse.

    A source that does not answer is tried again, at growing distances. What was given up, waits or is under way tells
    driftline jobs. Settings are read at the start: after an edit, start all workers anew.

    With service.port in the settings, each tells /healthz, /readyz and /metrics. Of several on one machine each needs a
    port of its own: --port +1, --port +2. Without service.port, +N is nowhere.

    Exit code 3 when it ends without being asked to, to be started anew by its service manager.
    """
    from service.fleet.timing import Timing
    from service.fleet.work import Work
    from service.systemd import ServiceManager
    from service.traces import tracing
    from state.lock import Ownership

    configuration = _listening(load_configuration(ctx, secrets=True), port)
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


def _listening(configuration: "Configuration", port: str) -> "Configuration":
    """The settings with the port at which this process listens."""
    from model.errors import UsageError

    options = configuration.settings.service
    chosen = int(port) or None
    if port.startswith("+"):
        chosen = options.port + int(port) if options.port is not None else None
    if chosen is not None and chosen > LAST_PORT:
        raise UsageError(f"there is no port {chosen}", hint=f"service.port is {options.port}: choose a lower one")
    if chosen is not None and options.exposed:
        raise UsageError(
            f"{options.host} can be reached from other machines, and nothing says who may ask",
            hint="set service.token, or service.host: 127.0.0.1",
        )
    service = options.model_copy(update={"port": chosen})
    return replace(configuration, settings=configuration.settings.model_copy(update={"service": service}))


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
