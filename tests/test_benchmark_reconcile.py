"""The benchmark of judging measures what it says: the same late deals as its reference, on a state that was kept."""

from pathlib import Path

import pytest

from benchmarks import reconcile
from benchmarks.reconcile_rows import Size


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_TOKEN", "token")
    reconcile.prepare(tmp_path, Size(0.4))
    return tmp_path


@pytest.mark.sqlite_only("the benchmark measures a state in a file")
def test_a_full_judgement_finds_what_the_reference_finds_and_a_second_one_nothing_new(folder: Path) -> None:
    late = reconcile.reference(folder)["found"]
    first = reconcile.judging(folder, 1)
    assert late > 0
    assert first["found"] >= late
    assert first["transitions"] >= first["found"]
    assert reconcile.judging(folder, 2)["transitions"] == 0
    after = reconcile.incremental(folder)
    assert after["found"] >= late
    assert reconcile.judging(folder, 32)["transitions"] == 0  # nothing was left over by judging a part
    said = reconcile.agreement(folder)
    assert said.startswith(f"late deals by the reference: {late:,.0f}, ")
    assert not said.endswith("on the same day: 0")
