"""``driftline demo``: the main job on a demo company, without credentials and without a network."""

import signal
import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import talk

if TYPE_CHECKING:
    from sandbox.world import Meridian

DEFAULT_FOLDER = Path("demo")


@click.group("demo", invoke_without_command=True, short_help="Play the main job on a demo company.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Where the demo company's files go; what an earlier demo left there is replaced.",
)
@click.option("--keep", is_flag=True, help="Leave sandbox and daemon running until Ctrl-C.")
@click.pass_context
def command(ctx: click.Context, folder: Path, keep: bool) -> None:
    """Start a demo company on loopback, read it, let its world move, read it again and mail the digest.

    Stand-in servers for Jira, Salesforce and Asana speak real HTTP, the workbooks are real .xlsx files, and the digest
    goes through SMTP into a sink that stores it.
    """
    if ctx.invoked_subcommand is not None:
        return
    from model.errors import UsageError

    try:
        from sandbox.world import Meridian, clear

        clear(folder)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the demo needs {error.name}", hint="install the extra: pip install 'driftline[demo]'"
        ) from error
    except FileExistsError as error:
        raise UsageError(str(error), hint="name another folder with --folder") from error
    with Meridian(folder) as world:
        _play(world, folder)
        if keep:
            _keep_running(folder)


@command.command("move")
@click.argument("what")
@click.argument("to", metavar="DATE")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The folder of the running demo.",
)
def move(what: str, to: str, folder: Path) -> None:
    """Move a date in the running demo: a Jira key, a release name, an Asana gid or a deal number.

    For example: driftline demo move ERP-90 2026-11-05
    """
    import json

    import requests

    from model.errors import UsageError

    try:
        control = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))["control"]
        answer = requests.post(f"{control}/move", json={"what": what, "to": to}, timeout=10)
    except (OSError, requests.RequestException) as error:
        raise UsageError(
            f"no demo runs in {folder}", hint="start one in another terminal: driftline demo --keep"
        ) from error
    if not answer.ok:
        raise UsageError(answer.json().get("error", "the sandbox refused"))
    click.echo(answer.json()["done"])


def _play(world: "Meridian", folder: Path) -> None:
    config = ["-C", str(folder)]
    _chapter("Monday, 14 September 2026: Meridian Conveyors connects its tools")
    _call([*config, "check"])
    _call([*config, "sync"])
    _chapter("Tuesday: dates move in Jira and Asana, and nobody tells Sales or the CFO")
    world.move_to_tuesday()
    for line in (
        "AUR-118, which Aurora 4.0 waits for, moves from 18 September to 16 November",
        "AUR-140, promised to one customer, is cancelled",
        "ERP-90, which the ERP go-live waits for, moves from 24 September to 15 October",
        "two Asana tasks slip behind green lights",
        "one deal's promise is put right in Salesforce",
    ):
        talk(f"  · {line}")
    _call([*config, "sync"])
    _chapter("What the tools now disagree about")
    _call([*config, "findings"])
    _chapter("The mail that the COO and the CFO received")
    _call([*config, "digest", "send", "leaders"])
    mails = world.mail.mails()
    if mails:
        _show_mail(mails[0])
    _suggest(folder)


def _chapter(title: str) -> None:
    talk()
    talk(click.style(title, bold=True))


def _call(arguments: list[str]) -> None:
    """Run a command of this program as a person would type it; its failure fails the demo."""
    from cli.main import cli

    shown = " ".join(arguments)
    talk(click.style(f"$ driftline {shown}", fg="cyan"))
    code: Any = cli.main(args=arguments, standalone_mode=False)
    if code:
        raise click.exceptions.Exit(int(code))


def _show_mail(path: Path) -> None:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    for header in ("From", "To", "Subject", "Date"):
        click.echo(f"{header}: {message[header]}")
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    click.echo()
    click.echo(text.get_content() if text else "")
    page = path.with_suffix(".html")
    page.write_text(html.get_content() if html else "", encoding="utf-8")
    talk(f"The mail as it was received: {path}")
    talk(f"The same as a page to open:  {page}")


def _suggest(folder: Path) -> None:
    _chapter("What to try next")
    for line in (
        f"driftline -C {folder} show M-201          a record, and where each of its values came from",
        f"driftline -C {folder} show FINDING        the whole of one finding; ids are in the table above",
        f"driftline -C {folder} explain OPP-0001    why a deal is linked as it is",
        "make demo KEEP=1                         leave the company running, then move a date yourself",
        "driftline init my-company                a commented starter set for your own tools",
    ):
        talk(f"  {line}")


def _keep_running(folder: Path) -> None:
    """Run the daemon beside the sandbox until somebody stops us."""
    _chapter("The demo company and the daemon run until Ctrl-C")
    for line in (
        f"driftline demo move ERP-90 2026-11-05 --folder {folder}",
        f"driftline -C {folder} status              each source is read every 30 seconds",
        f"driftline -C {folder} findings",
        f"driftline -C {folder} digest preview leaders",
    ):
        talk(f"  {line}")
    daemon = subprocess.Popen([sys.executable, "-m", "cli.main", "-C", str(folder), "run"])  # noqa: S603 - our own program
    _stop_on(signal.SIGTERM, daemon.terminate)
    try:
        daemon.wait()
    except KeyboardInterrupt:
        daemon.wait(timeout=15)


def _stop_on(number: signal.Signals, stop: Callable[[], None]) -> None:
    signal.signal(number, lambda _number, _frame: stop())
