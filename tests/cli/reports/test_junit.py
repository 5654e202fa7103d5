"""JUnit XML, read back by a parser."""

from dataclasses import replace
from xml.etree import ElementTree as Xml

from cli.reports.junit import report
from model.findings import Severity
from tests.cli.reports.runs import told


def suites(text: str) -> dict[str, Xml.Element]:
    return {suite.get("name", ""): suite for suite in Xml.fromstring(text)}


def test_what_stands_at_or_above_the_limit_fails_and_the_rest_does_not():
    findings = suites(report(told()))["findings"]
    counts = {name: findings.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    failed = findings.find("testcase[@classname='late-commitment']/failure")
    assert failed is not None
    assert failed.get("message", "").startswith("critical: OPP-1 promises Aurora 4.0")
    assert "EUR 620,000 revenue" in (failed.text or "")
    assert "Priya Nair decides by 2026-09-15" in (failed.text or "")
    assert "AUR-118 due: 2026-11-16 (before 2026-09-30, by Ben Kuhn)" in (failed.text or "")


def test_without_a_limit_nothing_fails():
    assert suites(report(told(None)))["findings"].get("failures") == "0"


def test_a_finding_that_fails_the_job_fails_it_also_when_it_was_not_re_checked():
    findings = suites(report(told(Severity.MAJOR)))["findings"]
    assert (findings.get("failures"), findings.get("skipped")) == ("2", "0")


def test_a_source_that_was_not_read_is_an_error_with_what_to_do():
    sources = suites(report(told()))["sources"]
    assert (sources.get("tests"), sources.get("errors")) == ("2", "1")
    error = sources.find("testcase[@name='salesforce']/error")
    assert error is not None
    assert error.text == "renew it"
    assert (error.get("message") or "").startswith("the token was refused")


def test_an_empty_world_is_one_passed_case():
    """A report without any case is an error to some CI systems."""
    findings = suites(report(told(standing=False)))["findings"]
    assert [case.get("name") for case in findings] == ["nothing stands"]


def test_a_case_keeps_its_name_while_its_finding_moves():
    """A CI system would take a finding with other days or another severity for a new test without a past."""
    before = told(Severity.NOTICE)
    moved = [
        replace(
            each,
            finding=replace(each.finding, title=f"moved {each.finding.title}", subjects=each.finding.subjects[::-1]),
        )
        for each in before.standing
    ]
    after = replace(before, standing=tuple(moved))
    names = [
        [(case.get("classname"), case.get("name")) for case in suites(report(each))["findings"]]
        for each in (before, after)
    ]
    assert names[0] == names[1]
    assert names[0][0] == ("late-commitment", f"jira:10118, salesforce:OPP-1 [{before.standing[0].fingerprint[:8]}]")
    assert len(set(names[0])) == 3
    assert "critical: moved OPP-1 promises Aurora 4.0" in report(after)


def test_what_passes_or_is_skipped_says_what_it_is_about():
    findings = suites(report(told()))["findings"]
    skipped, passed = findings.find("testcase/skipped"), findings.find("testcase/system-out")
    assert skipped is not None
    assert passed is not None
    assert (skipped.text or "").splitlines()[0] == told().title(told().standing[1])
    assert "<script>alert(1)</script>" in (passed.text or "").splitlines()[0]


def test_hostile_words_are_words():
    findings = suites(report(told(Severity.NOTICE)))["findings"]
    messages = [failure.get("message") or "" for failure in findings.iter("failure")]
    assert any("]]></failure><script>alert(1)</script>" in message for message in messages)
    assert [child.tag for child in findings] == ["testcase"] * 3
