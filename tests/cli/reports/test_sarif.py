"""SARIF: what code hosts ask of it."""

import json
from dataclasses import replace
from typing import Any

from cli.reports.sarif import report
from tests.cli.reports.runs import HOSTILE, told


def run(**changes: Any) -> dict[str, Any]:
    log = json.loads(report(told(**changes)))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    first: dict[str, Any] = log["runs"][0]
    return first


def test_each_finding_is_a_result_with_its_level_place_and_fingerprint():
    results = run()["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("late-commitment", "error"),
        ("early-saving", "error"),
        ("late-commitment", "note"),
    ]
    first = results[0]
    assert first["partialFingerprints"] == {"driftline/v1": told().standing[0].fingerprint}
    place = first["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "driftline.yaml"
    assert place["logicalLocations"] == [{"name": "M-AURORA", "kind": "objective"}]
    assert "EUR 620,000 revenue" in first["message"]["text"]
    assert first["properties"]["records"][0]["url"].endswith("/AUR-118")
    assert results[1]["properties"]["heldSince"] is not None


def test_every_rule_that_a_result_names_is_declared():
    found = run()
    declared = {rule["id"] for rule in found["tool"]["driver"]["rules"]}
    assert declared == {each["ruleId"] for each in found["results"]}


def test_every_rule_says_what_it_means_as_code_hosts_ask():
    told_ = replace(
        told(), meanings={"late-commitment": ("A promise before its work", "What it finds.\n\nWhat to do.")}
    )
    rules = {rule["id"]: rule for rule in json.loads(report(told_))["runs"][0]["tool"]["driver"]["rules"]}
    late = rules["late-commitment"]
    assert late["shortDescription"] == late["fullDescription"] == {"text": "A promise before its work"}
    assert late["help"] == {"text": "What it finds.\n\nWhat to do."}
    assert rules["early-saving"]["help"] == {"text": "early-saving"}


def test_a_source_that_failed_is_told_as_a_failed_execution():
    (invocation,) = run()["invocations"]
    assert invocation["executionSuccessful"] is False
    (said,) = invocation["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("source salesforce: the token was refused")


def test_no_finding_makes_an_empty_list_and_not_a_missing_one():
    """A host closes what is not in the list any more."""
    assert run(standing=False)["results"] == []


def test_hostile_words_hold_no_control_character():
    assert "\x1b" in HOSTILE
    assert "\\u001b" not in report(told())


def test_the_name_of_the_settings_is_told_as_an_address():
    """A blank, a letter with dots or what stands before a colon would make it none, or another one."""
    (first, *_) = json.loads(report(replace(told(), settings="c:Große Ziele.yaml")))["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "c%3AGro%C3%9Fe%20Ziele.yaml"}
