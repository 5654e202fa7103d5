"""I55 and F3.6: a source that is not read to its end, of which every figure is as old as its last reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from model.findings import Finding, Severity
from model.runs import Coverage
from reconcile.checks.stale_source import StaleSource, StaleSourceOptions
from reconcile.engine import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import NOW, Stored


def example_world() -> Stored:
    """Sales has not been read since 12 September 06:00: 72 hours before the run."""
    stored = Stored()
    stored.coverage_["salesforce"] = Coverage(
        "salesforce", 40, 38, datetime(2026, 9, 12, 6, 0, tzinfo=UTC), False, "the token has expired"
    )
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, **options: object) -> Judgement:
    of_checks = ReconcileOptions().checks.model_copy(update={"stale_source": StaleSourceOptions(**options)})  # type: ignore[arg-type]
    return stored.judge(options=ReconcileOptions(checks=of_checks), with_checks={"stale-source": StaleSource()})


def found(stored: Stored, **options: object) -> list[Finding]:
    return list(judge(stored, **options).findings)


def told(stored: Stored, lag: timedelta | None, *, complete: bool = False, **options: object) -> bool:
    as_of = NOW - lag if lag is not None else None
    stored.coverage_["salesforce"] = replace(stored.coverage_["salesforce"], as_of=as_of, complete=complete)
    return [each.subjects for each in found(stored, **options)] == [("salesforce:source",)]


def test_a_source_that_fails_for_longer_than_a_day_is_told_with_its_error(stored: Stored) -> None:
    (finding,) = found(stored)

    assert finding.title == ("salesforce was last read completely on 12 Sep 2026, 3 days ago: the token has expired")
    assert finding.subjects == ("salesforce:source",)
    assert (finding.upkeep, finding.severity) == (True, Severity.MINOR)
    assert finding.commitment is not None
    assert finding.commitment.says == "may lag for 36 hours"
    assert [(each.field, each.value) for each in finding.evidence] == [
        ("last complete reading", "2026-09-12T06:00:00+00:00"),
        ("error", "the token has expired"),
    ]
    assert "driftline sync salesforce" in finding.advice


def test_the_limit_itself_is_no_lag(stored: Stored) -> None:
    assert not told(stored, timedelta(hours=36))
    assert told(stored, timedelta(hours=36, seconds=1))


def test_a_source_that_was_never_read_has_no_age(stored: Stored) -> None:
    """In the first minutes of a daemon that is so of each source; status and the digest's data health say it."""
    assert not told(stored, None)
    assert not told(stored, None, complete=True)


def test_a_source_that_is_read_every_week_is_not_told_while_nothing_fails(stored: Stored) -> None:
    assert not told(stored, timedelta(days=14), complete=True)
    assert told(stored, timedelta(days=14, seconds=1), complete=True)


def test_each_source_can_have_its_own_limit(stored: Stored) -> None:
    for complete in (False, True):
        assert not told(stored, timedelta(days=5), complete=complete, sources={"salesforce": "5d"})
        assert told(stored, timedelta(days=6), complete=complete, sources={"salesforce": "5d"})


def test_it_is_not_held_by_the_very_source_that_it_tells_of(stored: Stored) -> None:
    (finding,) = found(stored)
    assert finding.sources == ()
    assert judge(stored).hold(finding, finding) is None


def test_without_any_reading_nothing_is_said() -> None:
    """Blind: a source that no run has ever begun to read is none that coverage knows."""
    assert found(Stored()) == []


def test_the_reason_of_a_resolution_says_when_it_was_read(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.cover("salesforce", as_of=NOW)
    assert judge(stored).gone_because(finding) == "salesforce was completely read on 15 Sep 2026"
    del stored.coverage_["salesforce"]
    assert judge(stored).gone_because(finding) == "salesforce is no source any more"
