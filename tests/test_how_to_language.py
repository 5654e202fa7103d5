"""``docs/how-to/add-a-language.md``: its language is installed as it stands there, and a mail is read in it."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest import findings_language
from digest.audiences.recipients import RecipientOptions
from digest.catalogues import GROUP, finding_texts, languages, translations
from digest.compose import compose
from digest.findings_language import PLACES, retold
from digest.language import Language
from digest.render import render_text
from tests.digest.editions import NOW, aurora, edition, opened

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "add-a-language.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.S))
(MAIL,) = re.findall(r"<!-- mail -->\n```text\n(.*?)```", PAGE, re.S)


@pytest.fixture
def dutch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Language]:
    """The distribution of the page, installed for the length of a test."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    points = tomllib.loads(FILES["pyproject.toml"])["project"]["entry-points"]
    installed = tmp_path / "driftline_dutch-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: driftline-dutch\nVersion: 1.0\n")
    lines = [f"[{group}]\n{name} = {value}\n" for group, named in points.items() for name, value in named.items()]
    (installed / "entry_points.txt").write_text("".join(lines))
    assert set(points) == {GROUP}
    forget()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Language("nl", "nl")
    forget()


def forget() -> None:
    for remembered in (languages, translations, finding_texts, findings_language.templates):
        remembered.cache_clear()


def test_a_language_of_a_plug_in_is_one_of_the_languages(dutch: Language):
    assert languages() == ("en", "de", "nl")
    assert RecipientOptions.model_validate({"address": "a@acme.example", "language": "nl"}).words("de", None) == dutch


def test_a_mail_begins_as_the_page_says_and_what_is_not_translated_is_english(dutch: Language):
    news = edition([opened(aurora(1)[0])])
    text = render_text(compose(replace(news, language=dutch)))
    assert MAIL in re.sub(r"\n<http\S+>", "", text)
    assert "Decisions needed" in text


def test_what_checks_write_is_told_with_and_without_a_name_before_it(dutch: Language):
    overdue = "AUR-118 was due 1 Sep 2026 and is 1,200 days overdue; waits for HW-9; was deleted"
    told = "AUR-118 moest 1 sep klaar zijn en is 1.200 dagen te laat; wacht op HW-9; was deleted"
    assert retold(dutch, overdue, NOW.date()) == told


def test_the_page_explains_every_kind_of_place():
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(PLACES)
