"""The rules for Prometheus and the dashboard for Grafana: they name what there is, and the real tool takes them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from model.measures import Latency, Measures
from model.records import Absence
from service.beat import Beat
from service.health import Health, assess
from service.metrics import exposition
from state.figures import Counted, Figures, SourceFigures
from tests.service.conftest import plans

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
NOW = datetime(2026, 9, 14, 6, tzinfo=UTC)
OURS = re.compile(r"\bdriftline_\w+")
LABELS = re.compile(r"(driftline_\w+)\{([^}]*)\}")

with_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool here")


def every_health() -> Health:
    """The health of a process of which every metric has a value."""
    beat = Beat()
    beat.end(beat.begin("read jira"), "read", "failed", is_run=True)
    latency = Latency(measured=1, median_seconds=60, worst_seconds=60)
    figures = Figures(
        owned=True,
        sources={"jira": SourceFigures(read_at=NOW, complete=True, reading_seconds=1.0)},
        absences=dict.fromkeys(Absence, 0),
        findings={},
        held_findings=0,
        deliveries={},
        waiting_since=None,
        refused=False,
        measures=replace(Measures(at=NOW), told=latency, reflected=latency, first_mail=latency),
        counted=Counted(0, {}, {}),
    )
    health = assess(beat.pulse(), figures, plans(["jira"], NOW), now=NOW)
    return replace(health, queue=True)


def every_metric() -> str:
    """An exposition in which every metric has a value, also for the page of metrics."""
    return exposition(every_health()).decode()


def alerts_on(metric: str) -> list[str]:
    """The names of the rules that look at a metric."""
    return [rule["alert"] for rule in rules() if metric in OURS.findall(rule["expr"])]


@pytest.fixture(scope="module")
def text() -> str:
    return every_metric()


def rules() -> list[dict[str, Any]]:
    told = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in told["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    return told


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def unknown_names(expression: str, text: str) -> set[str]:
    """Metrics of ours that an expression names and the daemon does not tell."""
    told = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    return set(OURS.findall(expression)) - told


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_metric_that_is_asked_for_is_told(expression: str, text: str):
    assert "driftline" in expression
    assert unknown_names(expression, text) == set()


def test_a_metric_that_is_not_told_is_noticed(text: str):
    """The negative control."""
    assert unknown_names("sum(driftline_finding) > driftline_beats", text) == {"driftline_finding"}


def test_every_label_that_is_asked_for_is_told(text: str):
    told = {sample.name: sample.labels for family in text_string_to_metric_families(text) for sample in family.samples}
    for expression in expressions():
        for name, wanted in LABELS.findall(expression):
            assert {pair.partition("=")[0].rstrip("!") for pair in wanted.split(",")} <= told[name].keys()


def test_every_rule_says_what_it_means_and_what_to_do():
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) >= 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}


def test_the_panels_of_the_dashboard_lie_beside_each_other_with_numbers_of_their_own():
    places = [tuple(sorted(panel["gridPos"].items())) for panel in panels()]
    assert len(set(places)) == len({panel["id"] for panel in panels()}) == len(panels())
    assert all(panel["datasource"]["uid"] == "${datasource}" and panel["title"] for panel in panels())


@with_promtool
def test_prometheus_takes_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", str(FOLDER / "alerts.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


FAILING = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'driftline_state_errors_total{{kind="full"}}', values: '0x9 1x120'}}
      - {{series: 'driftline_state_errors_total{{kind="locked"}}', values: '0x9 1x120'}}
    promql_expr_test:
      - {{eval_time: 5m, expr: '{alarms}', exp_samples: []}}
      - {{eval_time: 12m, expr: '{alarms}', exp_samples: [{{labels: '{{kind="full"}}', value: 1}}]}}
      - {{eval_time: 120m, expr: '{alarms}', exp_samples: []}}
"""


@with_promtool
def test_one_refusal_for_want_of_room_raises_the_alarm_and_one_lock_does_not(tmp_path: Path):
    """C6: what is stored is still readable then, so that no other rule sees it."""
    file = tmp_path / "failing.yml"
    alarms = 'count by (kind) (ALERTS{alertname="DriftlineStateFails"})'
    file.write_text(FAILING.format(rules=FOLDER / "alerts.yml", alarms=alarms), encoding="utf-8")
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@with_promtool
def test_prometheus_takes_the_metrics_and_their_names(text: str):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@with_promtool
def test_prometheus_refuses_a_bad_name():
    """The negative control."""
    bad = "# TYPE driftline_things_total gauge\ndriftline_things_total 1\n"
    done = subprocess.run(["promtool", "check", "metrics"], input=bad, capture_output=True, text=True, check=False)
    assert done.returncode != 0


@with_promtool
def test_prometheus_understands_every_question_of_the_dashboard(tmp_path: Path):
    file = tmp_path / "questions.yml"
    asked = [
        {"record": f"question:number{number}", "expr": target["expr"]}
        for number, target in enumerate(target for panel in panels() for target in panel["targets"])
    ]
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": asked}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
