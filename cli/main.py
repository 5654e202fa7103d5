"""The entry point: finds the verbs in ``cli/commands`` and turns errors into messages and exit codes."""

import gc
import os
import select
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, NoReturn

import click

from cli import commands
from cli.exit_codes import ExitCode
from cli.output import ReaderGoneError, say_error, say_problem, talk
from model.errors import DriftlineError, InterruptedRunError, Problem, SourceError

DAILY = ("init", "check", "sync", "run", "findings", "show", "digest", "status")
"""The verbs of every day come first in the help; the rest follow by name."""
_CONTAINERS_OF_A_START = 100_000
REPORT = "this is a mistake in driftline; please report it"


class Verbs(click.Group):
    """Loads a verb's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = sorted(module.name.replace("_", "-") for module in iter_modules(commands.__path__))
        return [name for name in DAILY if name in names] + [name for name in names if name not in DAILY]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"cli.commands.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The daily verbs under a heading of their own."""
        shown = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        for title, daily in (("Every day", True), ("Now and then", False)):
            rows = [
                (name, command.get_short_help_str(limit=90))
                for name, command in shown
                if command is not None and (name in DAILY) is daily
            ]
            with formatter.section(title):
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1) if args else []
            if near:
                raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from error
            raise


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "--config",
    "settings_path",
    type=click.Path(path_type=Path),
    help="The settings file, or the folder that holds driftline.yaml. Default: the current folder.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log every step, not only the summary lines.")
@click.version_option(package_name="driftline", message="driftline %(version)s")
@click.pass_context
def cli(ctx: click.Context, settings_path: Path | None, verbose: bool) -> None:
    """Tell the people whose money depends on it when a date moves in one tool.

    Driftline reads Jira, Asana, Salesforce and spreadsheets, links their records to objectives, and finds the promises
    that the work no longer supports.

    \b
    Exit codes: 0 done; 1 findings at or above --fail-on; 2 something to mend;
    3 done in part, a source failed; 130 interrupted.
    """
    ctx.obj = {**(ctx.obj or {}), "settings_path": settings_path, "verbose": verbose}


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with one of the documented exit codes."""
    # To look for unreachable cycles again and again while hundreds of modules come in takes a sixth of the start.
    gc.set_threshold(_CONTAINERS_OF_A_START, 10, 10)
    for stream in (sys.stdout, sys.stderr):
        # A title in a script that the terminal cannot write must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = _code(args)
        sys.stdout.flush()
    except (ReaderGoneError, BrokenPipeError):
        _forget_stdout()
        code = ExitCode.DONE
    sys.exit(int(code or 0))


def _code(args: list[str] | None) -> Any:
    """Run a command and tell how it ended; every error has been said by then."""
    if not all(map(_is_text, sys.argv[1:] if args is None else args)):
        say_problem(Problem("an argument is no text in UTF-8", hint="write names and paths in UTF-8"))
        return ExitCode.MEND
    try:
        return cli.main(args=args, prog_name="driftline", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt, InterruptedRunError):
        talk("interrupted; nothing half-done was kept")
        return ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.MEND
    except click.ClickException as error:
        say_problem(_problem(error))
        return ExitCode.MEND
    except DriftlineError as error:
        say_error(error)
        return ExitCode.PARTIAL if isinstance(error, SourceError) else ExitCode.MEND
    except ReaderGoneError:
        raise
    except SystemExit as error:
        # So the library ends when a pipe breaks below it; for us that is quiet only where it was our own output.
        if _reader_left():
            raise ReaderGoneError from error
        say_problem(Problem("a connection broke unexpectedly", hint=REPORT))
        return ExitCode.MEND
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and isinstance(error.filename, str):
            where, hint = error.filename, "check the path, and that this user may read and write there"
            say_problem(Problem(f"a file cannot be used: {error.strerror}", location=where, hint=hint))
            return ExitCode.MEND
        # The interpreter would end with 1, which says that there are findings.
        from model.secret import without_secrets

        sys.stderr.write(without_secrets(traceback.format_exc()))
        say_problem(Problem(f"unexpected {type(error).__name__}", hint=REPORT))
        return ExitCode.MEND


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(error: click.ClickException) -> Problem:
    """A mistake on the command line in the form of all our errors."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "driftline"
    return Problem(message[:1].lower() + message[1:], hint=f"see {path} --help")


def _reader_left() -> bool:
    with suppress(OSError, ValueError):
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    return False


def _forget_stdout() -> None:
    """Nobody reads stdout any more: what is still in its buffer must not end in an error when the interpreter ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
