"""``docs/how-to/write-a-custom-check.md`` is run as it stands, and what its commands say stands in it.

With ``DRIFTLINE_WRITE_HOW_TO=1`` the answers and the tables of claims are written into the page; otherwise they are
compared with it. A comment above a block says what happens: its text is put in a file, or its commands are run.
"""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.custom.claims import CLAIMS, ONLY, has_extra_fields
from reconcile.custom.text import PLACEHOLDERS
from tests.cli.console import driftline, without_escapes

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "write-a-custom-check.md"
WRITING = bool(os.environ.get("DRIFTLINE_WRITE_HOW_TO"))
_STEP = re.compile(
    r"<!-- (?P<what>file|run|replace)(?:: (?P<of>.*?))? -->\n(?:```(?:yaml|console)\n(?P<block>.*?)```\n)?"
    r"|<!-- (?P<table>placeholders|claims) -->\n.*?<!-- end -->\n",
    re.S,
)
OBJECTIVES = (
    "version: 2\nobjectives:\n  - {id: ACME, level: organization, name: Acme, owner: a@acme.example, sponsor: b}\n"
)


def test_every_definition_on_the_page_is_sound_and_every_answer_is_what_the_commands_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for folder in ("checks", "mapping"):
        (tmp_path / folder).mkdir()
    (tmp_path / "objectives.yaml").write_text(OBJECTIVES, encoding="utf-8")
    (tmp_path / "mapping" / "none.yaml").write_text("version: 2\nrules: []\n", encoding="utf-8")
    seen = _STEP.sub(_done, page)
    if WRITING:
        PAGE.write_text(seen, encoding="utf-8")
    assert seen == page or WRITING, f"the page is behind: DRIFTLINE_WRITE_HOW_TO=1 pytest {Path(__file__).name}"
    assert page.count("<!-- run -->") == 3


def _done(step: re.Match[str]) -> str:
    """Do one step; the text of the step as it should stand in the page."""
    what, of, block = step["what"], step["of"] or "", step["block"] or ""
    if what == "file":
        Path(of).write_text(block, encoding="utf-8")
    elif what == "replace":
        name, rest = of.split(": ", 1)
        old, new = _halves(rest.replace("\\n", "\n"))
        text = Path(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        Path(name).write_text(text.replace(old, new), encoding="utf-8")
    elif what == "run":
        commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
        return step[0].replace(block, "".join(f"$ {each}\n{_said(each)}" for each in commands))
    else:
        rows = _placeholders() if step["table"] == "placeholders" else _claims()
        return f"<!-- {step['table']} -->\n\n" + "".join(f"{row}\n" for row in rows) + "\n<!-- end -->\n"
    return step[0]


def _halves(text: str) -> tuple[str, str]:
    """What is replaced and by what: two texts of the same shape with ``: `` between them."""
    parts = text.split(": ")
    middle = len(parts) // 2
    return ": ".join(parts[:middle]), ": ".join(parts[middle:])


def _said(command: str) -> str:
    program, *words = shlex.split(command)
    assert program == "driftline"
    said = driftline(*words, NO_COLOR="1")
    return without_escapes(said.err + said.out if said.code else said.out + said.err).strip("\n") + "\n"


def _placeholders() -> Iterator[str]:
    yield from ("| Placeholder | What stands there |", "|---|---|")
    for name, says in PLACEHOLDERS.items():
        yield f"| `{{{name}}}` | {says} |"


def _claims() -> Iterator[str]:
    for number, (subject, terms) in enumerate(CLAIMS.items()):
        if number:
            yield ""
        yield from (f"### About `{subject.value}`", "", "| Claim | Type | What it is |", "|---|---|---|")
        for term in terms.values():
            yield f"| `{term.name}` | {term.type.value} | {term.says} |"
        extra = ["`fields.NAME`"] if has_extra_fields(subject) else []
        yield from ("", f"`only` may ask for {', '.join([*(f'`{name}`' for name in ONLY[subject]), *extra])}.")
