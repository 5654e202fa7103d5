"""Who edited a file: the author of its last commit, else its owner, else nobody."""

import getpass
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import pipeline.authors as authors_module
from pipeline.authors import authors_of

NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str, author: str = "Nadia Keller") -> None:
    who = ["-c", f"user.name={author}", "-c", "user.email=n@acme.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file that is kept in git."""
    git(tmp_path, "init", "-q")
    file = tmp_path / "rules.yaml"
    file.write_text("version: 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return file


@NEEDS_GIT
def test_the_author_of_the_last_commit_is_named(kept: Path):
    assert authors_of([kept]) == ("Nadia Keller", "git")


@NEEDS_GIT
def test_a_file_that_was_edited_since_is_its_owners(kept: Path):
    kept.write_text("version: 1\nrules: []\n")
    assert authors_of([kept]) == (getpass.getuser(), "file owner")


@NEEDS_GIT
def test_each_author_of_several_files_is_named_once_and_few_of_many(kept: Path):
    files = [kept]
    for number in range(5):
        file = kept.with_name(f"{number}.yaml")
        file.write_text("version: 1\n")
        git(kept.parent, "add", ".")
        git(kept.parent, "commit", "-qm", "more", author=f"Author {number}")
        files.append(file)
    assert authors_of([kept, kept]) == ("Nadia Keller", "git")
    assert authors_of(files) == ("Nadia Keller, Author 0, Author 1 and 3 more", "git")


@NEEDS_GIT
def test_a_name_that_could_steer_a_terminal_is_cleaned_and_cut(kept: Path):
    kept.write_text("version: 1\n# two\n")
    git(kept.parent, "commit", "-qam", "second", author="Eve \x1b[31m" + "x" * 300)
    [name, _] = authors_of([kept])
    assert name.isprintable()
    assert len(name) <= 80


@NEEDS_GIT
def test_a_file_that_was_removed_and_committed_has_an_author_still(kept: Path):
    kept.unlink()
    git(kept.parent, "commit", "-qam", "gone", author="Remo Ver")
    assert authors_of([kept]) == ("Remo Ver", "git")


@NEEDS_GIT
def test_a_strange_file_name_is_a_name_and_no_option(kept: Path):
    strange = kept.with_name("--output=stolen")
    strange.write_text("version: 1\n")
    git(kept.parent, "add", "--", "./--output=stolen")
    git(kept.parent, "commit", "-qm", "strange", author="Sam Okoro")
    assert authors_of([strange]) == ("Sam Okoro", "git")
    assert not kept.with_name("stolen").exists()


@NEEDS_GIT
def test_no_program_of_the_folders_own_git_settings_is_started(kept: Path):
    trace = kept.with_name("trace")
    for setting in ("core.fsmonitor", "diff.external", "core.pager"):
        git(kept.parent, "config", setting, f"touch {trace}")
    assert authors_of([kept]) == ("Nadia Keller", "git")
    assert not trace.exists()


def test_outside_of_git_the_owner_is_named(tmp_path: Path):
    file = tmp_path / "rules.yaml"
    file.touch()
    assert authors_of([file]) == (getpass.getuser(), "file owner")


def test_nobody_is_named_for_a_file_that_is_not_there(tmp_path: Path):
    assert authors_of([tmp_path / "gone" / "rules.yaml"]) == ("", "")
    assert authors_of([]) == ("", "")


def test_a_git_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setattr(authors_module.shutil, "which", lambda _name: str(slow))
    monkeypatch.setattr(authors_module, "PATIENCE_SECONDS", 0.2)
    file = tmp_path / "rules.yaml"
    file.touch()
    began = time.monotonic()
    assert authors_of([file]) == (getpass.getuser(), "file owner")
    assert time.monotonic() - began < 5
