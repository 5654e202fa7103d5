"""The benchmark of crashes starts the daemon in each of its ways, and watches every mail."""

from pathlib import Path

import pytest

from benchmarks import crash


@pytest.mark.sqlite_only("the benchmark measures a state in a file")
def test_each_start_serves_before_it_is_ready_and_all_are_in_the_table(tmp_path: Path) -> None:
    found = crash.starts(60, 1, tmp_path)
    assert list(found) == ["empty state", "killed halfway", "stopped", "killed"]
    assert all(0 < each.serves <= each.ready for backs in found.values() for each in backs)
    head, *rows = crash.starts_table(found)
    assert [len(row) for row in rows] == [len(head)] * 4


@pytest.mark.sqlite_only("the benchmark measures a state in a file")
def test_every_mail_has_a_window_and_a_block_beside_it(tmp_path: Path) -> None:
    seen, synced = crash.windows(5, tmp_path / "mails")
    assert (len(seen), len(synced)) == (5, 5)
    assert min(*seen, *synced) > 0
    head, *rows = crash.windows_table(seen, synced)
    assert [len(row) for row in rows] == [len(head)] * 3
