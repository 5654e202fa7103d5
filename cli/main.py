"""The entry point: finds the verbs in ``cli/commands`` and turns errors into messages and exit codes."""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click

from cli import commands
from cli.exit_codes import ExitCode
from cli.output import say_error, talk
from model.errors import DriftlineError, InterruptedRunError, SourceError

DAILY = ("init", "check", "sync", "run", "findings", "show", "digest", "status")
"""The verbs of every day come first in the help; the rest follow by name."""


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

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
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
    ctx.obj = {"settings_path": settings_path, "verbose": verbose}


def main(args: list[str] | None = None) -> Any:
    """Run the command line and end the process with one of the documented exit codes."""
    try:
        code = cli.main(args=args, standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.Abort:
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.MEND
    except (KeyboardInterrupt, InterruptedRunError):
        talk("interrupted; nothing half-done was kept")
        code = ExitCode.INTERRUPTED
    except SourceError as error:
        say_error(error)
        code = ExitCode.PARTIAL
    except DriftlineError as error:
        say_error(error)
        code = ExitCode.MEND
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        code = ExitCode.DONE
    sys.exit(int(code or 0))


if __name__ == "__main__":
    main()
