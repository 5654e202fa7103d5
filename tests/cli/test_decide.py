"""``driftline decide``: what was decided, by whom and until when, and that it is not asked again before."""

from pathlib import Path
from typing import Any

import pytest

from model.findings import FindingState, TransitionKind
from state.store import Store
from tests.cli.console import Said, driftline
from tests.databases import url_of

NORDWIND = "9bac7357"
"""47 days late on M-101, for Paul Novak (VP Sales); AUR-118 makes it late, and five more with it."""
PAUL = ("--by", "Paul Novak")
FORWARD = "Bring AUR-118 forward by 47 days, to 30 Sep 2026: the date is kept"


def decide(folder: Path, *arguments: str) -> Said:
    return driftline("decide", NORDWIND, *arguments, folder=folder)


def kept(folder: Path) -> Any:
    with Store.open(url_of(folder / "state" / "driftline.db")) as store:
        [found] = store.find_finding(NORDWIND)
        return found, store.decisions(), store.transitions(fingerprint=found.fingerprint)


@pytest.mark.parametrize("named", ["1", "bring_forward", "Bring-Forward"])
def test_an_option_is_chosen_by_number_or_kind_with_its_own_day_and_who_acts(copy: Path, named: str):
    said = decide(copy, "--option", named, *PAUL)
    assert said.code == 0
    assert said.err == (
        f"decided by Paul Novak: {FORWARD}\n"
        "tomas.silva@meridian.example carries it out until 25 Sep 2026; nobody is asked before, unless it worsens\n"
        "it settles 5 more findings of the same cause\n"
    )
    found, [decision], history = kept(copy)
    assert (found.state, found.decided, history[-1].kind) == (FindingState.ACKNOWLEDGED, True, TransitionKind.DECIDED)
    assert (decision.says, decision.by, len(decision.fingerprints)) == (FORWARD, "Paul Novak", 6)
    shown = driftline("show", NORDWIND, "--json", folder=copy).json
    assert [each["number"] for each in shown["decisions"]] == [1]
    assert shown["finding"]["decision"]["kind"] == "bring_forward"


def test_what_is_decided_is_shown_and_not_proposed_any_more(copy: Path):
    decide(
        copy,
        "--text",
        "Sell the 3.9 with a discount",
        *PAUL,
        "--until",
        "2026-09-20",
        "--owner",
        "Ben Kuhn",
        "--note",
        "Ann asks",
    )
    shown = driftline("show", NORDWIND, folder=copy).lines
    assert "to decide        nothing before 20 Sep 2026, unless it worsens: it is decided" in shown
    line = shown.index("decided          by Paul Novak on 15 Sep 2026: Sell the 3.9 with a discount")
    assert shown[line + 1].strip() == "Ben Kuhn carries it out until 20 Sep 2026: under way"
    assert any("carries it out until 20 Sep 2026; Ann asks; entered by " in each for each in shown)
    [row] = [line for line in driftline("findings", folder=copy).lines if line.startswith(NORDWIND)]
    assert row.endswith("[decided]")


def test_free_words_are_for_one_finding_unless_the_whole_cause_is_meant(copy: Path):
    alone = decide(copy, "--text", "Talk to them", *PAUL, "--until", "2026-09-20")
    assert alone.err.splitlines()[-1] == "5 findings of the same cause wait; --cause decides all"
    whole = decide(copy, "--text", "Talk to them", *PAUL, "--until", "2026-09-20", "--cause", "--json").json
    assert (len(whole["fingerprints"]), whole["state"]) == (6, "acknowledged")
    assert set(whole["decision"]) == {"says", "by", "owner", "until", "at", "before", "kind"}
    assert [len(each.fingerprints) for each in kept(copy)[1]] == [1, 6]


def test_promises_of_one_cause_are_moved_each_by_its_own_words(copy: Path):
    said = decide(copy, "--option", "move_promise", *PAUL, "--cause")
    assert "it settles 5 more findings of the same cause" in said.err
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        words = {each.decision.says for each in store.tracked().values() if each.decision}
    assert "Move the promise to Nordwind Logistik from 30 Sep 2026 to 16 Nov 2026" in words
    assert "Move the promise to Kessler Maschinenbau from 30 Sep 2026 to 16 Nov 2026" in words
    mail = " ".join(driftline("digest", "preview", "leaders", folder=copy).out.split())
    assert ", and 5 of the same cause likewise: Paul Novak decided" in mail


def test_to_accept_leads_to_an_acceptance_with_its_reason_and_last_day(copy: Path):
    said = decide(copy, "--option", "accept", *PAUL, "--note", "the customer waits")
    assert (said.code, said.err) == (0, "accepted by Paul Novak until 16 Nov 2026; it opens earlier if it worsens\n")
    found, decisions, history = kept(copy)
    assert (found.state, found.decision, decisions) == (FindingState.ACCEPTED, None, [])
    assert history[-1].kind is TransitionKind.ACCEPTED
    again = decide(copy, "--option", "4", *PAUL, "--note", "x", "--until", "2026-12-01", "--json").json
    assert again["acceptance"]["until"] == "2026-12-01"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "say what was decided: one of its options, or free words"),
        (("--option", "1", "--text", "x"), "say what was decided: one of its options, or free words"),
        (("--option", "fund"), "fund is not among the options of this finding"),
        (("--option", "6"), "there is no option 6"),
        (("--option", "0"), "there is no option 0"),
        (("--option", "accept"), "an acceptance says why it may stay so"),
        (("--option", "stop", "--by", "Martin Keller"), "by when is its effect to be seen?"),
        (("--text", "x"), "by when is its effect to be seen?"),
        (("--text", " ", "--until", "2026-09-20"), "a decision names what is done"),
        (("--text", "x", "--until", "soon"), "--until soon is not a date"),
        (("--text", "x", "--until", "2026-09-14"), "14 Sep 2026 has passed"),
        (("--option", "1", "--by", "Aisha Rahman"), "Aisha Rahman may not decide about this finding"),
    ],
)
def test_half_a_decision_is_none(copy: Path, arguments: tuple[str, ...], error: str):
    said = decide(copy, *PAUL, *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {error}")
    assert (kept(copy)[0].state, kept(copy)[1]) == (FindingState.OPEN, [])


def test_before_the_first_sync_there_is_nothing_to_decide(unread: Path):
    assert decide(unread, "--option", "1").err.startswith(f"error: there is no finding {NORDWIND}: nothing was read")
