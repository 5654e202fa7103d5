"""The measures as pure sums: which change counts as the one behind a finding, and who was told when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from model.findings import Finding, Step
from model.measures import Announcement, Decision, DecisionRate, Latency, Opening, span
from model.records import Change, Deal, Move, WorkItem
from reconcile.measures import Change as Behind
from reconcile.measures import behind, measure

NOON = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
READ = {"jira": NOON - 24 * HOUR, "crm": NOON - 24 * HOUR}
FINDING = Finding(
    check="late-commitment",
    check_version=1,
    subjects=("crm:1", "jira:9"),
    title="late",
    cause="jira:9",
    chain=(Step("crm:1", "D-1", "", ""), Step("jira:5", "R1", "", ""), Step("jira:9", "WEB-1", "", "")),
)


def work(*hours_ago: int, id_: str = "9") -> WorkItem:
    moves = tuple(Move("due", None, date(2026, 10, 1), NOON - hours * HOUR) for hours in hours_ago)
    return WorkItem(source="jira", native_id=id_, key=id_, title="", moves=moves)


def opening(sequence: int, hours_ago: int | None = 10, *, opened_ago: int = 5) -> Opening:
    return Opening(
        sequence=sequence,
        fingerprint=f"f{sequence}",
        opened_at=NOON - opened_ago * HOUR,
        news=True,
        severity=3,
        objective_ids=("M-1",),
        changed_in="jira",
        other="crm",
        changed_at=None if hours_ago is None else NOON - hours_ago * HOUR,
    )


def mail(after: int, until: int, *, hours_ago: int, audience: str = "leaders") -> Announcement:
    at = NOON - hours_ago * HOUR
    return Announcement(audience, after, until, at, at)


def everybody(_audience: str, _opening: Opening) -> bool:
    return True


def test_the_last_change_of_what_binds_is_the_one_behind_a_finding():
    records = {"jira:9": work(30, 8, 6), "jira:5": work(2, id_="5")}
    assert behind(FINDING, records, READ, NOON) == Behind("jira", "crm", NOON - 6 * HOUR)


def test_where_what_binds_did_not_change_it_is_the_promise_and_then_the_rest_of_the_chain():
    change = Change("promised", None, "R1", NOON - 3 * HOUR)
    deal = Deal(source="crm", native_id="1", key="D-1", title="", changes=(change,))
    records = {"jira:9": work(30), "crm:1": deal, "jira:5": work(2, id_="5")}
    assert behind(FINDING, records, READ, NOON) == Behind("crm", "jira", NOON - 3 * HOUR)
    del records["crm:1"]
    assert behind(FINDING, records, READ, NOON) == Behind("jira", "crm", NOON - 2 * HOUR)


def test_a_record_that_came_into_being_changed_then():
    new = replace(work(), created=NOON - 4 * HOUR)
    assert behind(FINDING, {"jira:9": new}, READ, NOON).at == NOON - 4 * HOUR


def test_what_an_earlier_reading_had_seen_or_nobody_tells_is_not_behind_it():
    """A change of before the last reading would have been told then; one after the judgement was not yet known."""
    unknown = Behind("jira", "crm", None)
    assert behind(FINDING, {"jira:9": work(24, 30)}, READ, NOON) == unknown
    assert behind(FINDING, {"jira:9": work(-1)}, READ, NOON) == unknown
    assert behind(FINDING, {"jira:9": work(2)}, {}, NOON) == unknown
    assert behind(FINDING, {}, READ, NOON) == unknown


def test_the_median_of_two_lies_between_them_and_what_is_unknown_is_counted_apart():
    """Told two hours ago: 8 and 3 hours after the changes; the third has no time."""
    openings = [opening(1, 10), opening(2, 5), opening(3, None), opening(4)]
    measures = measure(openings, [mail(0, 3, hours_ago=2)], everybody, now=NOON)
    assert measures.told == Latency(3 - 1, int(5.5 * 3600), 8 * 3600, unknown=1, waiting=1)
    assert measures.first_mail == Latency(3, 3 * 3600, 3 * 3600, waiting=1)


def test_the_first_audience_that_is_told_counts():
    mails = [mail(0, 3, hours_ago=2), mail(0, 3, hours_ago=4, audience="sales")]
    assert measure([opening(1)], mails, everybody, now=NOON).told == Latency(1, 6 * 3600, 6 * 3600)
    leaders = measure([opening(1)], mails, lambda audience, _: audience == "leaders", now=NOON)
    assert leaders.told == Latency(1, 8 * 3600, 8 * 3600)


def test_a_mail_tells_only_what_lies_in_its_range():
    openings = [opening(1), opening(2), opening(3)]
    mails = [mail(0, 1, hours_ago=3), mail(2, 3, hours_ago=2)]
    assert measure(openings, mails, everybody, now=NOON).first_mail == Latency(2, 9_000, 3 * 3600, waiting=1)


def test_what_was_gone_again_when_the_mail_was_composed_was_not_told():
    gone = replace(opening(1), ended_at=NOON - 3 * HOUR)
    measures = measure([gone], [mail(0, 1, hours_ago=2)], everybody, now=NOON)
    assert (measures.told, measures.first_mail) == (Latency(), Latency())


def test_what_was_no_news_has_no_latency_but_may_lead_to_a_decision():
    known = replace(opening(1), news=False, decision=Decision.ACCEPTED)
    measures = measure([known], [mail(0, 1, hours_ago=2)], everybody, now=NOON)
    assert (measures.told, measures.reflected, measures.pairs, measures.objectives) == (Latency(), Latency(), (), ())
    assert measures.decisions == DecisionRate(1, accepted=1)


def test_a_finding_counts_once_by_the_first_decision_however_often_it_opened():
    ended = replace(opening(1), ended_at=NOON, reflected=True, decision=Decision.COMMITMENT_CHANGED)
    again = replace(opening(2), fingerprint="f1", decision=Decision.ACKNOWLEDGED)
    rate = measure([ended, again], [], everybody, now=NOON).decisions
    assert (rate, rate.decided) == (DecisionRate(1, commitment_changed=1), 1)


def test_one_tool_is_no_pair():
    assert measure([replace(opening(1), other="jira")], [], everybody, now=NOON).pairs == ()


def test_a_span_reads_in_one_unit():
    said = {59: "under a minute", 60: "1 minute", 7199: "1 hour", 47 * 3600: "47 hours", 20 * 86_400: "20 days"}
    assert {seconds: span(seconds) for seconds in said} == said
    assert span(21 * 86_400) == "3 weeks"
