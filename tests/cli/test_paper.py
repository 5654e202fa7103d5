"""``driftline paper``: one page about one finding, as text, Markdown or HTML."""

from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline
from tests.digest.reading import page

NORDWIND = "9bac7357"
QUESTION = "Move the promise to 16 Nov, or bring AUR-118 forward by 47 days? To be decided by Wed 16 Sep 2026."


def test_the_paper_is_text_unless_another_form_is_asked_for(tuesday: Meridian):
    text = driftline("paper", NORDWIND, folder=tuesday.folder)
    assert (text.code, text.err) == (0, "")
    assert text.lines[0] == f"Decision paper {NORDWIND}, Tue 15 Sep 2026"
    assert "5 more findings have the same cause; together EUR 2,040,000 revenue." in text.lines
    markdown = driftline("paper", NORDWIND, "--format", "markdown", folder=tuesday.folder)
    assert markdown.lines[2] == QUESTION
    html = driftline("paper", NORDWIND, "--format", "html", folder=tuesday.folder)
    assert "@page { size: A4;" in html.out
    assert QUESTION in page(html.out).text


@pytest.mark.parametrize(("name", "begins"), [("p.html", "<!doctype html>"), ("p.md", "# "), ("p.txt", "Decision")])
def test_the_ending_of_the_file_says_which_form(tuesday: Meridian, tmp_path: Path, name: str, begins: str):
    said = driftline("paper", NORDWIND, "--output", tmp_path / name, folder=tuesday.folder)
    assert (said.out, said.err) == ("", f"wrote {tmp_path / name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_it_is_written_in_another_language(tuesday: Meridian):
    said = driftline("paper", NORDWIND, "--language", "de", folder=tuesday.folder)
    assert said.lines[0] == f"Entscheidungsvorlage {NORDWIND}, Di 15. Sep 2026"
    wrong = driftline("paper", NORDWIND, "--language", "dee", folder=tuesday.folder)
    assert (wrong.code, wrong.err) == (2, "error: there is no language 'dee'\nhint: did you mean 'de'?\n")


def test_what_there_is_no_paper_about_and_a_folder_that_is_not_there_are_errors(tuesday: Meridian, tmp_path: Path):
    missing = driftline("paper", "ffffffff", folder=tuesday.folder)
    assert missing.err == "error: there is no finding ffffffff\nhint: driftline findings lists findings\n"
    nowhere = driftline("paper", NORDWIND, "--output", tmp_path / "no" / "p.html", folder=tuesday.folder)
    assert (nowhere.code, nowhere.err.splitlines()[0]) == (
        2,
        f"error: cannot write {tmp_path / 'no' / 'p.html'}: No such file or directory",
    )


def test_before_the_first_sync_there_is_nothing_to_write_about(unread: Path):
    assert driftline("paper", NORDWIND, folder=unread).err.startswith(f"error: there is no finding {NORDWIND}: nothing")
