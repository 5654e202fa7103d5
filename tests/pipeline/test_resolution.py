"""A finding that is gone because a date moved says who moved it, where the source tells."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from model.findings import Claim, Finding, FindingState, Impact, Step, TrackedFinding, Transition, TransitionKind
from model.records import Move
from pipeline.resolution import with_movers
from reconcile.lifecycle import Advance

OPENED = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
FINDING = Finding(
    check="late-commitment",
    check_version=1,
    subjects=("crm:1",),
    title="late",
    commitment=Claim("crm", "OPP-1", "promises"),
    cause="jira:7",
    chain=(Step("crm:1", "OPP-1", "", ""), Step("jira:7", "AUR-7", "", "")),
)
TRACKED = TrackedFinding(finding=FINDING, opened_at=OPENED, changed_at=OPENED, judged_at=OPENED, told=Impact())
EARLIER = Move("due", date(2026, 11, 16), date(2026, 9, 18), OPENED + timedelta(hours=3), "Tomas Silva")


class Moves:
    """A store of which nothing is asked but moves."""

    def __init__(self, **moves: list[Move]) -> None:
        self.found = {name.replace("_", ":"): several for name, several in moves.items()}

    @contextmanager
    def view(self) -> Any:
        yield self

    def moves(self, nodes: list[str]) -> dict[str, list[Move]]:
        return {node: self.found[node] for node in nodes if node in self.found}


def reason(said: str, *moves: Move, kind: TransitionKind = TransitionKind.RESOLVED) -> str:
    step = Transition(fingerprint=FINDING.fingerprint, kind=kind, at=OPENED + timedelta(days=1), reason=said)
    gone = replace(TRACKED, state=FindingState.RESOLVED)
    store: Any = Moves(jira_7=list(moves))
    [told] = with_movers(Advance((gone,), (step,)), {FINDING.fingerprint: TRACKED}, store, UTC).transitions
    return told.reason


def test_a_date_that_the_reason_names_gets_its_mover():
    assert reason("AUR-7 now says 18 Sep 2026", EARLIER) == (
        "AUR-7 now says 18 Sep 2026, moved by Tomas Silva on 14 Sep 2026"
    )
    assert reason("the promise moved from 1 Sep 2026 to 18 Sep 2026", EARLIER) == (
        "the promise moved from 1 Sep 2026 to 18 Sep 2026, by Tomas Silva on 14 Sep 2026"
    )


def test_where_the_tools_merely_agree_again_the_last_move_is_told():
    assert reason("the tools agree again", EARLIER, replace(EARLIER, at=OPENED + timedelta(hours=1), by="Ann")) == (
        "the tools agree again: AUR-7 due moved from 16 Nov 2026 to 18 Sep 2026 by Tomas Silva on 14 Sep 2026"
    )


@pytest.mark.parametrize(
    ("said", "move"),
    [
        ("OPP-1 was lost", EARLIER),
        ("AUR-7 now says 19 Sep 2026", EARLIER),
        ("the tools agree again", replace(EARLIER, at=OPENED - timedelta(days=1))),
        ("the tools agree again", replace(EARLIER, by=None)),
    ],
)
def test_nobody_is_named_for_what_a_move_does_not_explain(said: str, move: Move):
    """Another reason, another date, a move from before the finding, one that nobody is known for."""
    assert reason(said, move) == said


def test_what_did_not_resolve_keeps_its_reason():
    assert reason("AUR-7 now says 18 Sep 2026", EARLIER, kind=TransitionKind.IMPROVED) == "AUR-7 now says 18 Sep 2026"
