"""``driftline worker`` and ``driftline jobs`` as people meet them."""

import sys
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from cli.commands import worker as worker_command
from sandbox.http import Fault, Response
from service.fleet.names import source_claim
from service.fleet.timing import Timing
from service.fleet.work import Work
from state.lock import Ownership
from state.queue import SCHEMA, install
from state.store import Store
from tests.cli.console import driftline
from tests.pipeline.company import Company, Servers
from tests.service.fleet.test_sharing import defer
from tests.state.postgres import connect

FIELDS = {
    *("workers", "jobs", "job", "source", "shard", "run", "state", "attempts", "queued_at", "started_at", "ended_at"),
    *("next_at", "worker", "error"),
}


def company_on(url: str, servers: Servers, folder: Path) -> Company:
    company = Company(folder / "acme", servers)
    company.settings["state"] = {"url": url}
    company.write()
    return company


@pytest.mark.parametrize("command", ["worker", "jobs"])
def test_a_state_in_an_sqlite_file_has_no_workers(servers: Servers, tmp_path: Path, command: str) -> None:
    company = company_on("sqlite:///state.db", servers, tmp_path)
    said = driftline(command, folder=company.folder)
    assert (said.code, said.out) == (2, "")
    assert "an SQLite file" in said.err
    assert "  --> state.url\n" in said.err
    assert "driftline run" in said.err or "driftline status" in said.err
    assert not (company.folder / "state.db").exists()


@pytest.mark.parametrize(
    ("port", "service", "said"),
    [
        ("9465 ", {}, "neither a port, such as 9465, nor a distance from service.port, such as +1"),
        ("-1", {}, "neither a port"),
        ("65536", {}, "neither a port"),
        ("+1", {"port": 65535}, "error: there is no port 65536\n"),
        (
            "9465",
            {"host": "0.0.0.0"},
            "error: 0.0.0.0 can be reached from other machines, and nothing says who may ask",
        ),
    ],
)
def test_a_port_that_cannot_be_is_refused_before_anything_begins(
    servers: Servers, tmp_path: Path, port: str, service: dict[str, object], said: str
) -> None:
    """X3."""
    company = company_on("postgresql://nobody@127.0.0.1:1/nowhere", servers, tmp_path)
    company.settings["service"] = service
    company.write()
    refused = driftline("worker", "--port", port, folder=company.folder)
    assert refused.code == 2
    assert said in refused.err.replace("\n  ", " ")


@pytest.mark.parametrize(
    ("port", "set_to", "listens"),
    [
        ("+0", 9464, 9464),
        ("+2", 9464, 9466),
        ("9470", 9464, 9470),
        ("0", 9464, None),
        ("+1", None, None),
        ("9470", None, 9470),
    ],
)
def test_a_port_is_that_of_the_settings_so_many_above_it_or_another_one(
    servers: Servers, tmp_path: Path, port: str, set_to: int | None, listens: int | None
) -> None:
    company = company_on("sqlite:///state.db", servers, tmp_path)
    if set_to is not None:
        company.settings["service"] = {"port": set_to}
        company.write()
    assert worker_command._listening(company.configuration, port).settings.service.port == listens


def test_without_the_library_of_the_queue_it_says_what_to_install(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_on("postgresql://nobody@127.0.0.1:1/nowhere", servers, tmp_path)
    monkeypatch.delitem(sys.modules, "service.fleet.run", raising=False)
    monkeypatch.delitem(sys.modules, "service.fleet.app", raising=False)
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    said = driftline("worker", folder=company.folder)
    assert said.code == 2
    assert "error: the queue of the workers is not installed: procrastinate is missing\n" in said.err
    assert "hint: pip install 'driftline[workers]'\n" in said.err


def test_a_worker_is_refused_while_another_program_owns_the_state(
    servers: Servers, tmp_path: Path, state_url: str, store: Store
) -> None:
    company = company_on(state_url, servers, tmp_path)
    with Ownership.acquire(store, "driftline run", company.now):
        said = driftline("worker", folder=company.folder)
    assert said.code == 2
    assert "error: the state is in use by process " in said.err
    assert ": driftline run\n" in said.err


def test_jobs_tells_what_waits_what_runs_and_what_was_given_up(
    servers: Servers, tmp_path: Path, state_url: str, store: Store
) -> None:
    company = company_on(state_url, servers, tmp_path)
    said = driftline("jobs", folder=company.folder)
    assert (said.code, said.out) == (0, "no worker has ever been started on this state\n")
    install(store, SchemaManager.get_schema())
    company.crm_server.add_fault(Fault("/services/", Response({}, 503), times=None))
    work = Work(store, company.configuration, company.clock, "process 1 on here", Timing(attempts=1))
    for name in work.look_round().sources:
        defer(state_url, "read", f'{{"source": "{name}"}}', once=name)
    assert work.read("crm").error
    store.claiming(source_claim("jira"), "process 2 on there")
    with connect(state_url) as connection:
        connection.execute(f"SET search_path TO {SCHEMA}")
        status = "CASE args->>'source' WHEN 'crm' THEN 'failed' ELSE 'doing' END"
        connection.execute(f"UPDATE procrastinate_jobs SET status = ({status})::procrastinate_job_status")
    with Ownership.share(store, company.now):
        told = driftline("jobs", "--json", folder=company.folder).json
        shown = driftline("jobs", folder=company.folder)
    assert set(told) | set(told["jobs"][0]) == FIELDS
    assert len(told["workers"]) == 1
    by_source = {job["source"]: job for job in told["jobs"]}
    assert (by_source["crm"]["state"], by_source["crm"]["run"], by_source["crm"]["worker"]) == ("failed", 1, None)
    assert "503" in by_source["crm"]["error"]
    assert (by_source["jira"]["state"], by_source["jira"]["worker"]) == ("running", "process 2 on there")
    assert shown.err.startswith("1 worker: process ")
    assert "read crm run 1" in shown.out
    assert "failed" in shown.out
