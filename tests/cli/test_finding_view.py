"""How the evidence of a finding reads: what it was before is said only where it changed, and a gap is named."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.finding_view import _proven
from model.findings import Evidence

SEEN = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "12"),
        ({"value": "2026-11-16"}, "16 Nov 2026"),
        ({"value": ""}, "none"),
        ({"old": "12"}, "12, unchanged"),
        ({"old": "9"}, "12, before 9, changed"),
        ({"old": ""}, "12, before none, changed"),
        ({"value": "", "old": "2026-09-18"}, "none, before 18 Sep 2026, changed"),
        ({"old": "9", "by": "Ben Kuhn", "at": SEEN}, "12, before 9, changed by Ben Kuhn on 15 Sep 2026"),
        ({"old": "12", "by": "Ben Kuhn", "at": SEEN}, "12, changed by Ben Kuhn on 15 Sep 2026"),
        ({"at": SEEN}, "12, changed on 15 Sep 2026"),
    ],
)
def test_evidence_says_what_it_was_before_only_where_it_changed(changed: dict[str, object], says: str) -> None:
    assert _proven(replace(Evidence("jira:A-1", "A-1", "work left", "12"), **changed)) == says  # type: ignore[arg-type]
