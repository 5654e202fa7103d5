"""``driftline plan``: what an edit would change, for people, for programs and for a pull request."""

import hashlib
import json
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cli.plan_view import PlanText, as_code, plainly, plan_markdown, summary
from model.links import Link, Role
from pipeline.plan import Change, Plan, PlannedLink
from sandbox.world import Meridian
from tests.cli.console import command_line, driftline

Change_ = Callable[[Path, str, str], None]
FIELDS = {
    *("changes", "judged_at", "before", "after", "unlinked_records", "rules", "objectives"),
    *("links", "needs", "findings", "money", "at_risk", "counts"),
}
HOSTILE = (
    "@all see #1 | `rm -rf` <script>alert(1)</script> [x](https://evil.example) "
    "![p](http://e.example/p.png) www.e.example"
)


@pytest.fixture
def edited(copy: Path, changed: Change_) -> Path:
    """All deals on another objective, and no saving linked at all."""
    changed(copy / "mapping" / "salesforce.yaml", "objective: M-101", "objective: M-210")
    (copy / "mapping" / "savings.yaml").write_text("version: 1\nrules: []\n", encoding="utf-8")
    return copy


def test_without_an_edit_it_says_no_changes_first(tuesday: Meridian):
    said = driftline("plan", folder=tuesday.folder)
    assert (said.code, said.lines) == (0, ["No changes."])
    assert said.err == "Compared with what was judged on 15 Sep 2026 09:10 CEST; nothing is stored.\n"


def test_an_edit_without_effect_is_named(copy: Path, changed: Change_):
    changed(copy / "objectives.yaml", "version: 2", "version: 2  # reviewed")
    changed(copy / "mapping" / "salesforce.yaml", "match: {kind: deal}\n", "match: {kind: [deal]}\n")
    said = driftline("plan", folder=copy)
    assert said.lines == [
        "No changes.",
        "rules edited without effect on links and findings: ~deals-promise-a-launch",
    ]


def test_each_line_says_would_and_the_counts_come_last(edited: Path):
    said = driftline("plan", folder=edited)
    assert said.code == 0, said.err
    *lines, blank, last = said.lines
    assert blank == ""
    assert all(line.startswith("Would ") for line in lines)
    assert last == (
        "Plan: 10 links to remove, 12 to move; 7 needs to remove; "
        "1 finding would open, 5 resolve, 2 improve, 6 change; "
        "revenue linked EUR 3,710,000; savings linked EUR 6,376,000 -> EUR 0"
    )
    text = said.out
    assert (
        "Would move the link of OPP-0001 Nordwind Logistik Aurora 4.0 from M-101 to M-210 "
        "(promises, rule deals-promise-a-launch)"
    ) in text
    assert "Would unlink M-201 Einkaufsvolumen bündeln from M-201 (saves, rule purchasing)" in text
    assert "Would no longer make M-204 Frachtrechnungen prüfen wait for ERP-100 plus 14 days" in text
    assert re.search(r"Would resolve [0-9a-f]{8} M-201 .*EUR 420,000 savings\): no rule links M-201 any more", text)
    assert "objective M-101 -> M-210; decider Paul Novak (VP Sales) -> Claire Dubois (CFO)" in text
    assert "Would change savings linked EUR 6,376,000 -> EUR 0 of EUR 6,376,000" in text
    assert "Would change savings in findings: EUR 979,000 -> EUR 0" in text


def test_what_it_said_is_what_sync_then_does(edited: Path):
    driftline("sync", folder=edited)
    assert driftline("plan", folder=edited).lines == ["No changes."]
    log = driftline("plan", "--log", folder=edited)
    assert "rules: -freight-audit, -invoices, -other-savings" in log.out
    assert "links by other-savings: 2 -> 0" in log.out
    [change] = driftline("plan", "--log", "--json", folder=edited).json
    assert change["rules"]["changed"] == ["deals-promise-a-launch"]
    assert change["links"]["other-savings"] == [2, 0]
    resolved = driftline("findings", "--all", folder=edited).out
    assert "[resolved]" in resolved
    fingerprint = re.search(r"^([0-9a-f]{8}) .*M-201", resolved, re.MULTILINE)
    assert fingerprint is not None
    shown = driftline("show", fingerprint[1], folder=edited).out
    assert "the rule purchasing does not link M-201 to M-201 any more" in shown
    assert "since the mapping changed on 15 Sep 2026" in shown
    status = driftline("status", folder=edited)
    assert re.search(r"^mapping +[0-9a-f]{8} since 15 Sep 2026 .*driftline plan --log", status.out, re.MULTILINE)


def test_the_json_has_the_documented_fields(edited: Path):
    told = driftline("plan", "--json", folder=edited).json
    assert set(told) == FIELDS
    assert told["changes"] is True
    assert told["counts"] == {
        "links": {"add": 0, "remove": 10, "move": 12, "change": 0},
        "needs": {"add": 0, "remove": 7},
        "findings": {"open": 1, "resolve": 5, "worsen": 0, "improve": 2, "change": 6},
    }
    moved = next(each for each in told["links"] if each["key"] == "OPP-0001")
    assert moved["before"] == {"objective": "M-101", "rule": "deals-promise-a-launch", "weight": "1"}
    assert moved["after"] == {"objective": "M-210", "rule": "deals-promise-a-launch", "weight": "1"}
    resolved = next(each for each in told["findings"] if each["change"] == "resolve")
    assert resolved["after"] is None
    assert resolved["before"]["totals"]["savings"]["full"] == "420000.00"
    money = {each["account"]: (Decimal(each["before"]), Decimal(each["after"])) for each in told["money"]}
    assert money == {"revenue": (3_710_000, 3_710_000), "savings": (6_376_000, 0)}


def test_nothing_is_stored_and_no_file_is_left(edited: Path):
    def picture() -> dict[str, str]:
        files = [path for path in (edited / "state").iterdir() if not path.name.endswith(("-shm", "-wal"))]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = picture()
    assert driftline("plan", folder=edited).code == 0
    assert driftline("plan", "--log", folder=edited).code == 0
    assert picture() == before
    assert driftline("plan", "--log", folder=edited).lines == [
        "The mapping was not changed since records were linked with it first."
    ]


def test_it_works_beside_a_daemon(copy: Path, changed: Change_):
    changed(copy / "driftline.yaml", "every: 30s", "every: 1d")
    with subprocess.Popen(
        command_line("run", folder=copy), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert "daemon.started" in daemon.stderr.readline()
            assert driftline("plan", folder=copy).code == 0
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=15)


def test_a_mistake_is_told_with_its_place_and_ends_with_2(copy: Path, changed: Change_):
    changed(copy / "mapping" / "salesforce.yaml", "objective: M-101", "objective: M-1O1")
    said = driftline("plan", folder=copy)
    assert (said.code, said.out) == (2, "")
    assert "salesforce.yaml:7:16" in said.err


def test_before_the_first_sync_it_says_what_to_do(unread: Path):
    said = driftline("plan", folder=unread)
    assert said.code == 2
    assert "nothing to compare with: nothing was read yet" in said.err
    assert "run driftline sync" in said.err
    assert list((unread / "state").iterdir()) == []
    assert driftline("plan", "--log", folder=unread).code == 0


def test_markdown_and_json_do_not_go_together(tuesday: Meridian):
    for asked in (("--markdown", "--json"), ("--format", "text", "--json"), ("--format", "markdown", "--log")):
        assert driftline("plan", *asked, folder=tuesday.folder).code == 2


def test_the_markdown_has_a_heading_parts_and_the_counts_last(edited: Path):
    said = driftline("plan", "--markdown", folder=edited)
    assert said.lines[0] == "### What this edit would change"
    assert [line for line in said.lines if re.fullmatch(r"\*\*\w+\*\*", line)] == [
        "**Findings**",
        "**Links**",
        "**Needs**",
        "**Money**",
    ]
    assert said.lines[-1].startswith("**Plan: 10 links to remove, 12 to move; ")
    assert "- Would unlink `M-201 Einkaufsvolumen bündeln` from `M-201` (saves, rule `purchasing`)" in said.lines
    assert driftline("plan", "--markdown", folder=edited, columns=70).out == said.out
    assert driftline("plan", "--format", "markdown", folder=edited).out == said.out


def test_the_markdown_of_no_changes_says_so(tuesday: Meridian):
    assert driftline("plan", "--markdown", folder=tuesday.folder).out.startswith("**No changes.**")


def _plan_of(titles: list[str]) -> Plan:
    made = Plan(judged_at=datetime(2026, 9, 15, tzinfo=UTC), before="a", after="b", known=True)
    link = Link("jira:1", "M-1", Role.DELIVERS, HOSTILE)
    made.links = [
        PlannedLink(change=Change.ADD, record_id="jira:1", key="A-1", title=title, role=link.role, after=link)
        for title in titles
    ]
    made.link_counts = {Change.ADD: len(titles)}
    return made


@pytest.mark.parametrize(
    "title", [HOSTILE, "`", "```", "``x`", "a\nb\r\n# c", "\x1b[31mred", "</details>", "\u202egnp.exe", "\\`", " ` "]
)
def test_a_hostile_title_stands_in_a_code_span_and_nowhere_else(title: str):
    """M6, F10: outside of the code spans nothing is left of it: no mention, no reference, no link, no markup."""
    page = plan_markdown(_plan_of([title]), "EUR", everything=False)
    [entry] = [line for line in page.splitlines() if line.startswith("- ")]
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "CODE", entry)
    assert outside == "- Would link CODE to CODE (delivers, rule CODE)"
    assert page.replace("\n", "").isprintable()


def test_a_long_plan_is_cut_and_counted():
    text = PlanText(_plan_of([f"title {number}" for number in range(60)]), "EUR", plainly, 50)
    [(_, lines)] = text.parts()
    assert (len(lines), lines[-1]) == (51, "… and 10 more")
    assert summary(text.plan) == "Plan: 60 links to add"
    [(_, lines)] = PlanText(text.plan, "EUR", plainly, None).parts()
    assert len(lines) == 60


def test_texts_are_cut_and_kept_on_one_line():
    assert plainly("a\n b\t c") == "a b c"
    assert len(plainly("x" * 500)) == 120
    assert as_code("") == ""


def test_at_a_terminal_nothing_of_a_title_steers_it():
    text = PlanText(_plan_of(["\x1b]0;owned\x07"]), "EUR", plainly)
    assert all(line.isprintable() for _, lines in text.parts() for line in lines)


def test_amounts_are_text_in_json_so_that_no_digit_is_lost(edited: Path):
    raw = driftline("plan", "--json", folder=edited).out
    assert not re.search(r'"(full|total|before|after)": [0-9]', raw)
    assert json.loads(raw)["at_risk"][0]["account"] == "revenue"
