"""``driftline paper``: the decision paper of one finding, on one page."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import say_text, talk, write
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from digest.base import Digest

FORMATS = ("text", "markdown", "html")
ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}


@click.command("paper", short_help="Write the decision paper of a finding, on one page.")
@click.argument("finding")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: by the ending of the file, else text.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@click.option("--language", default="en", show_default=True, help="In which language: en, de, ...")
@click.pass_context
def command(ctx: click.Context, finding: str, format_: str | None, output: Path | None, language: str) -> None:
    """Write what a decider needs about FINDING, named by the first digits of its id, on one page: the question with its
    day, what changed, what it costs to wait, what it hangs on, two to four options with their price, a recommendation
    if the rule gives one, and what follows the decision.

    The HTML prints to one sheet of A4 from any browser, also as a PDF. Recommended is what keeps the date if it is the
    only such option that costs nothing, or less than what is lost by doing nothing; otherwise nothing is.
    """
    from cli.chosen_finding import chosen_finding
    from digest.audiences.recipients import words_of
    from digest.papers.paper import compose_paper
    from model.errors import UsageError
    from pipeline.paper import paper_about

    _known(language)
    configuration = load_configuration(ctx)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no finding {finding}: {NOTHING_READ}", hint=START_READING)
        shown = chosen_finding(store, finding)
        now = clock_of(configuration).now()
        paper = compose_paper(paper_about(store, configuration, shown, now=now, words=words_of(language, None)))
    chosen = format_ or ENDINGS.get(output.suffix.lower() if output else "", "text")
    if output is not None:
        _write(output, _rendered(paper, chosen))
    elif chosen == "html":
        write(_rendered(paper, chosen).removesuffix("\n"))
    else:
        say_text(_rendered(paper, chosen))


def _write(path: Path, text: str) -> None:
    from model.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that exists"
        ) from error
    talk(f"wrote {path}")


def _known(language: str) -> None:
    from digest.catalogues import languages
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    if language not in languages():
        hint = did_you_mean(language, languages(), "the languages are")
        raise UsageError(f"there is no language '{language}'", hint=hint or f"they are {', '.join(languages())}")


def _rendered(paper: "Digest", format_: str) -> str:
    from digest.markdown import render_markdown
    from digest.render import render_paper, render_text

    match format_:
        case "html":
            return render_paper(paper)
        case "markdown":
            return render_markdown(paper)
        case _:
            return render_text(paper)
