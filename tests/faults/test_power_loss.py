"""The power goes: what the store acknowledged is there afterwards, and no file is damaged (C4).

``DRIFTLINE_POWER_CUTS=10000`` asks for more cuts than the suite can afford; then whole runs of the program are cut as
well, with synchronisations, mails and checkpoints, not only the calls of the store that they are made of.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from model.deliveries import DeliveryState
from state import engine
from state.lock import Ownership
from state.store import Store
from tests.digest.smtp_servers import running
from tests.faults.power import Losses, cut_often, recorded
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control
from tests.state.test_findings import opened, tracked
from tests.state.test_outbox import add, mail
from tests.state.worlds import DAY_1, DAY_2, DAY_3, item, save

pytestmark = pytest.mark.sqlite_only("what SQLite asks of a disk")
CUTS = int(os.environ.get("DRIFTLINE_POWER_CUTS", "200"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
WHOLE_RUNS = CUTS >= 1000


def three_commands(folder: Path) -> None:
    """What a synchronisation and a digest ask of the store, each opening and closing it."""
    url = f"sqlite:///{folder}/state.db"
    for day, now in enumerate((DAY_1, DAY_2, DAY_3)):
        with Store.open(url) as store, Ownership.acquire(store, "driftline sync", now):
            save(store, *(item(str(number), title=f"Work of day {day}") for number in range(12)), now=now)
            lives = [tracked(f"crm:{day}-{number}") for number in range(3)]
            store.save_findings(1, lives, [opened(life) for life in lives])
            store.set_note("day", str(day))
        with Store.open(url) as store, Ownership.acquire(store, "driftline digest send", now):
            for id_ in add(store, mail(f"slot {day}"), mail(f"slot {day}", "bob@x.example")):
                for state in (DeliveryState.SENDING, DeliveryState.SENT):
                    store.mark_delivery(id_, state, now=now)


def whole_runs(folder: Path) -> None:
    """Three days of a company, and then so much that the log is written back and begun anew while it is open."""
    with Servers() as servers, pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipeline.run.SOURCES_AT_ONCE", 1)  # so that it is known which commit was the last one
        company = Company(folder, servers)
        with running(company.mailbox) as port:
            company.settings["mail"]["smtp"]["port"] = port
            company.write()
            for happens in (lambda: None, company.reach_tuesday, lambda: company.pass_time(days=1)):
                happens()
                with company.open_store() as store, Ownership.acquire(store, "driftline sync", company.now):
                    company.sync(store)
                with company.open_store() as store, Ownership.acquire(store, "driftline digest", company.now):
                    company.send(store, str(company.now.date()))
        with company.open_store() as store:
            log, before, turn = folder / "state.db-wal", -1, 0
            while log.stat().st_size > before:  # until the log is written back and begun anew
                before = log.stat().st_size
                save(store, *(item(str(number), title=f"{turn} {'x' * 3500}") for number in range(20)))
                turn += 1
    assert len(company.mailbox.received) == 2


def losses_of(live: Callable[[Path], None], folder: Path, cuts: int) -> tuple[Losses, int, int]:
    """Let it live on a disk that loses its power; give what that did, and how many commits and events there were."""
    (folder / "live").mkdir()
    with recorded() as journal:
        live(folder / "live")
    assert any(event.what == "remove" for event in journal.events)
    losses = cut_often(journal, folder / "cut", "state.db", cuts, SEED)
    return losses, len(journal.commits), len(journal.events)


@pytest.mark.parametrize("live", [three_commands, *([whole_runs] if WHOLE_RUNS else [])])
def test_after_a_power_cut_every_acknowledged_commit_is_there(tmp_path: Path, live: Callable[[Path], None]) -> None:
    """C4: with the pragmas of the program, synchronous = FULL and a write-ahead log."""
    losses, commits, events = losses_of(live, tmp_path, CUTS)
    assert (losses.lost, losses.corrupt) == (0, 0)
    assert losses.in_flight
    assert commits > 20
    show(
        "C4",
        "The power goes while the program writes its state: every commit that had returned is there afterwards, and "
        "the file is sound. The disk is modelled: what was not synced is kept, dropped, reordered, torn or overwritten "
        "with anything, sector by sector. The program's own code and pragmas write by the SQLite of apsw; what is left "
        "is read by the SQLite of Python.",
        reach=f"{losses.cuts:,} cuts among {events:,} writes and syncs of {commits} commits",
        seen=f"0 acknowledged commits lost, 0 files damaged; {losses.in_flight:,} times the commit that had not "
        "returned yet was there, whole",
        seed=SEED,
        database="SQLite",
    )


@pytest.mark.parametrize(("synchronous", "what"), [("NORMAL", "lost"), ("OFF", "corrupt")])
def test_control_with_less_syncing_a_power_cut_loses_commits_or_damages_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str, what: str
) -> None:
    """C4: the same cuts, with the pragma that is usually recommended, and with none."""
    pragmas = [pragma.replace("= FULL", f"= {synchronous}") for pragma in engine._PRAGMAS]
    assert pragmas != list(engine._PRAGMAS)
    monkeypatch.setattr(engine, "_PRAGMAS", pragmas)
    losses, _, _ = losses_of(three_commands, tmp_path, CUTS // 2)
    assert getattr(losses, what)
    if synchronous == "NORMAL":
        assert losses.corrupt == 0
    show_control(
        "C4",
        removed=f"synchronous = FULL, which is {synchronous} instead",
        seen=f"after {losses.cuts:,} cuts an acknowledged commit was lost {losses.lost:,} times and the file damaged "
        f"{losses.corrupt:,} times",
    )
