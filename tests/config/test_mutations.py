"""Whatever happens to the files, loading them ends in a Configuration or in a UserError (F1, F2)."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import Configuration, load
from config.sample import write_sample
from model.errors import UserError
from tests.examples import examples

FILES = ("driftline.yaml", "objectives.yaml", "mapping/jira.yaml", "mapping/salesforce.yaml")
SNIPPETS = (
    *("", " ", "\t", "- ", "#", ":", ": ", "{", "}", "[", "]", "'", '"', "|", ">", "&a ", "*a", "<<: ", "%", "? a"),
    *("0", "-1", "1e999", ".inf", "NO", "null", "2026-02-30", "99999999999w", "12:30:00", "0o17", "\0", "\ufeff"),
    *("env:", "file:/dev/zero", "**/*", "/etc/*", "../../..", "~", "[[]]", "{{}}", "---", "...", "!!python/x ", "💥"),
    *("é" * 50, "x" * 300),
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


@st.composite
def edits(draw):
    """A change of one line: removed, doubled, moved, indented, cut, or with something put into it."""
    kind = draw(st.sampled_from(["remove", "double", "move", "indent", "cut", "insert", "replace", "value"]))
    return kind, draw(st.integers(0, 10_000)), draw(st.integers(0, 200)), draw(st.sampled_from(SNIPPETS))


def edited(text: str, edit) -> str:
    kind, where, column, snippet = edit
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")] or [""]
    index = where % len(lines)
    line = lines[index]
    column %= len(line) + 1
    changed = {
        "remove": [],
        "double": [line, line],
        "move": [],
        "indent": [" " * (column % 9) + line.lstrip()],
        "cut": [line[:column]],
        "insert": [line[:column] + snippet + line[column:]],
        "replace": [snippet],
        "value": [line.partition(":")[0] + ": " + snippet],
    }[kind]
    lines[index : index + 1] = changed
    if kind == "move":
        lines.insert(column % (len(lines) + 1), line)
    return "\n".join(lines) + "\n"


@settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), changes=st.lists(edits(), min_size=1, max_size=3))
def test_edited_files_load_or_are_refused_with_located_mistakes(sample, tmp_path_factory, name, changes):
    folder = tmp_path_factory.mktemp("edited", numbered=True)
    shutil.copytree(sample, folder, dirs_exist_ok=True)
    text = (folder / name).read_text()
    for change in changes:
        text = edited(text, change)
    (folder / name).write_text(text)
    try:
        outcome = load(folder / "driftline.yaml")
    except UserError as error:
        outcome = error
    shutil.rmtree(folder)
    if isinstance(outcome, UserError):
        assert outcome.problems
        assert all(problem.location and problem.message for problem in outcome.problems)
    else:
        assert isinstance(outcome, Configuration)


@settings(max_examples=examples(50), deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_load_or_are_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("bytes", numbered=True)
    (folder / "driftline.yaml").write_bytes(content)
    with pytest.raises(UserError):
        load(folder / "driftline.yaml")
    shutil.rmtree(folder)
