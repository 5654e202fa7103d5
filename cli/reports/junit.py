"""JUnit XML: a suite of the sources and one of the findings, as test reports of CI systems read it."""

from xml.etree import ElementTree as Xml

from cli.reports.told import Told
from digest.hostile import clean
from model.findings import TrackedFinding


def report(told: Told) -> str:
    """A source that was not read is an error; a finding at or above ``--fail-on`` is a failure, one that was not
    re-checked is skipped, and any other passes with what it says.

    CI systems keep a history by the names of cases: a finding is named by what identifies it, and what moves (its
    title, days, money) stands in what its case says."""
    root = Xml.Element("testsuites", name="driftline")
    _sources(Xml.SubElement(root, "testsuite"), told)
    _findings(Xml.SubElement(root, "testsuite"), told)
    for suite in root:
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}'


def _sources(suite: Xml.Element, told: Told) -> None:
    suite.set("name", "sources")
    failed = {result.source for result in told.failed}
    for result in told.run.results:
        seconds = (result.finished_at - result.started_at).total_seconds()
        case = Xml.SubElement(suite, "testcase", classname="sources", name=clean(result.source), time=f"{seconds:.3f}")
        if result.source in failed:
            error = Xml.SubElement(case, "error", message=clean(result.error or result.outcome.value, 500))
            error.text = clean(result.hint)


def _findings(suite: Xml.Element, told: Told) -> None:
    suite.set("name", "findings")
    for tracked in told.standing:
        finding = tracked.finding
        case = Xml.SubElement(suite, "testcase", classname=clean(finding.check), name=told.name(tracked))
        if told.fails(tracked):
            failure = Xml.SubElement(
                case, "failure", type=finding.severity.label, message=f"{finding.severity.label}: {told.title(tracked)}"
            )
            failure.text = _text(told, tracked)
        elif tracked.held_since is not None:
            skipped = Xml.SubElement(case, "skipped", message=clean(f"not re-checked: {tracked.held_because}", 500))
            skipped.text = f"{told.title(tracked)}\n{_text(told, tracked)}"
        else:
            Xml.SubElement(case, "system-out").text = f"{told.title(tracked)}\n{_text(told, tracked)}"
    if not told.standing:
        Xml.SubElement(suite, "testcase", classname="driftline", name="nothing stands")


def _text(told: Told, tracked: TrackedFinding) -> str:
    held = f"not re-checked: {clean(tracked.held_because)}" if tracked.held_since is not None else ""
    lines = [told.so_what(tracked), told.due(tracked), held, *told.evidence(tracked)]
    return "\n".join(filter(None, lines))
