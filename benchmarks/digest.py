"""How long a digest takes from stored findings to committed mails: ``python -m benchmarks.digest``.

Each size is measured in a process of its own beside a reference that does the least possible: it decodes the same rows,
groups them by cause, writes the three weightiest into a text and commits one plain message per recipient; no HTML, no
news, no audience, no second language. Nothing is sent by either.
"""

import argparse
import json
import logging
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import structlog

from config.load import load
from model.findings import (
    Account,
    Amount,
    Claim,
    Evidence,
    Finding,
    Impact,
    Severity,
    Share,
    Step,
    TrackedFinding,
    Transition,
    TransitionKind,
)
from model.money import Money
from pipeline.notify import prepare
from state.store import Store

Figures: TypeAlias = dict[str, float]
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SLOT = "2026-11-23"
SIZES = (1_000, 10_000)
PER_CAUSE = 40
STATE = "driftline.db"


def settings(recipients: int) -> str:
    """Half of the readers are told in German."""
    half = [f"reader{number}@example.com" for number in range(recipients // 2)]
    rest = [{"address": f"leser{number}@example.com", "language": "de"} for number in range(recipients - len(half))]
    return json.dumps(
        {
            "version": 1,
            "mail": {"sender": "driftline@example.com", "smtp": {"host": "localhost", "security": "none"}},
            "digests": {
                "leaders": {"recipients": [*half, *rest]},
                "with-workbook": {"recipients": ["reader@example.com"], "workbook": True},
            },
        }
    )


OBJECTIVES = json.dumps(
    {
        "version": 1,
        "objectives": [
            {"id": "ORG", "level": "organization", "name": "Group"},
            *({"id": f"M-{n}", "level": "measure", "name": f"Measure {n}", "parent": "ORG"} for n in range(100)),
        ],
    }
)


def finding(number: int) -> Finding:
    """A promise that a cause breaks, with the chain, the evidence and the money that such findings have."""
    cause, days = f"jira:{number // PER_CAUSE}", 7 + number % 90
    promised, ready = date(2026, 12, 1), date(2026, 12, 1) + timedelta(days)
    full = Decimal(10_000 + 137 * (number % 4_001))
    amount = Amount(Account.REVENUE, Money(full, "EUR"), Money(full / 2, "EUR"), "2026-12")
    work = f"WRK-{number // PER_CAUSE}"
    link = f"https://jira.example.com/browse/{work}"
    return Finding(
        check="late-commitment",
        check_version=1,
        subjects=(f"crm:{number}", cause),
        title=f"OPP-{number} promises Part {number % 50} {days} days before it can be delivered",
        objective_ids=(f"M-{number % 100}",),
        commitment=Claim("Salesforce", f"OPP-{number}", "promises 1 Dec 2026", promised, "https://crm.example.com/1"),
        forecast=Claim("Jira", work, f"is due {ready:%d %b %Y}", ready, link),
        impact=Impact(days, (Share(f"crm:{number}", (amount,)),)),
        cause=cause,
        chain=(
            Step(f"crm:{number}", f"OPP-{number}", f"Customer {number}", "promised 1 Dec 2026", promised),
            Step(cause, work, f"Work {number // PER_CAUSE}", f"due {ready:%d %b %Y}", ready, link),
        ),
        evidence=(Evidence(cause, work, "due", ready.isoformat(), link, NOW, "2026-11-30", "Ben Kuhn", NOW),),
        severity=Severity(1 + number % 4),
        owner=f"Owner {number % 60}",
        decider=f"Decider {number % 20}",
        decide_by=date(2026, 11, 25) + timedelta(number % 30),
        advice=f"Move the promise to {ready:%d %b}, or bring {work} forward by {days} days?",
        sources=("salesforce", "jira"),
    )


def write(folder: Path, findings: int, recipients: int) -> None:
    """Settings, objectives and a state in which every finding is news."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "driftline.yaml").write_text(settings(recipients))
    (folder / "objectives.yaml").write_text(OBJECTIVES)
    (folder / "mapping").mkdir(exist_ok=True)
    (folder / "mapping" / "none.yaml").write_text("version: 1\nrules: []\n")
    opened = NOW - timedelta(hours=6)
    with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
        run = store.start_run(opened, baseline=False)
        told = [finding(number) for number in range(findings)]
        tracked = [
            TrackedFinding(finding=each, opened_at=opened, changed_at=opened, judged_at=opened, told=each.impact)
            for each in told
        ]
        steps = [
            Transition(fingerprint=each.fingerprint, kind=TransitionKind.OPENED, at=opened, after=each.impact)
            for each in told
        ]
        store.save_findings(run, tracked, steps)


def composing(folder: Path, audience: str = "leaders") -> Figures:
    """What Driftline does at a slot, up to the committed outbox."""
    configuration = load(folder / "driftline.yaml")
    with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
        with _timed() as figures:
            _, rows = prepare(store, configuration, audience, slot=SLOT, now=NOW)
        kilobytes = max(len(row.message) for row in rows) / 1000
    return figures | {"mails": len(rows), "kilobytes": kilobytes}


def and_workbook(folder: Path) -> Figures:
    """The same for one reader who gets all findings as a workbook too."""
    return composing(folder, "with-workbook")


def reference(folder: Path) -> Figures:
    """The least that tells the three weightiest causes to everybody."""
    readers = json.loads((folder / "driftline.yaml").read_text())["digests"]["leaders"]["recipients"]
    connection = sqlite3.connect(folder / STATE)
    connection.execute("CREATE TABLE IF NOT EXISTS plain (recipient TEXT, message BLOB)")
    with _timed() as figures:
        causes: dict[str, list[Any]] = {}
        for (content,) in connection.execute("SELECT content FROM findings"):
            told = orjson.loads(content)["finding"]
            causes.setdefault(told["cause"], []).append(told)
        weighed = sorted(causes.values(), key=lambda several: -sum(map(_money, several)))
        text = "\n".join(f"{several[0]['advice']} {sum(map(_money, several))}" for several in weighed[:3])
        rows = [(str(reader), _plain(str(reader), text)) for reader in readers]
        connection.executemany("INSERT INTO plain VALUES (?, ?)", rows)
        connection.commit()
    connection.close()
    return figures | {"mails": len(rows), "kilobytes": max(len(message) for _, message in rows) / 1000}


def _money(told: Any) -> Decimal:
    return Decimal(str(told["impact"]["shares"][0]["amounts"][0]["full"]["amount"]))


def _plain(reader: str, text: str) -> bytes:
    message = EmailMessage()
    message["To"], message["Subject"] = "reader@example.com", "Digest"
    message.set_content(f"{reader}\n{text}")
    return message.as_bytes()


@contextmanager
def _timed() -> Iterator[Figures]:
    figures: Figures = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), time.process_time()
    yield figures
    figures["wall"], figures["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["more"] = figures["megabytes"] - before


WAYS: dict[str, Callable[[Path], Figures]] = {"reference": reference, "digest": composing, "and workbook": and_workbook}


def measure(folder: Path, way: str) -> Figures:
    """One way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.digest", "--way", way, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], check=True)  # noqa: S603
    found: Figures = json.loads(done.stdout)
    return found


def show(folder: Path, recipients: int, say: Callable[[str], object]) -> None:
    """Measure each size both ways and print them side by side, with the growth from the smallest to the largest."""
    say(f"{recipients} recipients in two languages; the workbook of all findings for one")
    say(f"{'findings':>9}  {'':13}{'wall s':>8}{'CPU s':>8}{'ratio':>7}{'MB':>6}{'more':>6}{'mails':>7}{'kB each':>9}")
    found: dict[tuple[int, str], Figures] = {}
    for size in SIZES:
        write(folder / str(size), size, recipients)
        for way in WAYS:
            told = found[size, way] = measure(folder / str(size), way)
            ratio = told["cpu"] / found[size, "reference"]["cpu"]
            say(
                f"{size:9,}  {way:13}{told['wall']:8.2f}{told['cpu']:8.2f}{ratio:7.1f}{told['megabytes']:6.0f}"
                f"{told['more']:6.0f}{told['mails']:7.0f}{told['kilobytes']:9.0f}"
            )
    least, most = min(SIZES), max(SIZES)
    for way in WAYS:
        grown = found[most, way]["cpu"] / found[least, way]["cpu"]
        say(f"{way}: {most / least:.0f} times the findings take {grown:.1f} times the processor time")


def main() -> None:
    """Print the table, or measure one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=200)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if asked.way:
        sys.stdout.write(json.dumps(WAYS[asked.way](asked.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        show(Path(name), asked.recipients, lambda line: sys.stdout.write(f"{line}\n"))


if __name__ == "__main__":
    main()
