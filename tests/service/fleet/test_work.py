"""What a worker does: rounds, attempts, giving up, concluding and telling; the queue apart."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from model.deliveries import Delivery, DeliveryState
from model.errors import InterruptedRunError, StateError, StateLockedError
from model.runs import RunOutcome, SourceOutcome
from sandbox.http import Fault, Response
from service.fleet import work as work_module
from service.fleet.names import FINDINGS, source_claim
from service.fleet.telling import CATCH_UP, tell
from service.fleet.timing import Timing
from service.fleet.work import Attempt, Wanted, Work
from state.connected import Connected
from state.queue import SCHEMA, jobs
from state.store import Store
from tests.digest.smtp_servers import running
from tests.pipeline.company import RECIPIENTS, Company
from tests.proofs.ledger import show_control
from tests.service.fleet.conftest import Overtaking
from tests.service.fleet.test_sharing import defer
from tests.state.postgres import connect

TEMPLATE = "fleet_queue"

DOWN = Response({"errorMessages": ["down"]}, 503)
REFUSED = Response({"errorMessages": ["no"]}, 401)


@pytest.fixture
def work(company: Company, store: Store) -> Work:
    return Work(store, company.configuration, company.clock, "process 1 on here", Timing(attempts=3), company.stop)


def hurry(state_url: str, **interval: float) -> None:
    """Let everything have begun so much earlier."""
    with connect(state_url) as connection:
        ago = timedelta(**interval)
        connection.execute("UPDATE pulls SET opened_at = opened_at - %s, ended_at = ended_at - %s", [ago, ago])


def read_all(work: Work) -> None:
    for name in work.look_round().sources:
        work.read(name)


class TestRounds:
    def test_a_round_is_concluded_once_all_its_sources_are_done(
        self, work: Work, store: Store, company: Company
    ) -> None:
        company.slip()
        wanted = work.look_round()
        assert (sorted(wanted.sources), wanted.rounds) == (["crm", "jira"], ())
        assert work.read("jira") == Attempt()
        assert work.wanted() == Wanted(("crm",))
        work.read("crm")
        [run] = work.wanted().rounds
        work.conclude(run)
        stored = store.run(run)
        assert stored is not None
        assert (stored.outcome, stored.baseline, len(stored.results)) == (RunOutcome.DONE, True, 2)
        assert len(store.tracked()) == 8
        assert work.look_round() == Wanted()
        before, asked = store.runs(), len(company.jira_server.requests)
        assert work.read("jira") == Attempt()
        work.conclude(run)
        assert (store.runs(), len(company.jira_server.requests)) == (before, asked)  # asked for twice, done once

    def test_a_source_is_due_again_after_its_interval_and_by_itself(
        self, work: Work, state_url: str, store: Store
    ) -> None:
        """A slow source keeps back no other: the next round goes without it."""
        work.look_round()
        work.read("jira")
        hurry(state_url, minutes=16)
        assert sorted(work.look_round().sources) == ["crm", "jira"]
        assert {name: pull.run_id for name, pull in store.pulls().items()} == {"crm": 1, "jira": 2}
        work.read("jira")
        assert work.wanted() == Wanted(("crm",), (2,))

    def test_two_who_look_at_the_same_time_open_one_round(self, work: Work, company: Company, state_url: str) -> None:
        with Store.open(state_url) as second:
            other = Work(second, company.configuration, company.clock, "process 2 on there")
            begin = threading.Barrier(4)

            def look(who: Work) -> Wanted:
                begin.wait()
                return who.look_round()

            with ThreadPoolExecutor(4) as threads:
                seen = list(threads.map(look, [work, other, work, other]))
            assert {len(wanted.sources) for wanted in seen} == {2}
            assert len(second.runs()) == 1

    def test_what_a_killed_daemon_left_open_is_closed(self, work: Work, store: Store, company: Company) -> None:
        left = store.start_run(company.now, baseline=False)
        work.look_round()
        assert [run.outcome for run in store.runs() if run.id == left] == [RunOutcome.INTERRUPTED]

    def test_a_source_that_nobody_wants_any_more_is_let_go(self, work: Work, store: Store, company: Company) -> None:
        sources = company.settings["sources"]
        sources["ops"] = {**sources["jira"], "projects": ["OPS"]}
        company.write()
        assert len(replace_configuration(work, company).look_round().sources) == 3
        assert work.read("ops") == Attempt()
        assert sorted(work.wanted().sources) == ["crm", "jira"]


def waiting_mail(company: Company) -> Delivery:
    return Delivery(
        audience="leaders",
        recipient=RECIPIENTS[0],
        slot="2026-09-14",
        message_id="<one@acme.example>",
        subject="Two promises at risk",
        reason="you own LAUNCH",
        message=b"From: driftline@acme.example\r\nSubject: Two promises at risk\r\n\r\nsoon\r\n",
        covers=0,
        created_at=company.now,
    )


def replace_configuration(work: Work, company: Company) -> Work:
    return Work(work.store, company.configuration, work.clock, work.holder, work.timing, work.stop)


class TestAttempts:
    def test_a_source_that_does_not_answer_is_tried_again_and_then_given_up(
        self, work: Work, store: Store, company: Company
    ) -> None:
        company.crm_server.add_fault(Fault("/services/", DOWN, times=None))
        work.look_round()
        work.read("jira")
        attempts = [work.read("crm") for _ in range(3)]
        assert [(each.failures, each.again) for each in attempts] == [(1, True), (2, True), (3, False)]
        assert all(each.error for each in attempts)
        assert store.pulls()["crm"].ended_at is not None
        [run] = work.wanted().rounds
        work.conclude(run)
        [done] = store.runs()
        assert done.outcome is RunOutcome.PARTIAL
        assert {each.source: each.outcome for each in done.results} == {
            "crm": SourceOutcome.FAILED,
            "jira": SourceOutcome.COMPLETE,
        }

    def test_one_that_helps_leaves_no_trace_in_the_result(self, work: Work, store: Store, company: Company) -> None:
        company.crm_server.add_fault(Fault("/services/data", DOWN, times=1))
        work.look_round()
        assert work.read("crm").again
        assert work.read("crm") == Attempt("", 1)
        [result] = store.runs()[0].results
        assert (result.outcome, result.error, result.read) == (SourceOutcome.COMPLETE, "", 9)

    def test_what_somebody_must_mend_is_not_tried_again(self, work: Work, company: Company) -> None:
        company.jira_server.add_fault(Fault("/myself", REFUSED, times=None))
        work.look_round()
        attempt = work.read("jira")
        assert (attempt.failures, attempt.again, bool(attempt.error)) == (1, False, True)

    def test_the_distance_between_attempts_doubles(self) -> None:
        assert [Timing().pause_after(failures).total_seconds() for failures in range(1, 5)] == [15, 30, 60, 120]

    def test_a_source_whose_workers_die_again_and_again_is_given_up(self, work: Work, store: Store) -> None:
        work.look_round()
        pull = store.pulls()["crm"]
        for _ in range(3):
            store.pull_failed(pull, "the worker that read it ended in the middle")
        attempt = work.read("crm")
        assert attempt.error == "given up after 3 attempts: the worker that read it ended in the middle"
        assert store.pulls()["crm"].ended_at is not None

    def test_a_mistake_of_ours_while_reading_is_not_made_for_ever(
        self, work: Work, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_arguments: object, **_named: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(work_module, "read_for_round", broken)
        work.look_round()
        attempts = [work.read("crm") for _ in range(4)]
        assert [each.again for each in attempts] == [True, True, True, False]
        assert attempts[-1].error == "given up after 3 attempts: unexpected ZeroDivisionError while reading"
        assert store.pulls()["crm"].ended_at is not None

    def test_a_stop_leaves_the_source_to_the_next_worker(self, work: Work, store: Store, company: Company) -> None:
        work.look_round()
        company.stop.set()
        with pytest.raises(InterruptedRunError):
            work.read("jira")
        company.stop.clear()
        assert store.pulls()["jira"].failures == 0
        assert "jira" in work.wanted().sources

    def test_a_stop_before_judging_leaves_the_round_open(self, work: Work, store: Store, company: Company) -> None:
        read_all(work)
        company.stop.set()
        with pytest.raises(InterruptedRunError):
            work.conclude(1)
        assert work.wanted().rounds == (1,)

    def test_a_mistake_of_ours_while_judging_ends_the_round_as_failed(
        self, work: Work, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read_all(work)

        def broken(*_arguments: object, **_named: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(work_module, "conclude_round", broken)
        with pytest.raises(ZeroDivisionError):
            work.conclude(1)
        assert store.runs()[0].outcome is RunOutcome.FAILED
        assert work.wanted() == Wanted()


class TestFences:
    @pytest.mark.parametrize("fenced", [True, False])
    def test_whoever_reads_a_source_that_another_claims_stores_nothing_more(
        self, work: Work, store: Store, overtaken: Overtaking, monkeypatch: pytest.MonkeyPatch, fenced: bool
    ) -> None:
        """C12; and the same without the fence."""
        work.look_round()
        if not fenced:
            monkeypatch.setattr(Connected, "_check_claim", lambda *_: None)
        overtaken(source_claim("jira"), "save_page")
        if not fenced:
            assert work.read("jira") == Attempt()
            assert len(store.present_ids("jira")) > 0
            show_control(
                "C12", removed="a write is not asked for its claim", seen="every page of a stale reader stored"
            )
            return
        with pytest.raises(StateLockedError, match="another worker took over the source jira: process 2 on there"):
            work.read("jira")
        assert store.present_ids("jira") == set()
        assert (store.pulls()["jira"].failures, store.pulls()["jira"].ended_at) == (0, None)

    def test_whoever_judges_when_another_claims_the_findings_stores_none(
        self, work: Work, store: Store, company: Company, overtaken: Overtaking
    ) -> None:
        company.slip()
        read_all(work)
        overtaken(FINDINGS, "save_findings")
        with pytest.raises(StateError, match="another worker took over the findings"):
            work.conclude(1)
        assert store.tracked() == {}
        assert work.wanted().rounds == (1,)


def test_what_a_dead_worker_had_in_hand_would_stay_there_if_nobody_took_it_over(
    work: Work, state_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C11, with the negative control."""
    sources = work.look_round().sources
    with connect(state_url) as connection:
        silent = "(last_heartbeat) VALUES (now() - interval '1 min')"
        connection.execute(f"INSERT INTO {SCHEMA}.procrastinate_workers {silent}")
    for name in sources:
        defer(state_url, "read", f'{{"source": "{name}"}}', worker="1", status="doing", once=name)
    with monkeypatch.context() as patched:
        patched.setattr(work_module, "put_back", lambda *_, **__: [])
        assert work.look_round() == Wanted()
    assert {job.status for job in jobs(work.store)} == {"doing"}
    show_control("C1 C11", removed="nobody takes over from a worker that is gone", seen="2 of 2 sources are never read")
    work.look_round()
    assert {job.status for job in jobs(work.store)} == {"todo"}


class TestTelling:
    @pytest.fixture
    def mail(self, company: Company, work: Work) -> Iterator[Work]:
        with running(company.mailbox) as port:
            company.settings["mail"]["smtp"]["port"] = port
            company.write()
            yield replace_configuration(work, company)

    def test_a_digest_waits_for_the_round_that_is_open_and_goes_out_once(
        self, mail: Work, company: Company, state_url: str
    ) -> None:
        tell(mail)  # what was due before anybody knew the audience is not made up for
        read_all(mail)
        mail.conclude(1)
        company.slip()
        company.pass_time(days=1)
        hurry(state_url, days=1)
        mail.look_round()
        tell(mail)
        for name in ("jira", "crm"):
            assert company.mailbox.received == []
            mail.read(name)
            tell(mail)
        mail.conclude(2)
        for _ in range(2):
            tell(mail)
        assert len(company.mailbox.received) == 2

    def test_but_not_for_ever(self, mail: Work, company: Company) -> None:
        tell(mail)
        company.pass_time(days=1)
        for passed in (timedelta(), CATCH_UP - timedelta(seconds=1)):
            company.now += passed
            tell(mail)
            assert mail.store.note("digest-slot:leaders") == "2026-09-14"
        company.now += timedelta(seconds=1)
        tell(mail)
        assert mail.store.note("digest-slot:leaders") == "2026-09-15"

    def test_a_mail_that_is_refused_for_now_is_left_alone_for_a_while_by_every_worker(
        self, mail: Work, company: Company, state_url: str
    ) -> None:
        tell(mail)
        mail.store.add_deliveries([waiting_mail(company)])
        company.mailbox.refuse["MAIL"] = "451 later"
        with Store.open(state_url) as second:
            other = replace(mail, store=second)
            for each in (mail, other, mail):
                tell(each)
            assert {(row.state, row.attempts) for row in second.deliveries()} == {(DeliveryState.READY, 1)}
            company.mailbox.refuse.clear()
            company.pass_time(minutes=2)
            tell(other)
            assert {row.state for row in second.deliveries()} == {DeliveryState.SENT}
