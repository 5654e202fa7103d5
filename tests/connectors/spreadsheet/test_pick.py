"""A pattern instead of a name: one match, or the newest where that is asked for (X20)."""

import os
from pathlib import Path

import pytest

from connectors.spreadsheet.pick import pick_file
from model.errors import SourceContentError, SourceGoneError, SourceUnavailableError
from tests.connectors.spreadsheet.books import HEADER, connector, read, write


def put(folder: Path, name: str, seconds: int, key: str = "M-1") -> Path:
    path = folder / name
    write(path, [HEADER, (key, "Press", None, 5)])
    os.utime(path, (seconds, seconds))
    return path


def test_the_only_match_is_read(tmp_path: Path) -> None:
    put(tmp_path, "Tracker 2026-10.xlsx", 100)
    put(tmp_path, "Other.xlsx", 200, "M-9")
    found = read(tmp_path / "tracker*.xlsx")
    assert found["M-1"].provenance["title"] == "Tracker 2026-10.xlsx!Savings!B2"
    assert found["M-1"].native_id == "Savings/M-1"
    assert connector(tmp_path / "Tracker*.xlsx").probe().server.startswith("Tracker 2026-10.xlsx: ")


def test_two_matches_are_named_and_none_is_taken(tmp_path: Path) -> None:
    """X20: a copy beside the tracker."""
    put(tmp_path, "Tracker.xlsx", 100)
    put(tmp_path, "Tracker (2).xlsx", 200)
    with pytest.raises(
        SourceContentError, match=r"Tracker \(2\).xlsx and Tracker.xlsx all match Tracker\*.xlsx"
    ) as caught:
        connector(tmp_path / "Tracker*.xlsx").probe()
    assert caught.value.problems[0].hint == "remove the copies, or set pick: newest"
    assert caught.value.problems[0].location.startswith("tracker: ")


def test_the_newest_is_taken_where_that_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "Tracker v9.xlsx", 100, "M-old")
    newest = put(tmp_path, "Tracker v10.xlsx", 200, "M-new")
    put(tmp_path, "Tracker v1.xlsx", 150, "M-older")
    assert list(read(tmp_path / "Tracker v*.xlsx", pick="newest")) == ["M-new"]
    os.utime(newest, (100, 100))
    assert list(read(tmp_path / "Tracker v*.xlsx", pick="newest")) == ["M-older"]


def test_a_row_keeps_its_id_when_the_file_of_the_next_month_comes(tmp_path: Path) -> None:
    for name, moment in (("Export 09.csv", 100), ("Export 10.csv", 200)):
        (tmp_path / name).write_text("No.;Name;Start;Amount\nM-1;Press;;5\n")
        os.utime(tmp_path / name, (moment, moment))
        assert [record.native_id for record in read(tmp_path / "Export*.csv", pick="newest").values()] == ["rows/M-1"]


def test_equally_new_files_are_not_guessed_between(tmp_path: Path) -> None:
    put(tmp_path, "Tracker a.xlsx", 100)
    put(tmp_path, "Tracker b.xlsx", 100)
    with pytest.raises(SourceContentError, match=r"Tracker a\.xlsx and Tracker b\.xlsx are equally new"):
        read(tmp_path / "Tracker*.xlsx", pick="newest")


def test_what_excel_and_sync_clients_put_beside_it_does_not_match(tmp_path: Path) -> None:
    """X22, X23: owner files, temporary files, folders and links."""
    tracker = put(tmp_path, "Tracker.xlsx", 100)
    (tmp_path / "~$Tracker.xlsx").write_bytes(b"x" * 165)
    (tmp_path / ".~Tracker.xlsx").write_bytes(b"x")
    (tmp_path / "Folder.xlsx").mkdir()
    assert pick_file(tmp_path / "*.xlsx", "newest") == tracker


def test_brackets_are_part_of_a_name(tmp_path: Path) -> None:
    path = put(tmp_path, "Tracker [final].xlsx", 100)
    put(tmp_path, "Tracker f.xlsx", 100)
    assert list(read(path)) == ["M-1"]
    assert pick_file(tmp_path / "*[final].xlsx", "only") == path


def test_no_match_is_gone_and_no_directory_is_a_share_that_does_not_answer(tmp_path: Path) -> None:
    put(tmp_path, "Other.xlsx", 100)
    with pytest.raises(SourceGoneError, match=r"no file in .* matches Tracker\*.xlsx") as gone:
        read(tmp_path / "Tracker*.xlsx")
    assert gone.value.problems[0].hint
    with pytest.raises(SourceUnavailableError, match="cannot be listed"):
        read(tmp_path / "share" / "Tracker*.xlsx")
