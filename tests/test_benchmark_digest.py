"""The benchmark of the digest measures what it says: mails for everybody on both ways, from the same findings."""

from pathlib import Path

import pytest

from benchmarks import digest


@pytest.mark.sqlite_only("the benchmark measures a state in a file")
def test_both_ways_tell_every_recipient(tmp_path: Path) -> None:
    digest.write(tmp_path, findings=120, recipients=4)
    assert digest.reference(tmp_path)["mails"] == 4
    found = digest.composing(tmp_path)
    assert (found["mails"], found["kilobytes"] > 10) == (4, True)
    assert digest.and_workbook(tmp_path)["mails"] == 1
