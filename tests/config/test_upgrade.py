"""Rewriting files of an older format: all or none, whole, with their permissions, comments and line ends."""

import pytest

from config.load import load
from config.upgrade import upgrade_files
from model.errors import UserError

SETTINGS = "version: 1\nobjectives: [objectives.yaml]\nmapping: [mapping/*.yaml]\n"
OBJECTIVES = (
    b"\xef\xbb\xbf# goals\r\nobjectives:\r\n  - {id: A, level: measure, name: A, needs: [{on: X-1}]}  # why\r\n"
)
RULES = "version: 1\nrules:  # ours\n  - name: one\n    role: delivers\n    objective: A\n    match: {key: %s}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mapping").mkdir()
    (tmp_path / "driftline.yaml").write_text(SETTINGS)
    (tmp_path / "objectives.yaml").write_bytes(OBJECTIVES)
    (tmp_path / "mapping" / "old.yaml").write_text(RULES % "A-1")
    (tmp_path / "mapping" / "today.yaml").write_text("version: 2\nrules: []\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_older_files_are_rewritten_and_the_others_left_alone(folder):
    (folder / "objectives.yaml").chmod(0o640)
    before = load(folder / "driftline.yaml")
    assert [path.name for path in upgrade_files(before)] == ["objectives.yaml", "old.yaml"]
    changed = OBJECTIVES.replace(b"# goals\r\n", b"# goals\r\nversion: 2\r\n").replace(b"{on:", b"{after:")
    assert (folder / "objectives.yaml").read_bytes() == changed
    assert (folder / "objectives.yaml").stat().st_mode & 0o777 == 0o640
    assert (folder / "mapping" / "old.yaml").read_text() == (RULES % "A-1").replace("version: 1", "version: 2")
    after = load(folder / "driftline.yaml")
    assert (len(before.mapping.warnings), after.mapping.warnings) == (1, ())
    assert after.mapping.needs[0].wanted == before.mapping.needs[0].wanted == "X-1"
    assert upgrade_files(after) == []


def test_a_linked_file_is_rewritten_where_it_lies(folder):
    (folder / "shared").mkdir()
    (folder / "mapping" / "old.yaml").rename(folder / "shared" / "old.yaml")
    (folder / "mapping" / "old.yaml").symlink_to(folder / "shared" / "old.yaml")
    upgrade_files(load(folder / "driftline.yaml"))
    assert (folder / "mapping" / "old.yaml").is_symlink()
    assert "version: 2" in (folder / "shared" / "old.yaml").read_text()


def test_nothing_is_written_while_one_of_the_files_cannot_be_rewritten(folder):
    """The key is an alias here: renaming its anchor would change a value elsewhere."""
    needs = "    needs: [{field: &word on}, {*word : B-1}]\n"
    (folder / "mapping" / "old.yaml").write_text((RULES % "A-1").replace("match: {", "match: {kind: deal, ") + needs)
    with pytest.raises(UserError):
        upgrade_files(load(folder / "driftline.yaml"))
    assert (folder / "objectives.yaml").read_bytes() == OBJECTIVES
