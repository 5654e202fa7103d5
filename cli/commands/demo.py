"""``driftline demo``: the main job on a demo company, without credentials and without a network."""

import shutil
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.exit_codes import ExitCode
from cli.output import say, say_text, talk
from cli.table import print_pairs

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
        from sandbox.world import Meridian

        _make_room(folder)
        with Meridian(folder) as world:
            _play(world, folder)
            if keep:
                ctx.exit(_keep_running(folder))
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the demo needs {error.name}", hint="install the extra: pip install 'driftline[demo]'"
        ) from error
    _suggest(folder)


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
    from model.errors import UsageError

    told = _steer(folder, "move", {"what": what, "to": to})
    if "error" in told:
        raise UsageError(
            told["error"], hint="name a Jira key (ERP-90), a release ('Aurora 4.1'), an Asana gid or a deal (OPP-0001)"
        )
    say(told["done"])


@command.command("fault")
@click.argument("source")
@click.argument("fault", required=False)
@click.option("--page", type=click.IntRange(min=1), help="Strike from this page of records on, counted from now.")
@click.option("--clear", is_flag=True, help="Switch the fault off again; without a FAULT, all faults of the source.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The folder of the running demo.",
)
def fault(source: str, fault: str | None, page: int | None, clear: bool, folder: Path) -> None:
    """Make a SOURCE of the running demo (jira, asana or salesforce) fail as real ones do, until it is cleared.

    \b
    Faults of every source:
      login-page           every answer is a sign-in page with status 200
      down                 every answer is 503
      expired-token        the token is not accepted any more; Jira answers
                           searches with 200 and nothing, the others refuse
      rate-limited         every answer is 429 and asks for an hour's pause
      rate-limited-date    the same with an HTTP date two hours from now
      drip                 answers come one byte a second; each attempt ends
                           after http.answer_deadline_seconds
      truncated-json       answers break off in the middle of their JSON
      permission-loss      we do not see a project (Jira: ERP, Asana: Same-day
                           sorting) or a field (Salesforce) any more
      clock-skew           the server's clock is two hours slow

    \b
    Faults of jira:
      repeated-page-token  every page of a search leads to itself
      list-that-ends-early a search says that it goes on, and not where
      given-nothing        issues are listed, and none is given
      endless-changelog    every page of the changelog leads to itself
      no-bulk              a proxy refuses the questions in bulk
      key-move             ERP-90 moves to another project and is RTE-190

    \b
    Faults of asana:
      expired-offset       an offset is not known any more, once
      repeated-offset      every page of a list leads to itself
      sync-token-expired   lists are refused with 412
      not-in-plan          lists of tasks are refused with 402
      not-shared           lists of tasks are refused with 403
      shrunken-lists       lists are empty and say nothing of it

    \b
    Faults of salesforce:
      lost-session         the session ends between two pages, once
      expired-locator      the place in a half-read result is lost, once
      repeated-locator     every page of a result leads to itself
      day-used-up          the org's requests of the day are used up
      query-timeout        queries take too long for Salesforce
      not-allowed          queries are refused with 403
      shrunken-answers     queries show nothing and say nothing of it

    For example: driftline demo fault jira down --page 2
    """
    from model.errors import UsageError

    if fault is None and not clear:
        raise UsageError("name a fault, or --clear to end all", hint="see driftline demo fault --help")
    told = _steer(folder, "fault", {"source": source, "fault": fault, "page": page, "on": not clear})
    if "error" in told:
        raise UsageError(told["error"], hint=f"known are: {told['known']}")
    say(told["done"])


def _steer(folder: Path, path: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Ask the demo that runs in a folder for a change; its answer has ``done`` or ``error``."""
    import requests

    from model.errors import UsageError

    control = _control(folder)
    if control is None:
        hint = f"start one in another terminal: driftline demo --keep --folder {folder}"
        raise UsageError(f"no demo runs in {folder}", hint=hint)
    try:
        told: dict[str, Any] = requests.post(f"{control}/{path}", json=wish, timeout=10).json()
    except requests.RequestException as error:
        raise UsageError(
            f"the demo in {folder} does not answer", hint="start it anew: driftline demo --keep"
        ) from error
    return told


def _control(folder: Path) -> str | None:
    """The address at which a demo in this folder can be steered; None when none runs there."""
    import json
    from urllib.parse import urlsplit

    from sandbox.world import CONTROL_FILE

    try:
        address = str(json.loads((folder / CONTROL_FILE).read_text(encoding="utf-8"))["control"])
    except (OSError, ValueError, KeyError):
        return None
    return address if _listens(urlsplit(address).port or 0) else None


def _listens(port: int) -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False  # a demo that was killed leaves its file behind
    return True


def _make_room(folder: Path) -> None:
    """Remove what an earlier demo left; refuse a folder that holds something else or a demo that runs."""
    from model.errors import UsageError
    from sandbox.world import clear

    if _control(folder) is not None:
        raise UsageError(f"a demo runs in {folder}", hint="stop it with Ctrl-C, or name another folder with --folder")
    try:
        clear(folder)
    except OSError as error:
        what = str(error) if isinstance(error, FileExistsError) else f"{folder} cannot be used: {error.strerror}"
        raise UsageError(what, hint="name another folder with --folder") from error


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


def _chapter(title: str) -> None:
    talk()
    talk(title, bold=True)


def _call(arguments: list[str]) -> None:
    """Run a command of this program as a person would type it; its failure fails the demo."""
    from cli.main import cli

    talk()
    talk(f"$ {_program()} {' '.join(arguments)}", fg="cyan")
    code: Any = cli.main(args=arguments, prog_name="driftline", standalone_mode=False, obj={"quiet": True})
    if code:
        raise click.exceptions.Exit(int(code))


def _program() -> str:
    """This program as the reader can type it: by its path while it is not on the PATH."""
    started = Path(sys.argv[0])
    if started.name != "driftline" or shutil.which("driftline") is not None:
        return "driftline"
    try:
        return str(started.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(started.absolute())


def _show_mail(path: Path) -> None:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    say()
    for header in ("From", "To", "Subject", "Date"):
        say(f"{header}: {message[header]}")
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    say()
    say_text(text.get_content() if text else "")
    page = path.with_suffix(".html")
    page.write_text(html.get_content() if html else "", encoding="utf-8")
    talk()
    print_pairs([("The mail as it was received:", str(path)), ("The same as a page to open:", str(page))], talking=True)


def _suggest(folder: Path) -> None:
    _chapter("What to try next")
    program = _program()
    here = f"{program} -C {folder}"
    print_pairs(
        [
            (f"{here} show {_gravest(folder)}", "the whole of one finding; its id is in the table above"),
            (f"{here} show M-201", "a record, and where each of its values came from"),
            (f"{here} explain OPP-0001", "why a deal is linked as it is"),
            (f"{program} demo --keep", "leave the company running, then move a date yourself"),
            (f"{program} init my-company", "a commented starter set for your own tools"),
        ],
        indent=2,
        talking=True,
    )


def _gravest(folder: Path) -> str:
    """The beginning of the id of the finding that asks for most attention."""
    from config.load import load
    from pipeline.judge import gravest_first
    from state.store import Store

    with Store.open(load(folder / "driftline.yaml").state_url) as store:
        standing = gravest_first(each for each in store.tracked().values() if each.standing)
    return standing[0].fingerprint[:8] if standing else "FINDING"


def _keep_running(folder: Path) -> int:
    """Run the daemon beside the sandbox until somebody stops us; give its exit code."""
    _chapter("The demo company and the daemon run until Ctrl-C; in another terminal:")
    program = _program()
    here = f"{program} -C {folder}"
    elsewhere = "" if folder == DEFAULT_FOLDER else f" --folder {folder}"
    print_pairs(
        [
            (f"{program} demo move ERP-90 2026-11-05{elsewhere}", "move a date in Jira"),
            (f"{program} demo fault jira login-page{elsewhere}", "make Jira fail; --clear ends it"),
            (f"{here} status", "each source is read every 30 seconds"),
            (f"{here} findings", "what disagrees after the next reading"),
            (f"{here} digest preview leaders", "the mail that would go out"),
        ],
        indent=2,
        talking=True,
    )
    talk()
    daemon = subprocess.Popen([sys.executable, "-m", "cli.main", "-C", str(folder), "run"])  # noqa: S603 - our own program
    wishes = iter((daemon.terminate, daemon.kill))
    for number in (signal.SIGINT, signal.SIGTERM):
        # Asked once it ends in order, asked again at once; what it stored is whole either way.
        signal.signal(number, lambda _number, _frame: next(wishes, daemon.kill)())
    code = daemon.wait()
    return code if code >= 0 else ExitCode.INTERRUPTED
