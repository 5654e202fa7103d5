"""``driftline objectives show`` and ``teams``: baselines, what the plan and the pace imply, and who moved what."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from model.reading import Page
from model.records import Move, StatusCategory, WorkItem
from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import driftline
from tests.databases import url_of

NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)
PICTURE = {"objective", "baselines", "forecast", "slip", "pace", "moved", "findings"}


def test_an_objective_shows_its_baselines_what_the_plan_implies_and_who_moved_what(tuesday: Meridian):
    """The go-live ends on 22 October: 21 days after 1 October, which was approved."""
    said = driftline("objectives", "show", "ERP-EUROPE", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[:3] == [
        "ERP-EUROPE ERP go-live Europe",
        "project, jonas.weber@meridian.example, by 1 Oct 2026",
        "One ledger and one material master, so that purchasing acts as one company.",
    ]
    text = said.out
    assert "  original       1 Oct 2026, approved by claire.dubois@meridian.example on 16 Feb 2026" in text
    assert "  dated          22 Oct 2026\n  against plan   21 days late against the baseline in force\n" in text
    assert "      └ ERP-90 Data migration dress rehearsal: due 15 Oct 2026" in text
    assert (
        "  ERP-90 Data migration dress rehearsal  due pushed once by 21 days, now 21 days late against 24 Sep 2026; "
        "last by jonas.weber@meridian.example on 15 Sep 2026" in text
    )
    assert text.count("M-20") == 4


def test_too_short_a_history_is_said_with_the_weeks_that_there_are(tuesday: Meridian):
    """ERP-60 and ERP-70 were done on 10 July and 14 August."""
    said = driftline("objectives", "show", "ERP-EUROPE", folder=tuesday.folder)
    assert "something was finished in only 2 of the last 12 weeks, and 4 are needed" in said.out
    assert "5 left; finished per week since 6 Jul 2026: 1 0 0 0 0 1 0 0 0 0" in said.out


def test_moves_of_work_far_below_an_objective_are_found(tuesday: Meridian):
    said = driftline("objectives", "show", "AURORA-4", "--json", folder=tuesday.folder).json
    assert set(said) == PICTURE
    [moved] = said["moved"]
    assert (moved["key"], moved["pushes"], moved["days"]) == ("AUR-118", 1, 59)
    assert moved["last"]["by"] == "tomas.silva@meridian.example"
    assert said["slip"] == {"in_force": 47, "original": 47}
    assert said["forecast"]["chain"][-1]["key"] == "AUR-118"


def test_a_target_that_nobody_approved_is_no_baseline(tuesday: Meridian):
    said = driftline("objectives", "show", "ROLL-OUT", folder=tuesday.folder)
    assert "  target         30 Oct 2026; nobody has approved a baseline" in said.lines
    assert "  against plan   35 days late against the target" in said.lines


def test_an_objective_that_nothing_is_known_of_asks_for_a_reading(unread: Path):
    said = driftline("objectives", "show", "AURORA-4", folder=unread)
    assert said.code == 2
    assert "nothing is known about AURORA-4" in said.err
    assert driftline("objectives", "show", "AURORA-5", folder=unread).code == 2


def test_teams_are_listed_with_what_is_left_and_why_there_is_no_date(tuesday: Meridian):
    said = driftline("objectives", "teams", folder=tuesday.folder)
    [erp] = [line for line in said.lines if line.startswith("jira/ERP")]
    assert erp.split()[:4] == ["jira/ERP", "6", "–", "–"]
    assert said.lines[-1] == "6 teams"


@pytest.fixture
def steady(copy: Path) -> Path:
    """The Aurora team also finished two small things in each of the last six weeks, and has seven more to do."""
    small = [
        WorkItem(
            source="jira",
            native_id=f"small-{number}",
            key=f"AUR-9{number:02}",
            title="Small",
            container="AUR",
            category=StatusCategory.DONE if number < 12 else StatusCategory.TODO,
            finished=date(2026, 9, 9) - timedelta(7 * (number % 6)) if number < 12 else None,
        )
        for number in range(19)
    ]
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.save_page(store.start_run(NOW, baseline=False), Page(small), "jira", NOW)
    return copy


def test_the_pace_of_a_team_is_shown_with_two_dates_and_the_weeks_they_were_drawn_from(steady: Path):
    """Five stories were done on 20 August besides; nine are left besides."""
    [aurora] = [
        each for each in driftline("objectives", "teams", "--json", folder=steady).json if each["name"] == "jira/AUR"
    ]
    assert aurora["remaining"] == 16
    assert aurora["weeks"] == [
        ["2026-08-03", 2],
        ["2026-08-10", 2],
        ["2026-08-17", 7],
        ["2026-08-24", 2],
        ["2026-08-31", 2],
        ["2026-09-07", 2],
    ]
    assert date(2026, 10, 6) <= date.fromisoformat(aurora["likely"]) < date.fromisoformat(aurora["safe"])
    assert date.fromisoformat(aurora["safe"]) <= date(2026, 11, 10)  # eight weeks of two each
    [line] = [each for each in driftline("objectives", "teams", folder=steady).lines if each.startswith("jira/AUR")]
    assert line.endswith("2 2 7 2 2 2")


def test_a_record_shows_what_was_approved_who_approved_it_and_how_far_its_date_lies_behind(
    copy: Path, changed: Callable[[Path, str, str], None]
):
    """1 September was approved first, then 1 October; 16 October is 15 days behind that and 45 behind the original."""
    changed(copy / "driftline.yaml", "mail:\n", "reconcile:\n  approved_date_field: approved\n\nmail:\n")
    approval = Move("approved", date(2026, 9, 1), date(2026, 10, 1), datetime(2026, 8, 3, 9, tzinfo=UTC), "coo@x")
    work = WorkItem(
        source="jira",
        native_id="approved",
        key="ERP-500",
        title="Cut over",
        due=date(2026, 10, 16),
        custom={"approved": date(2026, 10, 1)},
        moves=(approval,),
    )
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.save_page(store.start_run(NOW, baseline=False), Page([work]), "jira", NOW)
    said = driftline("show", "ERP-500", folder=copy)
    start = said.lines.index("approved")
    assert said.lines[start + 1 : start + 4] == [
        "  original       1 Sep 2026",
        "  in force       1 Oct 2026, approved by coo@x on 3 Aug 2026",
        "  planned now    16 Oct 2026, 15 days late; 45 days late against the original",
    ]
