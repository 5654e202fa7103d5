"""A real Prometheus that asks the health port: every panel of the dashboard has something to show."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import service.http as http_module
from config.service import ServiceOptions
from service.beat import Pulse
from service.health import Health
from service.http import serving
from tests.deploy.test_monitoring import FOLDER, NOW, every_health, panels, rules
from tests.ports import free_port

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus here")

PATIENCE_SECONDS = 60.0
CONFIGURATION = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: driftline
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class AlwaysTheSame:
    """A watch that sees one and the same health."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def pulse(self) -> Pulse:
        return self._health.pulse

    def health(self) -> Health:
        return self._health


class Prometheus:
    """The API of the server, once it has asked the health port twice."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/api/v1"

    def told(self, what: str, **asked: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(
                f"{self._address}/{what}?{urllib.parse.urlencode(asked)}", timeout=10
            ) as answer:
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                told = json.load(refusal)
        return told

    def values(self, expression: str) -> list[Any]:
        """What an expression gives at this moment; it must be one that Prometheus can evaluate."""
        told = self.told("query", query=expression)
        assert told["status"] == "success", told
        result: list[Any] = told["data"]["result"]
        return result

    def wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if self.values("count_over_time(driftline_beats[1h]) > 2"):
                    return
            except (OSError, ValueError):  # it does not listen yet, or does not know its series yet
                pass
            time.sleep(0.05)
        pytest.fail(f"prometheus has not asked the health port: {log.read_text('utf-8')[-2000:]}")


@contextmanager
def prometheus(folder: Path, scraped: int) -> Iterator[Prometheus]:
    configuration = folder / "prometheus.yml"
    configuration.write_text(CONFIGURATION.format(port=scraped, rules=FOLDER / "alerts.yml"), encoding="utf-8")
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    said = folder / "log"
    with said.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            server = Prometheus(port)
            server.wait(process, said)
            yield server
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes the real health port of a daemon of which every metric has a value."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_module, "POLL_SECONDS", 0.02)
        options = ServiceOptions(port=free_port())
        watch = AlwaysTheSame(every_health())
        stack.enter_context(serving(options, watch, now=lambda: NOW))
        assert options.port is not None
        yield stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), options.port))


def test_every_panel_of_the_dashboard_shows_something(server: Prometheus):
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    assert len(asked) >= len(panels())
    assert [expression for expression in asked if not server.values(expression)] == []


def test_a_panel_with_a_metric_that_nobody_tells_is_noticed(server: Prometheus):
    """The negative control."""
    assert server.values("max without (instance) (driftline_stale_source)") == []
    assert server.told("query", query="sum(driftline_sources")["status"] == "error"


def test_the_rules_are_taken_and_none_breaks(server: Prometheus):
    (group,) = server.told("rules")["data"]["groups"]
    assert {rule["name"] for rule in group["rules"]} == {rule["alert"] for rule in rules()}
    assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
