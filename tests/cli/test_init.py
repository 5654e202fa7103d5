"""``driftline init``: a starter set that passes its own check, and never writes over anything."""

from pathlib import Path

import pytest

from tests.cli.console import driftline


def test_the_starter_set_is_listed_file_by_file_and_what_comes_next_is_talk(tmp_path: Path):
    said = driftline("init", tmp_path / "company")
    assert said.code == 0
    assert {str(path) for path in (tmp_path / "company").rglob("*") if path.is_file()} == set(said.lines)
    assert f"then run: driftline -C {tmp_path / 'company'} check" in said.err


def test_the_starter_set_passes_its_check_once_its_variables_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    driftline("init", tmp_path)
    missing = driftline("check", folder=tmp_path)
    assert missing.code == 2
    for line in (tmp_path / ".env.example").read_text("utf-8").splitlines():
        if line.endswith("="):
            assert line.removesuffix("=") in missing.err
            monkeypatch.setenv(line.removesuffix("="), "x")
    said = driftline("check", folder=tmp_path)
    assert said.code == 0, said.err
    assert said.out.startswith("ok: ")


def test_it_refuses_to_write_over_a_file_and_writes_nothing_at_all(tmp_path: Path):
    (tmp_path / "objectives.yaml").write_text("mine", encoding="utf-8")
    said = driftline("init", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: these files exist already: ")
    assert "hint: " in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["objectives.yaml"]
    assert (tmp_path / "objectives.yaml").read_text("utf-8") == "mine"
