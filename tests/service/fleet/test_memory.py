"""What a worker remembers of its last judgement saves time and changes nothing: where anybody else judged since, or was
killed while judging, everything is judged."""

from dataclasses import replace
from pathlib import Path

import pytest

import pipeline.judge
from model.errors import InterruptedRunError, StateError
from model.runs import RunOutcome
from service.fleet.memory import JUDGED_NOTE, Memory, near_the_last, queue_near
from service.fleet.names import FINDINGS, REST
from service.fleet.work import Work
from state.queue import SCHEMA
from state.store import Store
from tests.pipeline.company import Company, Servers
from tests.pipeline.test_standing import _noted, assert_alike
from tests.proofs.ledger import show_control
from tests.service.fleet.test_sharing import defer
from tests.service.fleet.test_work import hurry, read_all
from tests.state.postgres import connect

TEMPLATE = "fleet_queue"

AGAIN, WHOLE = ["reconcile_again"], ["reconcile"]


class Fleet:
    """Workers of one process, each with a memory of its own, that take turns."""

    def __init__(self, company: Company, store: Store, ways: list[str]) -> None:
        self.company, self.store, self.ways = company, store, ways

    def worker(self) -> Work:
        return Work(self.store, self.company.configuration, self.company.clock, "process 1 on here")

    def round(self, reader: Work, judge: Work | None = None) -> list[str]:
        """Have everything read and judged, and give how it was judged."""
        self.company.pass_time(minutes=30)
        self.read(reader)
        self.ways.clear()
        (judge or reader).conclude(self.store.rounds_to_conclude()[-1])
        assert self.store.runs()[0].outcome is RunOutcome.DONE
        ways = list(self.ways)
        if ways == AGAIN:
            assert_alike(self.store, self.company)
        return ways

    def read(self, reader: Work) -> None:
        hurry(self.company.settings["state"]["url"], minutes=30)
        read_all(reader)


@pytest.fixture
def fleet(servers: Servers, tmp_path: Path, state_url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    company = Company(tmp_path / "acme", servers)
    company.settings["state"] = {"url": state_url}
    company.write()
    ways: list[str] = []
    for name in ("reconcile", "reconcile_again"):
        monkeypatch.setattr(pipeline.judge, name, _noted(getattr(pipeline.judge, name), name, ways))
    return Fleet(company, store, ways)


def test_the_worker_that_judged_last_judges_what_changes_can_reach_and_every_other_one_everything(
    fleet: Fleet,
) -> None:
    one, two = fleet.worker(), fleet.worker()
    assert fleet.round(one) == WHOLE
    fleet.company.slip()
    assert fleet.round(two, one) == AGAIN, "whoever read it"
    assert len(fleet.store.tracked()) == 8
    assert near_the_last(fleet.store) == queue_near(one.holder) != queue_near("process 2 on there")


def test_what_waits_in_the_queue_of_one_worker_is_for_all_once_somebody_looks_round(
    fleet: Fleet, state_url: str
) -> None:
    """The one may be gone, or at work."""
    assert near_the_last(fleet.store) is None
    defer(state_url, "conclude", '{"run": 7}', once="conclude 7")
    with connect(state_url) as connection:
        connection.execute(f"UPDATE {SCHEMA}.procrastinate_jobs SET queue_name = '{queue_near('one')}'")
    fleet.worker().look_round()
    with connect(state_url) as connection:
        assert connection.execute(f"SELECT queue_name FROM {SCHEMA}.procrastinate_jobs").fetchall() == [(REST,)]


def lenient(fleet: Fleet) -> Work:
    """A worker whose settings were edited, so that nothing is late to it."""
    worker = fleet.worker()
    settings = worker.configuration.settings
    options = settings.reconcile.model_copy(update={"tolerance_days": 90})
    worker.configuration = replace(worker.configuration, settings=settings.model_copy(update={"reconcile": options}))
    return worker


def test_while_settings_differ_between_machines_each_judges_everything(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the negative control: without the mark the old world of the one hides what the other one resolved."""
    one, edited = fleet.worker(), lenient(fleet)

    def by_the_edited() -> None:
        fleet.company.pass_time(minutes=30)
        fleet.read(edited)
        edited.conclude(fleet.store.rounds_to_conclude()[-1])
        assert standing(fleet) == set()

    fleet.company.slip()
    fleet.round(one)
    by_the_edited()
    assert fleet.round(one) == WHOLE, "somebody else judged since"
    assert len(standing(fleet)) == 8
    mark, real = fleet.store.note(JUDGED_NOTE), Store.note
    by_the_edited()
    monkeypatch.setattr(Store, "note", lambda store, key: mark if key == JUDGED_NOTE else real(store, key))
    with pytest.raises(AssertionError):
        fleet.round(one)
    assert (fleet.ways[:1], standing(fleet)) == (AGAIN, set())
    show_control(
        "C1",
        removed="a worker does not ask whether another one judged since it did",
        seen="8 of 8 findings that it would make are missed",
    )


def standing(fleet: Fleet) -> set[str]:
    return {key for key, each in fleet.store.tracked().items() if each.standing}


def test_after_a_judgement_that_broke_off_everything_is_judged(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it broke off after the records were linked: what that did to links nobody tells the next one."""
    one = fleet.worker()
    fleet.round(one)
    fleet.read(one)
    [run] = fleet.store.rounds_to_conclude()

    def broken(*_given: object, **_named: object) -> None:
        raise InterruptedRunError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.run.judge_and_keep", broken)
        with pytest.raises(InterruptedRunError):
            one.conclude(run)
    assert fleet.store.note(JUDGED_NOTE) == queue_near(one.holder), "without a mark"
    fleet.ways.clear()
    one.conclude(run)
    assert fleet.ways == WHOLE


def test_after_a_kill_between_the_findings_and_the_mark_nobody_begins_from_an_earlier_judgement(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1: the other one judged, committed and died; the first one's memory is older than what is stored."""
    one, killed = fleet.worker(), fleet.worker()
    fleet.round(one)
    real = Store.set_note

    def dies(self: Store, key: str, value: str | None) -> None:
        if key == JUDGED_NOTE and value is not None and " " in value:
            raise KeyboardInterrupt
        real(self, key, value)

    fleet.company.slip()
    fleet.company.pass_time(minutes=30)
    fleet.read(killed)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "set_note", dies)
        with pytest.raises(KeyboardInterrupt):
            killed.conclude(2)
    assert len(fleet.store.tracked()) == 8
    assert fleet.round(one) == WHOLE


def test_whoever_lost_the_claim_while_judging_leaves_no_mark(fleet: Fleet) -> None:
    """C12."""
    stale, memory = fleet.store.claiming(FINDINGS, "process 1 on here"), Memory()
    with pytest.raises(StateError, match="took over"), memory.judging(stale, "process 1 on here"):
        fleet.store.claiming(FINDINGS, "process 2 on there").set_note(JUDGED_NOTE, "theirs")
    assert (fleet.store.note(JUDGED_NOTE), memory._standing) == ("theirs", None)
