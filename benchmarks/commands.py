"""What the mapping's commands cost on a large state: ``python -m benchmarks.commands``.

The state is filled with the records of the match benchmark, linked and judged by as many rules as asked for; then each
command runs as a process of its own. A command that looks at everything is compared with ``links``: it reads and
matches every record once.
"""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path

import structlog

from benchmarks.match import OBJECTIVES, TODAY, batches, rule_file
from benchmarks.measure import Cost, run
from config.load import load
from model.reading import Page
from model.records import Record
from model.runs import Run, RunOutcome
from pipeline.judge import judge_and_keep
from pipeline.mapping_change import link_and_record
from state.store import Store

NOW = datetime.combine(TODAY, time(8), UTC)
_SETTINGS = """\
version: 1
clock: {shows: "2026-11-21T08:00:00+00:00", since: "2026-11-21T08:00:00+00:00"}
state: {url: "sqlite:///driftline.db"}
objectives: [objectives.yaml]
mapping: [rules.yaml]
sources:
  jira:
    kind: jira
    url: http://127.0.0.1:9
    email: driftline@example.com
    token: env:BENCH_TOKEN
    projects: [P0]
    fields: {Programme: customfield_1, Region: customfield_2}
  crm: {kind: salesforce, url: "http://127.0.0.1:9", client_id: x, client_secret: "env:BENCH_TOKEN", currency: EUR}
  savings: {kind: spreadsheet, path: savings.xlsx, records: saving, columns: {key: ID, title: Title}}
"""


def write_company(folder: Path, rules: int) -> None:
    """Settings for sources that nobody calls, objectives and rules."""
    entries = "".join(f"  - {{id: O-{number}, level: measure, name: Objective}}\n" for number in range(OBJECTIVES))
    (folder / "driftline.yaml").write_text(_SETTINGS)
    (folder / "objectives.yaml").write_text(f"version: 1\nobjectives:\n{entries}")
    (folder / "rules.yaml").write_text(rule_file(rules))


def fill(folder: Path, records: int, rules: int) -> None:
    """Store the records as one run would have read, linked and judged them."""
    configuration = load(folder / "driftline.yaml")
    with Store.open(f"sqlite:///{folder / 'driftline.db'}", migrate=True) as store:
        number = store.start_run(NOW, baseline=True)
        for batch in batches(records, rules):
            by_source: dict[str, list[Record]] = {}
            for record in batch:
                by_source.setdefault(record.source, []).append(record)
            for source, found in by_source.items():
                store.save_page(number, Page(found), source, NOW)
        _, reach = link_and_record(store, configuration, now=NOW)
        judge_and_keep(store, configuration, number, now=NOW, reach=reach)
        store.finish_run(
            Run(id=number, started_at=NOW, finished_at=NOW, outcome=RunOutcome.DONE, baseline=True, results=())
        )


def measure(folder: Path) -> dict[str, Cost]:
    """Each command on the filled state; before ``plan`` one rule is edited."""
    environment = {**os.environ, "BENCH_TOKEN": "token"}
    root = Path(__file__).parents[1]

    def cost(*words: str) -> Cost:
        command = [sys.executable, "-m", "cli.main", "-C", str(folder), *words]
        return run(command, folder=root, environment=environment, said=folder / "said.txt")

    found = {
        "links": cost("links"),
        "objectives tree": cost("objectives", "tree"),
        "suggest": cost("suggest"),
        "explain": cost("explain", "P1-101"),
        "check": cost("check"),
    }
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace('"programme-2"', '"programme-3"', 1))
    return found | {"plan": cost("plan")}


def show(records: int, rules: int, say: Callable[[str], object]) -> None:
    """Fill a state in a folder that goes again, and print what each command took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_company(folder, rules)
        fill(folder, records, rules)
        size = (folder / "driftline.db").stat().st_size / 1e6
        say(f"{records:,} records x {rules:,} rules, a state of {size:,.0f} MB")
        say(f"{'':16}{'s':>8}{'CPU s':>8}{'ratio':>7}{'MB':>7}")
        found = measure(folder)
    for command, cost in found.items():
        ratio = cost.cpu / found["links"].cpu
        say(f"{command:16}{cost.wall:8.1f}{cost.cpu:8.1f}{ratio:7.2f}{cost.megabytes:7.0f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=1_000)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    show(asked.records, asked.rules, lambda line: sys.stdout.write(f"{line}\n"))


if __name__ == "__main__":
    main()
