"""The benchmarks run and say what they promise; how fast anything is depends on the machine and is not tested."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.commands import fill, write_company
from tests.cli.console import driftline

ROOT = Path(__file__).resolve().parents[1]


def pull(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pull", "--repeat", "1", "--latency", "0", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def written(said: str, row: str) -> list[int]:
    """The last column of the rows that begin so: how many records were written."""
    return [int(last) for last in re.findall(rf"^{re.escape(row)} +\d.* (\d+)$", said, re.MULTILINE)]


def test_the_pull_benchmark_reads_all_three_sources_and_writes_only_what_changed():
    said = pull("--rows", "0.6", "--together", "--loaded")
    issues, deals, tasks = 300, 300, 120
    assert written(said, "reference") == [issues + deals + tasks]
    assert written(said, "first sync")[0] > issues + deals + tasks, "versions, sprints and subtasks come on top"
    assert written(said, "sync --full, unchanged") == [0]
    assert 0 < written(said, "incremental, 200 each")[0] <= issues + deals + tasks
    assert re.search(r"first sync / reference: +wall [\d.]+, CPU [\d.]+, memory [\d.]+", said)
    assert re.search(r"largest memory of Driftline: +\d+ MB", said)


def test_the_match_benchmark_gives_the_same_links_as_the_plain_loop():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.match", "--records", "1500", "--rules", "150", "--every", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1,500 records x 150 rules" in done.stdout
    assert re.search(r"^plain loop +500 +[1-9]\d* ", done.stdout, re.MULTILINE)
    assert re.search(r"^matcher +1,500 +[1-9]\d* ", done.stdout, re.MULTILINE)
    assert re.search(r"links of these records: the same; the matcher is \d+ times as fast", done.stdout)


@pytest.mark.sqlite_only("the benchmark measures a state in a file")
def test_the_commands_benchmark_measures_a_state_that_was_linked_and_judged(tmp_path: Path):
    write_company(tmp_path, 40)
    fill(tmp_path, 500, 40)
    said = driftline("links", "--limit", "0", folder=tmp_path, BENCH_TOKEN="token")
    assert said.code == 0
    assert sum(" delivers " in line for line in said.lines) > 10
    planned = driftline("plan", folder=tmp_path, BENCH_TOKEN="token")
    assert (planned.code, planned.lines[0]) == (0, "No changes.")
