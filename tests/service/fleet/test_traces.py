"""Spans of the jobs of workers, as a collector receives them."""

from collections import Counter
from pathlib import Path

import pytest

from sandbox.http import Fault, Response
from service.fleet.telling import tell
from service.fleet.work import Work
from service.traces import tracing
from state.store import Store
from tests.digest.smtp_servers import running
from tests.pipeline.company import Company, Servers
from tests.service.fleet.test_work import hurry, read_all
from tests.service.test_traces import TOLD_BY_SOURCES, attributes, collecting, options

TEMPLATE = "fleet_queue"

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra traces is not installed")


def test_each_job_of_a_round_is_a_trace_that_names_the_round(
    servers: Servers, tmp_path: Path, state_url: str, store: Store
) -> None:
    """X1: and a collector hears nothing of what the sources say."""
    company = Company(tmp_path / "acme", servers)
    company.settings["state"] = {"url": state_url}
    company.settings["digests"]["leaders"]["at_once"] = {"minimum_severity": "minor"}
    with running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        work = Work(store, company.configuration, company.clock, "process 1 on here", stop=company.stop)
        read_all(work)
        work.conclude(1)
        company.reach_tuesday()
        hurry(state_url, days=1)
        company.crm_server.add_fault(Fault("/services/data", Response({}, 503), times=1))
        with collecting() as collector, tracing(options(collector.endpoint)):
            read_all(work)
            read_all(work)
            work.conclude(2)
            tell(work)
    found = collector.spans
    roots = {each.trace_id: each for each in found.values() if not each.parent_span_id}
    jobs = [each for each in roots.values() if each.name == "job"]
    assert [attributes(each)["driftline.run"] for each in jobs] == [2, 2, 2, 2]
    told = Counter((attributes(each)["driftline.job"], attributes(each).get("driftline.source")) for each in jobs)
    assert told == {("read", "jira"): 1, ("read", "crm"): 2, ("conclude", None): 1}
    below = {
        (attributes(roots[each.trace_id])["driftline.job"], each.name)
        for each in found.values()
        if each.parent_span_id and roots[each.trace_id].name == "job"
    }
    read = {("read", "read"), ("read", "http.request")}
    assert below == read | {("conclude", "link"), ("conclude", "judge"), ("conclude", "compose")}
    [concluded] = [attributes(each) for each in jobs if attributes(each)["driftline.job"] == "conclude"]
    assert (concluded["driftline.outcome"], concluded["driftline.standing"]) == ("done", len(store.tracked()))
    everything = b"".join(collector.bodies)
    for canary in (company.jira.token, company.org.client_secret, *TOLD_BY_SOURCES):
        assert canary.encode() not in everything
