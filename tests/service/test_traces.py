"""Spans of a run, as a collector receives them over OpenTelemetry's protocol."""

import gzip
import http.server
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from config.service import ServiceOptions
from config.traces import TracesOptions
from model import spans
from model.secret import Secret
from service import traces_export
from service.traces import tracing
from tests.cli.console import Said, driftline
from tests.digest.smtp_servers import running
from tests.pipeline.company import RECIPIENTS, Company, Servers
from tests.ports import free_port
from tests.service.conftest import Watched

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra traces is not installed")
AUTHORISATION = "Bearer canary-91c7e4"
TOLD_BY_SOURCES = ("Checkout", "WEB-1", "Customer 1", "Sam Okoro", "jql", "/rest/", "/services/")
"""Titles, keys, people, and the paths and queries of requests."""
ROOT = Path(__file__).parents[2]


@dataclass
class Collector:
    """Takes traces; ``answer`` is the status that it gives."""

    port: int = 0
    answer: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> dict[bytes, Any]:
        """Every span received, by its id."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [scope for told in requests for of in told.resource_spans for scope in of.scope_spans]
        return {each.span_id: each for scope in scopes for each in scope.spans}


@contextmanager
def collecting(**given: Any) -> Iterator[Collector]:
    collector = Collector(**given)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.bodies.append(gzip.decompress(body))
            collector.headers.append((self.path, dict(self.headers)))
            self.send_response(collector.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """A test tells what it wants to be known."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def options(endpoint: str, **more: Any) -> TracesOptions:
    return TracesOptions(endpoint=endpoint, **more)


@pytest.fixture
def company(tmp_path: Path, servers: Servers) -> Company:
    """Eight promises broke since it was read for the first time, and its leaders are told at once."""
    company = Company(tmp_path / "acme", servers)
    company.settings["digests"]["leaders"]["at_once"] = {"minimum_severity": "minor"}
    company.write()
    with company.open_store() as store:
        company.sync(store)
    company.reach_tuesday()
    (company.folder / "traces-auth").write_text(AUTHORISATION)
    return company


def sync(company: Company, endpoint: str | None) -> Said:
    if endpoint is not None:
        traces = {"endpoint": endpoint, "headers": {"Authorization": "file:traces-auth"}, "name": "acme"}
        company.settings["service"] = {"traces": traces}
    now = datetime.now(UTC)
    company.settings["clock"] = {"shows": company.now.isoformat(), "since": now.isoformat()}
    company.write()
    return driftline("sync", folder=company.folder)


def test_a_sync_is_a_tree_of_spans_without_titles_people_and_secrets(company: Company):
    """X1: a collector is one more place that nothing secret may reach."""
    with collecting() as collector, running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        assert sync(company, collector.endpoint).code == 0
    found = collector.spans
    names = Counter(each.name for each in found.values())
    mails = len(company.mailbox.received)
    assert mails > 0
    asked = [len(server.requests) for server in (company.jira_server, company.crm_server)]
    assert names.pop("http.request") > 4, asked
    assert names == {"sync": 1, "run": 1, "read": 2, "link": 1, "judge": 1, "compose": 1, "deliver": mails}
    above = {
        name: {
            found[each.parent_span_id].name if each.parent_span_id else ""
            for each in found.values()
            if each.name == name
        }
        for name in {each.name for each in found.values()}
    }
    assert above == {
        "sync": {""},
        "run": {"sync"},
        "read": {"run"},
        "http.request": {"read"},
        "link": {"run"},
        "judge": {"run"},
        "compose": {"run"},
        "deliver": {"sync"},
    }
    assert len({each.trace_id for each in found.values()}) == 1
    read = {attributes(each)["driftline.source"]: attributes(each) for each in found.values() if each.name == "read"}
    assert read["jira"] == {
        "driftline.source": "jira",
        "driftline.kind": "jira",
        "driftline.outcome": "complete",
        "driftline.records": read["jira"]["driftline.records"],
        "driftline.changed": 1,
    }
    request = next(attributes(each) for each in found.values() if each.name == "http.request")
    assert request == {
        "http.request.method": request["http.request.method"],
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }
    path, headers = collector.headers[0]
    assert (path, headers["authorization"]) == ("/v1/traces", AUTHORISATION)
    everything = b"".join(collector.bodies)
    assert b"acme" in everything
    for canary in (company.jira.token, company.org.client_secret, AUTHORISATION, *RECIPIENTS, *TOLD_BY_SOURCES):
        assert canary.encode() not in everything


def test_a_source_that_fails_is_a_failed_span_that_does_not_say_what_it_answered(company: Company):
    company.settings["sources"]["crm"]["client_id"] = "canary-of-nobody"
    with collecting() as collector:
        assert sync(company, collector.endpoint).code == 3
    found = collector.spans.values()
    failed = {each.name: attributes(each) for each in found if each.status.code == 2}
    assert failed["read"]["driftline.outcome"] == "failed"
    assert failed["http.request"]["http.response.status_code"] in (400, 401)
    assert not [each for each in found if each.status.message or each.events]
    assert b"canary" not in b"".join(collector.bodies)


def test_the_daemon_sends_each_pass_as_a_trace_of_its_own(watched: Watched):
    with collecting() as collector, tracing(options(collector.endpoint)):
        watched.read_all()
        watched.daemon.tell()
    roots = [each for each in collector.spans.values() if not each.parent_span_id]
    assert Counter(each.name for each in roots) == {"run": 2}
    assert len({each.trace_id for each in roots}) == 2


@pytest.mark.parametrize("command", ["run", "sync"])
def test_both_commands_trace_what_they_do(command: str, company: Company, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def look(*_: Any, **__: Any) -> bool:
        seen.append(spans.here() is not spans._untold)
        return True

    monkeypatch.setattr("scheduler.Daemon.run", look)
    monkeypatch.setattr("cli.commands.sync._run", look)
    monkeypatch.setattr("cli.commands.sync._send_notices", look)
    monkeypatch.setattr("cli.commands.sync._show", look)
    monkeypatch.setattr("cli.commands.sync._code", lambda *_: 0)
    now = datetime.now(UTC).isoformat()
    company.settings["clock"] = {"shows": now, "since": now}
    with collecting() as collector:
        company.settings["service"] = {"traces": {"endpoint": collector.endpoint}}
        company.write()
        assert driftline(command, folder=company.folder).code == 0
    assert seen
    assert all(seen[:2])
    assert spans.here() is spans._untold


def test_a_collector_that_cannot_be_reached_costs_one_line_of_the_log(company: Company):
    undisturbed = sync(company, None)
    company.slip()
    said = sync(company, f"http://127.0.0.1:{free_port()}")
    assert (said.code, undisturbed.code) == (0, 0)
    told = [line for line in said.err.splitlines() if "traces" in line or "opentelemetry" in line]
    assert len(told) == 1
    assert "traces.not_sent" in told[0]
    assert "ConnectionError" in told[0]


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_a_refusal_is_told_once_and_so_is_its_end(answer: int):
    with collecting(answer=answer) as collector, structlog.testing.capture_logs() as log:
        sender, batch = traces_export._Sender(options(collector.endpoint)), _some_spans()
        for status in (answer, answer, 200, 200):
            collector.answer = status
            sender.export(batch)
        sender.shutdown()
    events = [(each["event"], each.get("error")) for each in log]
    assert events == [("traces.not_sent", f"answered {answer}"), ("traces.sent_again", None)]


def _some_spans() -> list[Any]:
    from opentelemetry.sdk.trace import TracerProvider

    span = TracerProvider(shutdown_on_exit=False).get_tracer("a test").start_span("run")
    span.end()
    return [span]


def test_a_collector_that_never_answers_holds_up_the_end_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traces_export, "CLOSE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, structlog.testing.capture_logs() as log:
        with tracing(options(f"http://127.0.0.1:{silent.getsockname()[1]}")), spans.span("run"):
            pass
        taken, _ = silent.accept()
        taken.close()
    assert [(each["event"], each["error"]) for each in log] == [("traces.not_sent", "no answer in time")]


def test_without_the_extra_the_command_to_install_it_is_told(company: Company, monkeypatch: pytest.MonkeyPatch):
    for name in [each for each in sys.modules if each.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "service.traces_export")
    monkeypatch.delattr("service.traces_export", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    said = sync(company, "http://127.0.0.1:4318")
    assert said.code == 2
    assert "  --> service.traces" in said.err
    assert "pip install 'driftline[traces]'" in said.err
    assert "Traceback" not in said.err


def test_nothing_of_it_is_imported_while_nobody_asks_for_it():
    program = (
        "import sys, scheduler, cli.commands.run, cli.commands.sync, pipeline.outbox, connectors.http\n"
        "from service.traces import tracing\n"
        "from model.spans import note, span\n"
        "with tracing(None), span('run') as step:\n"
        "    step.note(run=1); note(run=1)\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('opentelemetry', 'google')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("endpoint", "becomes"),
    [
        ("https://otel.example.com", "https://otel.example.com/v1/traces"),
        ("https://otel.example.com:4318/", "https://otel.example.com:4318/v1/traces"),
        ("https://otel.example.com/otlp/traces", "https://otel.example.com/otlp/traces"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
    ],
)
def test_the_path_of_an_endpoint_may_be_left_out(endpoint: str, becomes: str):
    assert options(endpoint).endpoint == becomes


@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://otel.example.com", "https://user:pw@otel.example.com", "https://otel.example.com?key=1"),
        *("otel.example.com:4318", "https://otel.example.com:port", "ftp://otel.example.com", "https://", ""),
    ],
)
def test_an_endpoint_is_an_https_address_without_secrets(endpoint: str):
    with pytest.raises(ValidationError):
        options(endpoint)


def test_a_header_is_a_reference_to_a_secret():
    with pytest.raises(ValidationError, match="reference"):
        ServiceOptions.model_validate({"traces": {"endpoint": "https://otel.example", "headers": {"key": "plain"}}})
    with pytest.raises(ValidationError):
        options("https://otel.example", headers={"a b": Secret("env:X")})


def test_the_environment_of_others_does_not_lead_the_spans_elsewhere(monkeypatch: pytest.MonkeyPatch):
    """A service manager may set variables of OpenTelemetry for other programs."""
    monkeypatch.setitem(os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setitem(os.environ, "OTEL_SERVICE_NAME", "another")
    with collecting() as collector, tracing(options(collector.endpoint)), spans.span("run"):
        pass
    assert [each.name for each in collector.spans.values()] == ["run"]
    assert b"another" not in collector.bodies[0]
