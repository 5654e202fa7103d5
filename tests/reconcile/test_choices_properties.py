"""What an option promises is what comes true when it is carried out: proved by judging the changed plan anew."""

import re
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, example, given, settings

from model.findings import DecisionOption, Finding, OptionKind
from model.records import StatusCategory, WorkItem
from tests.examples import examples
from tests.reconcile.test_properties import Plan, plans
from tests.reconcile.world import TODAY, Stored

ON_THE_DAY = TODAY + timedelta(6)
DUE_WITH_ITS_RELEASE = Plan(
    due=(TODAY,) * 5 + (ON_THE_DAY, TODAY),
    duration=(0,) * 7,
    categories=(StatusCategory.TODO,) * 7,
    lights=(None,) * 7,
    needs=(),
    parents=(None,) * 7,
    members=frozenset(range(6)),
    release=ON_THE_DAY,
    deals=((0, TODAY, 0),),
    savings=(),
    targets=(None, None, TODAY),
    tolerances=(0, 0, 0),
    delivers=((5, 2),),
)
"""Work that is due on the very day of its release: it does not come earlier by itself."""

OUT_OF_ITS_RELEASE = replace(
    DUE_WITH_ITS_RELEASE,
    due=(TODAY,) * 7,
    duration=(0, 0, 6, 0, 5, 0, 0),
    needs=((2, 0, 0), (4, 0, 2)),
    members=frozenset(range(5)),
    release=TODAY + timedelta(1),
    savings=((2, TODAY + timedelta(5), (None,) * 4),),
    delivers=(),
)
"""A-2 needs A-0 of its own release: out of it, it would have to wait until that ships."""

some = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def offered(plan: Plan, kind: OptionKind) -> list[tuple[Finding, DecisionOption]]:
    return [
        (finding, each) for finding in plan.stored().judge().findings for each in finding.options if each.kind is kind
    ]


def day_of(stored: Stored, finding: Finding) -> date | None:
    forecast = stored.judge().forecasts.get(finding.subjects[0])
    return forecast.day if forecast else None


def moved(stored: Stored, record_id: str, days: int) -> Stored:
    """The same plan in which one piece of work, which keeps its duration, is due earlier."""
    (record,) = [each for each in stored.records_ if each.id == record_id]
    if isinstance(record, WorkItem):
        shift = timedelta(days)
        stored.change(record_id, due=record.due and record.due - shift, start=record.start and record.start - shift)
    else:
        stored.change(record_id, release_date=record.release_date - timedelta(days))  # type: ignore[attr-defined]
    return stored


@some
@given(plans())
@example(DUE_WITH_ITS_RELEASE)
def test_bringing_forward_what_binds_gives_the_day_that_was_told(plan: Plan) -> None:
    for finding, each in offered(plan, OptionKind.BRING_FORWARD):
        assert each.record_id is not None
        assert each.days is not None
        assert day_of(moved(plan.stored(), each.record_id, each.days), finding) == each.day


@some
@given(plans())
def test_an_option_is_never_worse_than_doing_nothing_and_never_closes_in_the_past(plan: Plan) -> None:
    stored = plan.stored()
    for finding in stored.judge().findings:
        now = day_of(stored, finding)
        for each in finding.options:
            if each.kind in (OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE):
                assert now is not None
                assert each.day is not None
                assert each.day < now
            if each.until is not None:
                assert finding.decide_by is not None
                assert finding.decide_by <= each.until


def without(stored: Stored, whole: str, keys: list[str]) -> Stored:
    """The same plan in which these are no part of the release or of their parent any more."""
    for key in keys:
        changes: dict[str, object] = {"releases": ()} if whole == "jira:R" else {"parent": None}
        stored.change(f"jira:{key}", **changes)
    return stored


@some
@given(plans())
@example(OUT_OF_ITS_RELEASE)
def test_leaving_scope_out_gives_the_day_that_was_told_or_an_earlier_one(plan: Plan) -> None:
    """Earlier where what is left out was needed by what remains, for it then ships with nothing any more."""
    for finding, each in offered(plan, OptionKind.CUT_SCOPE):
        assert each.record_id is not None
        assert each.day is not None
        left_out = re.findall(r"A-\d", each.says.partition(" out of ")[0])
        assert left_out
        day = day_of(without(plan.stored(), each.record_id, left_out), finding)
        assert day is not None
        assert day <= each.day
