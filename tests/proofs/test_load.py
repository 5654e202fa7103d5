"""Ten times the records, findings and recipients: time grows with them, memory and mails hardly (S13).

``DRIFTLINE_LOAD=10000`` compares ten with a hundred thousand records; the suite compares some hundreds with thousands.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.company import write_company
from tests.digest.smtp_servers import Mailbox, running
from tests.faults.daemons import ROOT, Daemons, Preparation, shared
from tests.proofs.ledger import show, show_control

RECORDS = int(os.environ.get("DRIFTLINE_LOAD", "200"))
LARGE = RECORDS > 1_000
TENFOLD = 10
MOST_TIME, MOST_MEMORY, MOST_MAIL = 12.0, 2.0, 1.5
SUMMER, WINTER = "2026-07-01T08:00:00Z", "2026-12-01T08:00:00Z"
"""What was planned for autumn is late in winter, and news."""
READ, READ_AGAIN, TELL = ("sync",), ("sync", "--full"), ("digest", "send", "leaders")
PATIENCE_SECONDS = 1_800

pytestmark = pytest.mark.sqlite_only("the ratios are those of one process without a server beside it")


@dataclass(frozen=True, slots=True)
class Load:
    """What the commands of one company took, all together, and what came of them."""

    records: int
    recipients: int
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    findings: int = 0
    mails: int = 0
    largest_mail: int = 0
    text: str = ""


@contextmanager
def stand_in(records: int) -> Iterator[str]:
    """Jira with half of the records and Salesforce with the other half, in a process of their own."""
    half = str(records // 2)
    command = [sys.executable, "-m", "tests.proofs.load_stand_in", half, half]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def write(folder: Path, address: str, mail_port: int, recipients: int) -> dict[str, Any]:
    """The company of the benchmarks, in which each deal counts, with leaders who are told; give its settings."""
    folder.mkdir()
    write_company(folder, address, ["jira", "salesforce"])
    rules = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))
    for rule in rules["rules"]:
        if rule["role"] == "promises":
            rule["match"] = {"kind": "deal"}
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    settings: dict[str, Any] = yaml.safe_load((folder / "driftline.yaml").read_text(encoding="utf-8"))
    (folder / "secret").touch(mode=0o600)
    (folder / "secret").write_text("token", encoding="utf-8")
    for source, name in (("jira", "token"), ("salesforce", "client_secret")):
        settings["sources"][source][name] = "file:secret"
    smtp = {"host": "127.0.0.1", "port": mail_port, "security": "none"}
    settings["mail"] = {"sender": "driftline@acme.example", "smtp": smtp}
    settings["digests"] = {"leaders": {"recipients": [f"reader{each}@acme.example" for each in range(recipients)]}}
    return settings


def load(
    daemons: Daemons,
    folder: Path,
    address: str,
    records: int,
    recipients: int,
    *prepared: Preparation,
    winter: Sequence[Sequence[str]] = (READ_AGAIN, TELL),
) -> Load:
    """Read all in summer, again in winter, and tell what became late."""
    mailbox = Mailbox()
    cpu = peak = 0.0
    findings = 0
    with running(mailbox) as port:
        settings = write(folder, address, port, recipients)
        for moment, commands in ((SUMMER, [READ]), (WINTER, winter)):
            settings["clock"] = {"shows": moment, "since": datetime.now(UTC).isoformat()}
            (folder / "driftline.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
            for command in commands:
                going = daemons.start(folder, *prepared, command=command, log=f"{moment[:10]} {command[0]}.log")
                end = going.end(PATIENCE_SECONDS)
                assert end is not None
                assert end.code == 0, going.said[-2000:]
                cpu, peak = cpu + end.cpu_seconds, max(peak, end.peak_mib)
                findings = max([findings, *(int(line["standing"]) for line in going.events("run.finished"))])
    sizes = [len(content) for _, _, content in mailbox.received]
    return Load(records, recipients, cpu, peak, findings, len(sizes), max(sizes, default=0), text_of(mailbox))


def text_of(mailbox: Mailbox) -> str:
    if not mailbox.received:
        return ""
    body = message_from_bytes(mailbox.received[0][2], policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(scope="module")
def daemons() -> Daemons:
    return shared()[0]


@pytest.fixture(scope="module")
def few() -> Iterator[str]:
    with stand_in(RECORDS) as address:
        yield address


@pytest.fixture(scope="module")
def many() -> Iterator[str]:
    with stand_in(TENFOLD * RECORDS) as address:
        yield address


@pytest.fixture(scope="module")
def small(daemons: Daemons, few: str, tmp_path_factory: pytest.TempPathFactory) -> Load:
    folder = tmp_path_factory.mktemp("load") / "small"
    return load(daemons, folder, few, RECORDS, recipients=max(3, RECORDS // 500))


def test_ten_times_the_load_takes_ten_times_the_time_and_no_more_memory(
    daemons: Daemons, small: Load, many: str, tmp_path: Path
):
    """S13: from reading to mailing."""
    large = load(daemons, tmp_path / "large", many, TENFOLD * RECORDS, TENFOLD * small.recipients)
    assert large.findings > 7 * small.findings > 0
    assert (small.mails, large.mails) == (small.recipients, large.recipients)
    time = large.cpu_seconds / small.cpu_seconds
    memory = large.peak_mib / small.peak_mib
    mail = large.largest_mail / small.largest_mail
    assert time <= MOST_TIME
    assert memory <= MOST_MEMORY
    assert mail <= MOST_MAIL
    assert " more" in large.text
    show(
        "S13",
        "Ten times the load takes no more than twelve times the time and twice the memory, and no longer mails",
        reach=f"{small.records:,} and {large.records:,} records read over HTTP, judged and told by mail, "
        f"{small.findings:,} and {large.findings:,} findings, {small.recipients} and {large.recipients} recipients",
        seen=f"{time:.1f} times the processor time ({small.cpu_seconds:.1f} and {large.cpu_seconds:.1f} s), "
        f"{memory:.2f} times the memory ({small.peak_mib:.0f} and {large.peak_mib:.0f} MiB), mails of "
        f"{small.largest_mail / 1000:.0f} and {large.largest_mail / 1000:.0f} kB, which count what they leave out",
        database="SQLite",
    )


def test_control_what_keeps_every_record_in_memory_is_noticed(daemons: Daemons, small: Load, many: str, tmp_path: Path):
    """S13."""
    keeping = load(
        daemons, tmp_path / "large", many, TENFOLD * RECORDS, small.recipients, ["remembers_each_record"], winter=()
    )
    memory = keeping.peak_mib / small.peak_mib
    assert memory > MOST_MEMORY
    show_control(
        "S13",
        removed="records are let go when they are stored",
        seen=f"{memory:.1f} times the memory for ten times the records",
    )


@pytest.mark.skipif(not LARGE, reason="work that outweighs the rest takes a while: make proof")
def test_control_work_that_grows_with_the_square_of_the_records_is_noticed(
    daemons: Daemons, small: Load, few: str, many: str, tmp_path: Path
):
    """S13."""
    squared = ["compares_each_record_with_all", max(1, round(20 * (2_000 / RECORDS) ** 2))]  # half a second for the few
    fewer = load(daemons, tmp_path / "fewer", few, RECORDS, small.recipients, squared, winter=())
    more = load(daemons, tmp_path / "more", many, TENFOLD * RECORDS, small.recipients, squared, winter=())
    time = more.cpu_seconds / fewer.cpu_seconds
    assert time > MOST_TIME
    show_control(
        "S13",
        removed="what is done for a record does not depend on how many there are",
        seen=f"{time:.0f} times the processor time for ten times the records",
    )
