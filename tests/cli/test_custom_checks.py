"""Custom checks on the command line: checked with their examples, explained, and planned on the demo company."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
CHECKS = """\
version: 1
checks:
  - name: promised-before-it-is-there
    title: A deal is promised something before it is there
    why: Nobody can ship it by then.
    about: deal
    claim: promised_date
    must_be: not before
    against: forecast
    impact: revenue
    text: "{key} of {owner} is promised for {claim}; the work says {against} ({difference}, {money})"
    advice: Ask {owner} to call the customer.
    examples:
      - name: late
        today: 2026-09-15
        records:
          - {kind: deal, key: D-1, owner: Sam, amount: 1000 EUR, promised_date: 2026-09-30, promised: R1}
          - {kind: release, key: R1, release_date: 2026-10-05}
        finds: true
        text: "D-1 of Sam is promised for 30 Sep 2026; the work says 5 Oct 2026 (5 days, EUR 1,000)"
      - name: on the day
        today: 2026-09-15
        records:
          - {kind: deal, key: D-1, promised_date: 2026-10-05, promised: R1}
          - {kind: release, key: R1, release_date: 2026-10-05}
        finds: false
"""
NAME = "custom:promised-before-it-is-there"


@pytest.fixture
def own(copy: Path, changed: Change) -> Path:
    """The demo company on Tuesday, with a check of its own that was never run."""
    (copy / "checks.yaml").write_text(CHECKS, encoding="utf-8")
    changed(copy / "driftline.yaml", "version: 1\n", "version: 1\nchecks: [checks.yaml]\n")
    return copy


def test_they_are_counted_with_their_examples(own: Path) -> None:
    said = driftline("check", folder=own)
    assert said.code == 0
    assert said.out.endswith(", 1 custom check, 2 examples\n")
    told = driftline("check", "--json", folder=own).json
    assert (told["ok"], told["custom_checks"], told["examples"]) == (True, 1, 2)


def test_an_example_that_fails_is_a_mistake_at_its_place(own: Path, changed: Change) -> None:
    changed(own / "checks.yaml", "promised_date: 2026-10-05", "promised_date: 2026-10-04")
    said = driftline("check", folder=own)
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    found = "D-1 of nobody is promised for 4 Oct 2026; the work says 5 Oct 2026 (1 day, not priced)"
    assert lines[0] == f"error: {NAME} finds something in the example 'on the day': {found}"
    assert lines[1].startswith("  --> ")
    assert lines[1].endswith("checks.yaml:26:16")
    assert lines[2:4] == ["   |  finds: false", "hint: mend the example or the check, or write finds: true"]
    assert lines[-1] == "1 mistake"
    [problem] = driftline("check", "--json", folder=own).json["problems"]
    assert problem["location"].endswith("checks.yaml:26:16")


def test_a_broken_one_is_refused_by_every_command_with_the_nearest_name(own: Path, changed: Change) -> None:
    changed(own / "checks.yaml", "against: forecast", "against: forcast")
    said = driftline("plan", folder=own)
    assert said.code == 2
    assert "error: A deal has no claim 'forcast'" in said.err
    assert "checks.yaml:9:14\n" in said.err
    assert "hint: did you mean 'forecast'?" in said.err


def test_it_is_explained_like_any_check(own: Path) -> None:
    told = driftline("explain", NAME, "--json", folder=own).json
    assert told["check"] == NAME
    assert "Each deal whose promised_date is before forecast." in told["text"]
    assert "Nobody can ship it by then." in told["text"]
    assert "Ask {owner} to call the customer." in told["text"]
    wrong = driftline("explain", "custom:promised-before-its-there", folder=own)
    assert wrong.code == 2
    assert f"did you mean '{NAME}'?" in wrong.err


def test_findings_of_a_check_that_never_found_anything_can_be_asked_for(own: Path) -> None:
    said = driftline("findings", "--check", NAME, folder=own)
    assert (said.code, said.out) == (0, "")
    assert driftline("findings", "--check", "custom:nothing", folder=own).code == 2


def test_a_plan_shows_what_it_would_find_before_it_counts(own: Path) -> None:
    said = driftline("plan", folder=own)
    assert said.code == 0
    opened = [line for line in said.lines if line.startswith("Would open ")]
    assert len(opened) == 5
    assert opened[0].endswith(
        "OPP-0004 of mira.lindholm@meridian.example is promised for 1 Oct 2026; the work says 16 Nov 2026 "
        "(46 days, EUR 640,000) (major, EUR 640,000 revenue)"
    )
    assert driftline("findings", "--check", NAME, folder=own).out == ""
    planned = driftline("plan", "--json", folder=own).json["findings"]
    assert {each["after"]["check"] for each in planned} == {NAME}
