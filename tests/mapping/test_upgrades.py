"""Files of an older format: read by today's words, told in one warning, rewritten without touching anything else."""

import pytest

from mapping.document import DocumentError, SourceText, parse_mapping
from mapping.upgrades import CURRENT, STEPS, rewritten
from tests.mapping.samples import OBJECTIVES, RULES, loaded

OLD_RULES = RULES.replace("version: 2", "version: 1").replace("after:", "on:")
OLD_OBJECTIVES = OBJECTIVES.replace("version: 2", "version: 1").replace("after:", "on:")


def test_a_file_of_version_1_says_the_same_as_today_and_is_warned_about_once() -> None:
    old, today = loaded(OLD_RULES, OLD_OBJECTIVES), loaded()
    assert old.needs == today.needs
    assert [rule.needs for rule in old.rules] == [rule.needs for rule in today.rules]
    assert today.warnings == ()
    assert [(each.location, each.message) for each in old.warnings] == [
        ("objectives.yaml:22:10", "this file is written in version 1 of its format: 'on' is now 'after'"),
        ("rules.yaml:10:9", "this file is written in version 1 of its format: 'on' is now 'after'"),
    ]
    assert all("check --upgrade" in each.hint for each in old.warnings)


@pytest.mark.parametrize("head", ["version: 1\n", ""])
def test_an_old_file_without_old_words_needs_no_warning(head: str) -> None:
    text = RULES.replace("version: 2\n", head)
    assert loaded(text).warnings == ()


def test_a_mistake_in_an_old_file_is_told_at_its_old_place() -> None:
    with pytest.raises(Exception, match=r"rules\.yaml:10:13"):
        loaded(OLD_RULES.replace("on: ERP-100", "on: [ERP-100]"))


def test_an_old_word_in_a_file_of_today_is_a_mistake() -> None:
    with pytest.raises(Exception, match="unknown key 'on'"):
        loaded(RULES.replace("after:", "on:"))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (str(CURRENT + 1), f"version {CURRENT + 1} of this file's format is newer than this program"),
        ("0", "a whole number from 1 to"),
        ("two", "a whole number from 1 to"),
        ("'2'", "a whole number from 1 to"),
        ("true", "a whole number from 1 to"),
        ("", "a whole number from 1 to"),
        ("[2]", "a whole number from 1 to"),
    ],
)
def test_an_unknown_version_is_told_where_it_stands_and_nothing_else_of_the_file(version: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_mapping(SourceText("r.yaml", f"version: {version}\nrules: [nonsense]\n"))
    assert [each.location[:9] for each in caught.value.problems] == ["r.yaml:1:"]


def test_there_is_one_step_for_each_version_after_the_first() -> None:
    assert list(STEPS) == list(range(2, CURRENT + 1))


REMARKS = """\
# owned by sales
version: 1  # old
defaults: {needs: [{"on": A, lag: 2d}]}
rules:   # all of them
  - needs: [&n {on : A-1,   owner: x}, *n, {<<: *n, lag: 1w}]   # é 💥 on: here
    name: 'on: and on'
"""


def test_rewriting_changes_the_words_and_the_version_and_nothing_else() -> None:
    source = SourceText("r.yaml", REMARKS)
    text = rewritten(source)
    wanted = REMARKS.replace("version: 1", "version: 2").replace('"on":', "after:").replace("{on :", "{after :")
    assert text == wanted
    assert rewritten(SourceText("r.yaml", text)) is None
    assert parse_mapping(SourceText("r.yaml", text)).value == {**parse_mapping(source).value, "version": 2}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules: []\n", "version: 2\nrules: []\n"),
        ("# a\n\n  rules: []\n", "# a\n\n  version: 2\n  rules: []\n"),
        ("\ufeff# a\r\nrules: []\r\n", "\ufeff# a\r\nversion: 2\r\nrules: []\r\n"),
        ("{rules: []}", "{version: 2, rules: []}"),
        ("---\nrules: []", "---\nversion: 2\nrules: []"),
        ("version: 0x1\nrules: []", "version: 2\nrules: []"),
    ],
)
def test_a_file_without_a_version_gets_one(before: str, after: str) -> None:
    assert rewritten(SourceText("r.yaml", before)) == after


def test_a_word_that_is_written_as_an_alias_is_left_to_a_person() -> None:
    text = "rules:\n  - needs: [{field: &w on}, {*w : A}]\n"
    with pytest.raises(DocumentError, match="cannot be renamed here"):
        rewritten(SourceText("r.yaml", text))
