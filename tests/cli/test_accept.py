"""``driftline accept`` and ``driftline ack``: what people decide about a finding, by whom, and that nobody overrules it
in silence."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.findings import FindingState, Flapping, TrackedFinding, Transition, TransitionKind
from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import Said, driftline
from tests.databases import url_of

NORDWIND = "9bac7357"
"""47 days late on M-101, which has no tolerance: for Paul Novak (VP Sales), who has the right beyond it."""
UNTIL = ("--until", "2026-12-31", "--reason", "the customer agreed to wait")


def kept(folder: Path) -> tuple[TrackedFinding, list[Transition]]:
    with Store.open(url_of(folder / "state" / "driftline.db")) as store:
        [found] = store.find_finding(NORDWIND)
        return found, store.transitions(fingerprint=found.fingerprint)


def accept(folder: Path, *arguments: str) -> Said:
    return driftline("accept", NORDWIND, *UNTIL, *arguments, folder=folder)


def test_whoever_has_the_right_accepts_until_a_day_and_the_history_says_who_and_why(copy: Path):
    said = accept(copy, "--by", "Paul Novak")
    assert said.code == 0
    assert said.err == "accepted by Paul Novak until 31 Dec 2026; it opens earlier if it worsens\n"
    found, history = kept(copy)
    assert found.state is FindingState.ACCEPTED
    assert [step.kind for step in history] == [TransitionKind.OPENED, TransitionKind.ACCEPTED]
    assert history[-1].by == "Paul Novak"
    assert history[-1].reason.startswith("until 31 Dec 2026: the customer agreed to wait; entered by ")
    shown = driftline("show", NORDWIND, folder=copy).lines
    assert "accepted         by Paul Novak until 31 Dec 2026: the customer agreed to wait" in shown


@pytest.mark.parametrize("name", ["paul.novak@meridian.example", "PAUL NOVAK (VP Sales)"])
def test_a_person_goes_by_name_or_address(copy: Path, name: str):
    assert accept(copy, "--by", name).code == 0


def test_somebody_else_is_refused_and_told_who_may(copy: Path):
    said = accept(copy, "--by", "aisha.rahman@meridian.example")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: aisha.rahman@meridian.example may not accept this finding: it is beyond the tolerance of the owner, "
        "and it is for Paul Novak (VP Sales)\n"
        "hint: let them accept it (--by NAME), or add --override, which is kept with it\n"
    )
    found, history = kept(copy)
    assert (found.state, len(history)) == (FindingState.OPEN, 1)


def test_an_override_is_possible_and_never_silent(copy: Path):
    said = accept(copy, "--by", "Aisha Rahman", "--override")
    assert said.code == 0
    assert said.err.splitlines()[1] == (
        "this was for Paul Novak (VP Sales) to decide; the override is kept with the acceptance"
    )
    found, history = kept(copy)
    assert found.acceptance is not None
    assert found.acceptance.overrides == "Paul Novak (VP Sales)"
    assert "; without the right to, which is with Paul Novak (VP Sales)" in history[-1].reason
    shown = driftline("show", NORDWIND, folder=copy).lines
    assert "                 without the right to: it was for Paul Novak (VP Sales) to decide" in shown


def test_the_json_has_the_documented_fields(copy: Path):
    said = accept(copy, "--by", "Paul Novak", "--json").json
    assert said == {
        "fingerprint": said["fingerprint"],
        "state": "accepted",
        "acceptance": {
            "by": "Paul Novak",
            "why": "the customer agreed to wait",
            "until": "2026-12-31",
            "overrides": "",
        },
    }


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--until", "2026-09-14", "--reason", "x"), "14 Sep 2026 has passed"),
        (("--until", "soon", "--reason", "x"), "--until soon is not a date"),
        (("--until", "2026-12-31", "--reason", "  "), "an acceptance names who accepts and why"),
        (("--until", "2026-12-31"), "missing option '--reason'"),
        (("--reason", "x"), "missing option '--until'"),
    ],
)
def test_without_a_reason_and_a_day_to_come_there_is_no_acceptance(copy: Path, arguments: tuple[str, ...], error: str):
    said = driftline("accept", NORDWIND, *arguments, "--by", "Paul Novak", folder=copy)
    assert said.code == 2
    assert said.err.startswith(f"error: {error}")
    assert kept(copy)[0].state is FindingState.OPEN


def test_an_accepted_finding_is_no_decision_of_the_digest_any_more(copy: Path):
    accept(copy, "--by", "Paul Novak")
    listed = driftline("findings", "--json", folder=copy).json
    assert [each["state"] for each in listed if each["fingerprint"].startswith(NORDWIND)] == ["accepted"]


@pytest.mark.parametrize("verb", ["accept", "ack"])
@pytest.mark.parametrize(("name", "error"), [("ffffffff", "there is no finding ffffffff"), ("e", "e begins")])
def test_a_name_that_means_no_one_finding_is_refused(tuesday: Meridian, verb: str, name: str, error: str):
    said = driftline(verb, name, *(UNTIL if verb == "accept" else ()), folder=tuesday.folder)
    assert said.code == 2
    assert said.err.startswith(f"error: {error}")


@pytest.mark.parametrize("verb", ["accept", "ack"])
def test_before_the_first_sync_there_is_nothing_to_decide(unread: Path, verb: str):
    said = driftline(verb, NORDWIND, *(UNTIL if verb == "accept" else ()), folder=unread)
    assert said.err == f"error: there is no finding {NORDWIND}: nothing was read yet\nhint: run driftline sync\n"


def test_an_acknowledgement_says_who_looks_after_it(copy: Path):
    said = driftline("ack", NORDWIND, "--by", "Tomas Silva", "--note", "second shift booked", folder=copy)
    assert (said.code, said.err) == (0, "acknowledged by Tomas Silva\n")
    found, history = kept(copy)
    assert found.state is FindingState.ACKNOWLEDGED
    assert (history[-1].kind, history[-1].by) == (TransitionKind.ACKNOWLEDGED, "Tomas Silva")
    assert history[-1].reason == "second shift booked"
    assert driftline("ack", NORDWIND, "--by", "Ann", "--json", folder=copy).json["state"] == "acknowledged"


def test_what_is_not_told_says_why_in_the_list_and_in_full(copy: Path):
    found, _ = kept(copy)
    quiet = Transition(
        fingerprint=found.fingerprint, kind=TransitionKind.WORSENED, at=found.changed_at, quiet="it comes and goes"
    )
    flapping = Flapping(found.changed_at, found.changed_at, told_standing=True)
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.save_findings(None, [replace(found, inhibited_by="P-1 above it is on hold", flapping=flapping)], [quiet])
    shown = driftline("show", NORDWIND, folder=copy)
    assert "not told         as long as this is so: P-1 above it is on hold" in shown.lines
    assert any(line.startswith("comes and goes   since 15 Sep 2026") for line in shown.lines)
    assert any(line.endswith("worsened  not told: it comes and goes") for line in shown.lines)
    assert any("[not told]" in line for line in driftline("findings", folder=copy).lines)


def test_what_is_accepted_cannot_be_acknowledged(copy: Path):
    accept(copy, "--by", "Paul Novak")
    said = driftline("ack", NORDWIND, "--by", "Ann", folder=copy)
    assert (said.code, said.err.splitlines()[0]) == (2, "error: the finding is accepted")
