"""A source in parts: each is walked by a worker of its own, with a claim of its own, before the source is read."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from model.errors import InterruptedRunError, StateLockedError
from model.runs import RunOutcome, SourceOutcome
from sandbox.http import Fault, Response
from service.fleet import work as work_module
from service.fleet.names import READ_SHARD, claim_of, shard_claim
from service.fleet.timing import Timing
from service.fleet.work import Attempt, Wanted, Work
from state.connected import Connected
from state.lock import Ownership
from state.queue import SCHEMA, install, put_back
from state.store import Store
from tests.cli.console import driftline
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control
from tests.service.fleet.conftest import Copying, Overtaking, database
from tests.service.fleet.picture import differences, picture
from tests.service.fleet.test_sharing import defer
from tests.state.postgres import connect

TEMPLATE = "fleet_queue"

DOWN = Response({"errorMessages": ["down"]}, 503)
REFUSED = Response({"errorMessages": ["no"]}, 401)
WALKED = "/issue/bulkfetch"
DIVISIONS = (1, 2, 3, 5) if os.environ.get("DRIFTLINE_WORKER_KILLS") else (1, 3)
"""Into how many parts the same source is divided; the long form is part of ``make proof``."""


@pytest.fixture
def company(servers: Servers, tmp_path: Path, state_url: str) -> Company:
    company = Company(tmp_path / "acme", servers)
    company.settings["state"] = {"url": state_url}
    divide(company, 2)
    return company


@pytest.fixture
def work(company: Company, store: Store) -> Work:
    return working(company, store)


def working(company: Company, store: Store, holder: str = "process 1 on here") -> Work:
    return Work(store, company.configuration, company.clock, holder, Timing(attempts=2), company.stop)


def divide(company: Company, shards: int) -> None:
    company.settings["sources"]["jira"]["shards"] = shards
    company.write()


def a_day_passes(url: str) -> None:
    """For the clock of the database."""
    with connect(url) as connection:
        connection.execute("UPDATE pulls SET opened_at = opened_at - interval '1 day'")


def do_all(work: Work) -> int:
    """A round, one job after the other, without the queue; give its run."""
    wanted = work.look_round()
    while wanted.shards or wanted.sources:
        for source, number in wanted.shards:
            work.read_shard(source, number)
        for source in wanted.sources:
            work.read(source)
        wanted = work.wanted()
    [run] = wanted.rounds
    work.conclude(run)
    return run


class TestRounds:
    def test_a_source_is_read_once_all_its_parts_were_walked(self, work: Work, store: Store, company: Company) -> None:
        wanted = work.look_round()
        assert wanted == Wanted(("crm",), (), (("jira", 1), ("jira", 2)))
        assert work.read("jira") == Attempt()
        assert company.jira_server.requests == []
        for number in (1, 2):
            assert "jira" not in work.wanted().sources
            assert work.read_shard("jira", number) == Attempt()
        assert work.wanted() == Wanted(("jira", "crm")) or work.wanted() == Wanted(("crm", "jira"))
        company.jira_server.requests.clear()
        assert work.read("jira") == Attempt()
        assert not [request for request in company.jira_server.requests if WALKED in request]
        assert store.walks("jira", 1) == []
        work.read("crm")
        work.conclude(1)
        [run] = store.runs()
        [result] = [each for each in run.results if each.source == "jira"]
        assert (run.outcome, result.outcome, result.read, result.changed) == (
            RunOutcome.DONE,
            SourceOutcome.COMPLETE,
            14,
            14,
        )
        asked = len(company.jira_server.requests)
        assert (work.read_shard("jira", 1), work.wanted()) == (Attempt(), Wanted())
        assert len(company.jira_server.requests) == asked  # asked for twice, done once

    def test_findings_links_and_records_are_those_of_a_source_that_is_read_as_one(
        self, servers: Servers, server: str, copy_of: Copying, tmp_path: Path
    ) -> None:
        """Monday; then dates slip, a record moves, another one is deleted, and a project is put away."""
        pictures = {}
        for shards in DIVISIONS:
            company = Company(tmp_path / str(shards), servers)
            divide(company, shards)
            url = copy_of(database(server, "fleet_queue"))
            with Store.open(url) as store:
                do_all(working(company, store))
                company.reach_tuesday()
                company.jira.move_to_project("OPS-1", "WEB-90")
                company.jira.delete("WEB-4")
                company.jira.projects["OPS"].state = "archived"
                a_day_passes(url)
                do_all(working(company, store))
            pictures[shards] = picture(url)
        assert len(pictures[1]["findings"]) == 8
        for shards in DIVISIONS:
            assert differences(pictures[1], pictures[shards]) == []
        show(
            "C11",
            "A source that workers read in parts is stored and judged as one that is read as one",
            reach=f"{', '.join(map(str, DIVISIONS))} parts of two projects; two rounds, between them slipped dates, "
            "a move between projects, a deletion and an archived project",
            seen=f"the same {len(pictures[1]['records'])} records with their revisions, "
            f"{len(pictures[1]['links'])} links and {len(pictures[1]['findings'])} findings each time",
            database="PostgreSQL",
        )

    def test_with_fewer_parts_in_the_settings_the_next_round_has_fewer(
        self, work: Work, store: Store, company: Company, state_url: str
    ) -> None:
        do_all(work)
        divide(company, 1)
        a_day_passes(state_url)
        assert working(company, store).look_round().shards == ()
        assert store.shards() == []

    def test_a_part_of_a_source_that_nobody_wants_any_more_is_let_go(self, work: Work, company: Company) -> None:
        work.look_round()
        del company.settings["sources"]["jira"]
        company.write(rules={"version": 1, "rules": []})
        other = working(company, work.store)
        assert [other.read_shard("jira", number) for number in (1, 2)] == [Attempt(), Attempt()]
        assert "jira" in other.wanted().sources


class TestAttempts:
    def test_a_part_that_is_given_up_is_walked_with_the_source(
        self, work: Work, store: Store, company: Company
    ) -> None:
        work.look_round()
        work.read_shard("jira", 1)
        company.jira_server.add_fault(Fault(WALKED, DOWN, times=None))
        attempts = [work.read_shard("jira", 2) for _ in range(2)]
        assert [(each.failures, each.again) for each in attempts] == [(1, True), (2, False)]
        assert all("503" in each.error for each in attempts)
        assert [(each.number, "503" in each.error) for each in store.shards()] == [(1, False), (2, True)]
        assert work.read("jira").error  # it is not hidden
        company.jira_server.clear_faults()
        assert work.read("jira") == Attempt("", 1)
        assert len(store.present_ids("jira")) == 14

    def test_what_somebody_must_mend_is_not_tried_again_and_the_source_says_it(
        self, work: Work, store: Store, company: Company
    ) -> None:
        company.jira_server.add_fault(Fault("/myself", REFUSED, times=None))
        work.look_round()
        attempts = [work.read_shard("jira", number) for number in (1, 2)]
        assert [(each.again, bool(each.error)) for each in attempts] == [(False, True), (False, True)]
        assert work.read("jira").error == attempts[0].error
        assert store.pulls()["jira"].ended_at is not None

    def test_a_part_of_which_workers_die_is_given_up_and_a_mistake_of_ours_too(
        self, work: Work, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_arguments: object, **_named: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(work_module, "walk_for_round", broken)
        work.look_round()
        first = store.shards()[0]
        for _ in range(2):
            store.shard_failed(first, "the worker that read it ended in the middle")
        assert work.read_shard("jira", 1).error == (
            "given up after 2 attempts: the worker that read it ended in the middle"
        )
        assert [work.read_shard("jira", 2).again for _ in range(2)] == [True, False]
        assert work.wanted().shards == ()
        assert work.read("jira") == Attempt()

    def test_a_stop_leaves_the_part_to_the_next_worker(self, work: Work, company: Company) -> None:
        work.look_round()
        company.stop.set()
        with pytest.raises(InterruptedRunError):
            work.read_shard("jira", 1)
        assert [(each.failures, each.ended) for each in work.store.shards()] == [(0, False)] * 2


class TestFences:
    @pytest.mark.parametrize("fenced", [True, False])
    def test_whoever_walks_a_part_that_another_claims_stores_nothing_more(
        self, work: Work, store: Store, overtaken: Overtaking, monkeypatch: pytest.MonkeyPatch, fenced: bool
    ) -> None:
        """C12; and the same without the fence."""
        work.look_round()
        if not fenced:
            monkeypatch.setattr(Connected, "_check_claim", lambda *_: None)
        overtaken(shard_claim("jira", 2), "save_page")
        if not fenced:
            assert work.read_shard("jira", 2) == Attempt()
            assert len(store.present_ids("jira")) > 0
            show_control(
                "C12",
                removed="a write of a part is not asked for its claim",
                seen="every page of a stale reader stored",
            )
            return
        with pytest.raises(StateLockedError, match="took over the source jira, part 2: process 2 on there"):
            work.read_shard("jira", 2)
        assert store.present_ids("jira") == set()
        assert [each.ended for each in store.shards()] == [False, False]

    def test_nor_does_it_say_that_it_walked_it(self, work: Work, store: Store, overtaken: Overtaking) -> None:
        work.look_round()
        overtaken(shard_claim("jira", 2), "end_shard")
        with pytest.raises(StateLockedError):
            work.read_shard("jira", 2)
        assert store.walks("jira", 1) == []

    def test_a_part_of_a_silent_worker_is_given_to_others_and_counts_for_the_part_alone(
        self, work: Work, store: Store, state_url: str
    ) -> None:
        """C11, C12."""
        work.look_round()
        with connect(state_url) as connection:
            silent = "(last_heartbeat) VALUES (now() - interval '1 min')"
            connection.execute(f"INSERT INTO {SCHEMA}.procrastinate_workers {silent}")
        stale = store.claiming(shard_claim("jira", 2), "the silent one")
        defer(state_url, READ_SHARD, '{"source": "jira", "shard": 2}', worker="1", status="doing", once="jira 2")
        given = put_back(store, 30, holder="another", claim_of=claim_of)
        assert [(job.task, dict(job.args)) for job in given] == [(READ_SHARD, {"source": "jira", "shard": 2})]
        assert [each.failures for each in store.shards()] == [0, 1]
        assert store.pulls()["jira"].failures == 0
        with pytest.raises(StateLockedError):
            stale.set_note("said", "stale")
        assert work.wanted().shards == (("jira", 1),)


def test_jobs_shows_each_part(work: Work, store: Store, company: Company, state_url: str) -> None:
    install(store, SchemaManager.get_schema())
    wanted = work.look_round()
    company.jira_server.add_fault(Fault(WALKED, REFUSED, times=None))
    for source, number in wanted.shards:
        arguments = f'{{"source": "{source}", "shard": {number}}}'
        defer(state_url, READ_SHARD, arguments, once=f"{source} {number}", status="doing" if number == 1 else "failed")
    assert work.read_shard("jira", 2).error
    store.claiming(shard_claim("jira", 1), "process 2 on there")
    with Ownership.share(store, company.now):
        told = driftline("jobs", "--json", folder=company.folder).json
        shown = driftline("jobs", folder=company.folder)
    parts = {job["shard"]: job for job in told["jobs"] if job["shard"]}
    assert {name: (job["job"], job["source"], job["run"]) for name, job in parts.items()} == {
        "1/2": ("read", "jira", 1),
        "2/2": ("read", "jira", 1),
    }
    assert (parts["1/2"]["state"], parts["1/2"]["worker"]) == ("running", "process 2 on there")
    assert (parts["2/2"]["state"], bool(parts["2/2"]["error"])) == ("failed", True)
    assert "read jira 1/2 run 1" in shown.out


def test_requests_of_all_parts_count_for_the_budget_and_none_is_put_off_by_the_others(
    company: Company, store: Store, state_url: str
) -> None:
    company.settings["sources"]["jira"]["budget"] = {"requests": 1000, "per": "1d"}
    company.write()
    do_all(working(company, store))
    asked = len(company.jira_server.requests)
    assert json.loads(store.note("requests-of-a-reading:jira") or "{}")["numbers"] == {"full": asked}
    assert sum(store.requests("jira", span=timedelta(days=1), now=company.now).values()) == asked


def test_an_answer_of_another_account_is_not_taken(work: Work, store: Store, company: Company, state_url: str) -> None:
    """J23: the part ends as not walked, and the source is held as if it had been read as one."""
    do_all(work)
    person = company.jira.people[company.jira.email]
    company.jira.people[company.jira.email] = replace(person, account_id="account-9999")
    a_day_passes(state_url)
    work.look_round()
    assert [work.read_shard("jira", number).again for number in (1, 2)] == [False, False]
    assert store.walks("jira", 2) == []
    assert "account-9999" in work.read("jira").error
