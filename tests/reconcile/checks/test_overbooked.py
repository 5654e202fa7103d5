"""I54: one person, team or epic claimed by several objectives at once, beyond what it can do."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from digest.findings_language import recognised
from digest.language import Language
from model.findings import Severity, fingerprint
from model.links import Role
from model.objectives import DecisionRights, Level, StageGate
from model.records import Absence
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, TODAY, TODO, Stored

CHECK = "overbooked"


def piece(stored: Stored, number: int, objective_id: str, away: int = 20, **more: Any) -> str:
    key = f"E-{number}"
    stored.work(key, TODAY + timedelta(away), **{"category": DOING, "owner": "Ben", **more})
    stored.work(f"S-{number}", None, parent=key)
    stored.link(f"jira:{key}", objective_id, Role.DELIVERS)
    return f"jira:{key}"


def example_world() -> Stored:
    """Ben has three pieces for DACH and three for the Nordics under way, the first of them for 12 days more."""
    top = objective("OPS", level=Level.PROGRAM, sponsor="Martin", name="Operations", owner="Lena")
    stored = Stored(objectives=[top, objective("A", "OPS", name="DACH"), objective("B", "OPS", name="Nordics")])
    for number in range(6):
        piece(stored, number, "A" if number < 3 else "B", away=11 if number == 0 else 20)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_six_pieces_at_once_for_two_objectives_are_told_above_both(stored: Stored) -> None:
    """From 15 to 26 September, both days counted, all six are open: 12 days."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:OPS",)
    assert finding.title == (
        "Below Operations 1 person is booked for more than 5 pieces of work at once, for DACH and Nordics, "
        "for 12 days, until 26 Sep 2026"
    )
    assert finding.objective_ids == ("OPS", "A", "B")
    assert len(finding.evidence) == 6
    assert finding.evidence[0].value == "Ben, from 15 Sep 2026 to 26 Sep 2026, for A"
    assert (finding.impact.days, finding.upkeep, finding.decider) == (None, False, "Martin")
    assert finding.severity is Severity.MINOR


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (0, {"due": TODAY + timedelta(8)}),
        (0, {"due": None}),
        (0, {"due": TODAY - timedelta(1)}),
        (0, {"owner": "Carl"}),
        (0, {"category": DONE}),
        (0, {"category": TODO, "start": TODAY + timedelta(5)}),
    ],
    ids=["nine days", "undated", "overdue", "of another", "done", "begins later"],
)
def test_five_at_once_or_six_for_less_than_ten_days_are_left_alone(
    stored: Stored, number: int, fields: dict[str, Any]
) -> None:
    stored.change(f"jira:E-{number}", **fields)
    assert found(stored, CHECK) == []


def test_six_pieces_for_one_objective_are_its_own_business() -> None:
    stored = Stored(objectives=[objective("P"), objective("A", "P")])
    for number in range(8):
        piece(stored, number, "A")
    assert found(stored, CHECK) == []


def test_a_team_may_have_more(stored: Stored) -> None:
    for number in range(6):
        stored.change(f"jira:E-{number}", owner="Team Blue")
    assert found(stored, CHECK) == []


def test_it_is_told_once_at_the_lowest_objective_above_all(stored: Stored) -> None:
    """With a seventh piece elsewhere Ben is still told below Operations, not above it again; Dora is told above."""
    stored.objectives[0] = objective("OPS", "TOP", Level.PROGRAM, name="Operations")
    stored.objectives += [objective("TOP", level=Level.ORGANIZATION, sponsor="Eva"), objective("C", "TOP")]
    piece(stored, 6, "C")
    assert [each.subjects for each in found(stored, CHECK)] == [("objective:OPS",)]
    for number in range(10, 16):
        piece(stored, number, "C" if number < 13 else "A", owner="Dora")
    assert {each.subjects for each in found(stored, CHECK)} == {("objective:OPS",), ("objective:TOP",)}


def test_several_people_are_one_finding_and_who_decides_across_measures_decides(stored: Stored) -> None:
    stored.objectives[0] = objective("OPS", decision_rights=DecisionRights(across_measures="Committee"), sponsor="Eva")
    for number in range(10, 16):
        piece(stored, number, "A" if number < 13 else "B", owner="Dora")
    (finding,) = found(stored, CHECK)
    assert "2 people are booked" in finding.title
    assert "for 21 days" in finding.title
    assert (finding.decider, len(finding.evidence)) == ("Committee", 12)


def test_the_limits_can_be_set(stored: Stored) -> None:
    assert found(stored, CHECK, most_at_once=6) == []
    assert found(stored, CHECK, for_days=13) == []
    assert "for 21 days" in found(stored, CHECK, most_at_once=4)[0].title


def test_without_owners_and_dates_nothing_can_be_said() -> None:
    stored = Stored(objectives=[objective("A")])
    piece(stored, 1, "A", owner=None)
    assert blind(stored, CHECK) == ["no work at hand that delivers an objective has an owner and a due date"]


def test_an_incomplete_source_holds_it_and_what_is_out_of_sight_does(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.lose("jira:E-1", Absence.FILTERED_OUT)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "E-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:E-1", due=date(2026, 9, 16))
    assert judged(stored, CHECK).gone_because(before).startswith("nobody is booked beyond the limit")
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


def test_what_is_told_of_people_is_known_by_the_same_fingerprint_as_before_teams_and_epics() -> None:
    (finding,) = found(example_world(), CHECK)
    assert finding.fingerprint == fingerprint("overbooked", 1, ("objective:OPS",))


def team_world(pieces: int = 22, **more: Any) -> Stored:
    """The team AUR has 22 pieces of different people under way, half of them for DACH and half for the Nordics."""
    stored = example_world()
    for number in range(6):
        stored.remove(f"jira:E-{number}")
    stored.links_.clear()
    for number in range(pieces):
        owner = f"person-{number}"
        piece(stored, number, "A" if number % 2 else "B", **{"owner": owner, "container": "AUR", **more})
    return stored


def test_a_team_with_more_than_twenty_pieces_for_two_objectives_is_told_by_its_name() -> None:
    (finding,) = found(team_world(), CHECK)
    assert finding.subjects == ("objective:OPS", "team:jira/aur")
    assert finding.title == (
        "Below Operations the team jira/AUR is booked for more than 20 pieces of work at once, for Nordics and DACH, "
        "for 21 days, until 5 Oct 2026"
    )
    assert (finding.decider, finding.upkeep, len(finding.evidence)) == ("Martin", False, 12)
    assert (finding.objective_ids, finding.sources) == (("OPS", "B", "A"), ("jira",))


def in_several_projects(stored: Stored) -> None:
    for number in range(22):
        stored.change(f"jira:E-{number}", container=f"P{number % 2}")


def for_one_objective(stored: Stored) -> None:
    stored.links_ = [replace(link, objective_id="A") for link in stored.links_]


def for_a_week(stored: Stored) -> None:
    for number in range(22):
        stored.change(f"jira:E-{number}", due=TODAY + timedelta(8))


@pytest.mark.parametrize("change", [in_several_projects, for_one_objective, for_a_week])
def test_a_team_that_can_do_it_is_left_alone(change: Any) -> None:
    stored = team_world()
    change(stored)
    assert found(stored, CHECK) == []


def test_twenty_pieces_of_a_team_are_the_edge() -> None:
    assert found(team_world(20), CHECK) == []
    assert len(found(team_world(20), CHECK, most_of_team=19)) == 1
    assert len(found(team_world(21), CHECK)) == 1


def test_a_field_may_name_the_team_across_projects_and_spellings() -> None:
    stored = team_world(20, custom={"team": "Blue"})
    for number in range(20, 22):
        piece(stored, number, "A", owner=None, container="OTHER", custom={"team": " blue "})
    (finding,) = found(stored, CHECK, team_field="team")
    assert finding.subjects == ("objective:OPS", "team:blue")
    assert "Blue is booked" in finding.title
    assert found(stored, CHECK) == []


def test_a_team_of_which_a_piece_is_out_of_sight_is_held() -> None:
    stored = team_world(21)
    (before,) = found(stored, CHECK)
    stored.lose("jira:E-1", Absence.FILTERED_OUT)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "E-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:E-1", category=DONE)
    assert judged(stored, CHECK).gone_because(before).startswith("the team is not booked beyond the limit")
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


def epic_world() -> Stored:
    """One epic under way delivers DACH and the Nordics, and its rule says nothing of shares."""
    stored = Stored(
        objectives=[
            objective("OPS", level=Level.PROGRAM, sponsor="Martin", name="Operations"),
            objective("A", "OPS", name="DACH"),
            objective("B", "OPS", name="Nordics"),
        ]
    )
    stored.link(piece(stored, 0, "A"), "B", Role.DELIVERS)
    stored.cover("jira")
    return stored


def shares(stored: Stored, **weights: str) -> None:
    stored.links_ = [replace(each, weight=Decimal(weights[each.objective_id])) for each in stored.links_]


def test_an_epic_that_two_objectives_claim_is_told_above_both() -> None:
    (finding,) = found(epic_world(), CHECK)
    assert finding.subjects == ("objective:OPS", "claims:epics")
    assert finding.title == "Below Operations the epic E-0 counts for DACH and Nordics at once, at 200 % in all"
    assert finding.objective_ids == ("OPS", "A", "B")
    assert [each.value for each in finding.evidence] == ["A at 100 %, B at 100 %, until 5 Oct 2026"]
    assert (finding.decider, finding.severity, finding.upkeep) == ("Martin", Severity.MINOR, False)


def begins_some_day(stored: Stored) -> None:
    stored.change("jira:E-0", category=TODO, start=None, due=TODAY + timedelta(12))


def ends_soon(stored: Stored) -> None:
    stored.change("jira:E-0", due=TODAY + timedelta(8))


def is_done(stored: Stored) -> None:
    stored.change("jira:E-0", category=DONE)


def has_no_parts(stored: Stored) -> None:
    stored.remove("jira:S-0")
    stored.need(stored.work("E-9"), "E-0")


def is_shared_out(stored: Stored) -> None:
    shares(stored, A="0.6", B="0.4")


def one_stands_above(stored: Stored) -> None:
    stored.objectives[2] = objective("B", name="Nordics")
    stored.objectives[1] = objective("A", "B", name="DACH")


def one_is_on_hold(stored: Stored) -> None:
    stored.objectives[2] = objective("B", "OPS", stage_gate=StageGate.ON_HOLD, stage_reason="no money")


def measures_the_other(stored: Stored) -> None:
    stored.links_[1] = replace(stored.links_[1], role=Role.REPORTS)


@pytest.mark.parametrize(
    "change",
    [
        *(begins_some_day, ends_soon, is_done, has_no_parts, is_shared_out, one_stands_above, one_is_on_hold),
        measures_the_other,
    ],
)
def test_an_epic_that_is_not_claimed_twice_is_left_alone(change: Any) -> None:
    stored = epic_world()
    change(stored)
    assert found(stored, CHECK) == []


def test_shares_of_more_than_the_whole_are_told() -> None:
    stored = epic_world()
    shares(stored, A="0.6", B="0.5")
    assert "at 110 % in all" in found(stored, CHECK)[0].title


@pytest.mark.parametrize("due", [None, TODAY - timedelta(30)], ids=["undated", "overdue"])
def test_an_epic_without_an_end_is_claimed_until_further_notice(due: date | None) -> None:
    stored = epic_world()
    stored.change("jira:E-0", due=due)
    (finding,) = found(stored, CHECK)
    assert finding.evidence[0].value == "A at 100 %, B at 100 %, with no end ahead"


def test_the_epics_below_one_objective_are_one_finding_and_are_not_told_again_above() -> None:
    stored = epic_world()
    stored.objectives[0] = objective("OPS", "TOP", Level.PROGRAM, name="Operations")
    stored.objectives += [objective("TOP", level=Level.ORGANIZATION, sponsor="Eva"), objective("C", "TOP")]
    stored.link("jira:E-0", "C", Role.DELIVERS)
    stored.link(piece(stored, 1, "A"), "B", Role.DELIVERS)
    (finding,) = found(stored, CHECK)
    assert finding.title == "Below Operations 2 epics count for DACH and Nordics at once, at up to 200 % in all"
    stored.link(piece(stored, 2, "A"), "C", Role.DELIVERS)
    assert {each.subjects[0] for each in found(stored, CHECK)} == {"objective:OPS", "objective:TOP"}
    assert found(stored, CHECK, epics=False) == []


def test_an_epic_out_of_sight_is_held_and_one_that_is_shared_out_is_resolved() -> None:
    stored = epic_world()
    (before,) = found(stored, CHECK)
    stored.lose("jira:E-0", Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "E-0 is out of sight"}
    stored.absences_.clear()
    shares(stored, A="0.5", B="0.5")
    assert judged(stored, CHECK).gone_because(before) == "no epic is claimed by several objectives any more"
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


@pytest.mark.parametrize("world", [team_world, epic_world])
def test_teams_and_epics_are_told_in_german(world: Any) -> None:
    (finding,) = found(world(), CHECK)
    claim = finding.forecast
    assert claim is not None
    for text in (finding.title, finding.advice, claim.says):
        assert recognised(Language("de", "de"), text), text
