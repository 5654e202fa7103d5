"""The alerts for Prometheus, each by itself, on made-up series: it fires when it should, once, and else is silent."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.test_monitoring import FOLDER, every_metric, rules, unknown_names, with_promtool

Rule = dict[str, Any]
CASES = FOLDER / "alerts_test.yml"
SHARED = {
    "DriftlineNoWorker",
    "DriftlineStateUnusable",
    "DriftlineStateFails",
    "DriftlineSourceStale",
    "DriftlineSourceHeld",
    "DriftlineRecordsSetAside",
    "DriftlineConfigurationRefused",
    "DriftlineDeliveriesWait",
    "DriftlineDeliveryUnknown",
    "DriftlineJobsFail",
}
"""What all workers of one state tell alike; the other alerts are about one process each."""


def names() -> set[str]:
    return {rule["alert"] for rule in rules()}


def cases() -> list[dict[str, Any]]:
    """The single expectations: which alert, when, and what is told then."""
    groups = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    return [case for group in groups for case in group.get("alert_rule_test", [])]


def judged(*files: Path) -> subprocess.CompletedProcess[str]:
    """What Prometheus says of cases and the alerts beside them."""
    return subprocess.run(["promtool", "test", "rules", *files], capture_output=True, text=True, check=False)


def sooner(folder: Path) -> tuple[Path, Path]:
    """The same cases in two files; what lasts a day is looked at every ten minutes, which takes a tenth of the time."""
    told = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    *short, day = told["tests"]
    files = (folder / "short.yml", folder / "day.yml")
    files[0].write_text(yaml.safe_dump({**told, "tests": short}), encoding="utf-8")
    files[1].write_text(yaml.safe_dump({**told, "tests": [day], "evaluation_interval": "10m"}), encoding="utf-8")
    return files


def missed(folder: Path, broken: Callable[[Rule], str]) -> set[str]:
    """The alerts of which something else is seen than expected, with other expressions than theirs."""
    told = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    for rule in (rule for group in told["groups"] for rule in group["rules"]):
        rule["expr"] = broken(rule)
    (folder / "alerts.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    done = judged(*sooner(folder))
    assert done.returncode != 0
    return set(re.findall(r"alertname: ?(\w+), time", done.stdout + done.stderr))


def test_every_alert_is_seen_to_fire_and_to_be_silent_just_before():
    """The cases themselves, which need no Prometheus."""
    assert {case["alertname"] for case in cases() if case["exp_alerts"]} == names()
    assert {case["alertname"] for case in cases() if not case["exp_alerts"]} == names()


def test_the_made_up_series_are_those_that_are_told():
    groups = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    series = {each["series"] for group in groups for each in group["input_series"]}
    assert unknown_names(" ".join(series), every_metric()) == set()
    for told in series:
        assert told.startswith(("up{", "driftline_"))


@with_promtool
def test_prometheus_fires_every_alert_when_it_should_and_no_other_time():
    done = judged(CASES)
    assert done.returncode == 0, done.stdout + done.stderr


@with_promtool
def test_an_alert_that_never_fires_is_noticed(tmp_path: Path):
    """The negative control: each of them."""
    assert missed(tmp_path, lambda _: "vector(1) > 1") == names()


@with_promtool
def test_an_alert_that_always_fires_is_noticed(tmp_path: Path):
    """The negative control: each of them."""
    assert missed(tmp_path, lambda _: "vector(1)") == names()


@with_promtool
def test_one_alert_for_each_worker_where_there_should_be_one_is_noticed(tmp_path: Path):
    """The negative control: each of those about what the workers share."""
    apart = re.compile(r"(max|min|sum) without \(instance")
    assert {rule["alert"] for rule in rules() if apart.search(rule["expr"])} == SHARED
    assert missed(tmp_path, lambda rule: apart.sub(r"\1 without (nothing", rule["expr"])) == SHARED
