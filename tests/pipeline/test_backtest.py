"""A replay of nine days at a small company, calculated by hand.

7 September: WEB-1 slips to 16 November, behind eight deals of 100,000 to 800,000 promised for 15 October.
9 September: the promise of D-3 is moved. 11 September: WEB-1 is brought back. 13 September: it slips again.
14 September: everything is read for the first time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from model.errors import UsageError
from model.findings import Account, Evidence, Finding, Impact, Step
from model.records import Absence, Record
from pipeline.backtest import (
    Backtest,
    Disagreement,
    Episode,
    backtest,
    episodes,
    impact_of,
    middle_days,
    replayed_days,
)
from pipeline.backtest_endings import End, Ending, ending_of
from state.as_of import Basis, Then
from state.store import Store
from tests.databases import Kept
from tests.pipeline.company import MONDAY, SELLER, Company, Servers
from tests.state.worlds import deal, item

START, END = date(2026, 9, 6), date(2026, 9, 14)
OTHERS = [f"D-{number}" for number in (1, 2, 4, 5, 6, 7, 8)]


@dataclass
class Past:
    """The company and its state on the Monday on which it was read first."""

    company: Company
    store: Store

    def replay(self, start: date = START, end: date = END, step: int = 1) -> Backtest:
        return backtest(self.store, self.company.configuration, start, end, now=self.company.now, step=step)

    def keys(self, several: list[Disagreement]) -> list[str]:
        ids = [each.finding.subjects[0] for each in several]
        return sorted(seen.record.key for id_ in ids for seen in self.store.find(id_))


@pytest.fixture(scope="module")
def past(servers: Servers, blank_state: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    company = Company(tmp_path_factory.mktemp("past") / "acme", servers)
    blank_state.bring_back(company.state)
    for days, change in (
        (7, lambda: company.slip()),
        (5, lambda: company.org.move_promise(company.deals["D-3"], date(2026, 12, 1), by=SELLER)),
        (3, lambda: company.slip(date(2026, 9, 25))),
        (1, lambda: company.slip(date(2026, 10, 20))),
        (0, lambda: None),
    ):
        company.now = MONDAY - timedelta(days)
        change()
    with company.open_store() as store:
        company.sync(store)
        yield Past(company, store)


@pytest.fixture(scope="module")
def made(past: Past) -> Backtest:
    return past.replay()


def told(each: Disagreement) -> tuple[date, date, int, Ending, bool]:
    return each.first, each.end, each.days, each.ending, each.earlier


def test_who_moved_the_promise_acted_and_the_days_until_then_would_have_been_gained(past: Past, made: Backtest):
    [acted] = made.ended(Ending.ACTED)
    assert past.keys([acted]) == ["D-3"]
    assert told(acted) == (date(2026, 9, 7), date(2026, 9, 9), 2, Ending.ACTED, False)
    assert acted.says == "D-3: promised date 15 Oct 2026 -> 1 Dec 2026"
    assert (acted.finding.impact.days, acted.finding.impact.full(Account.REVENUE)) == (32, Decimal(300_000))


def test_what_ended_because_the_work_came_back_says_which_work(past: Past, made: Backtest):
    work = made.ended(Ending.WORK)
    assert past.keys(work) == OTHERS
    assert {told(each) for each in work} == {(date(2026, 9, 7), date(2026, 9, 11), 4, Ending.WORK, False)}
    assert {each.says for each in work} == {"WEB-1: due 16 Nov 2026 -> 25 Sep 2026"}


def test_what_stands_on_the_last_day_counts_its_days_so_far(past: Past, made: Backtest):
    """15 to 20 October are 5 days; 13 to 14 September is one."""
    standing = made.ended(Ending.NOT_YET)
    assert past.keys(standing) == OTHERS
    assert {told(each) for each in standing} == {(date(2026, 9, 13), date(2026, 9, 14), 1, Ending.NOT_YET, False)}
    assert {each.finding.impact.days for each in standing} == {5}


def test_the_money_of_each_day_counts_a_record_once(made: Backtest):
    """8 deals are 3,600,000; without D-3 they are 3,300,000."""
    sides = [(each.day, (each.at_risk, each.acted, each.put_right)) for each in made.days]
    told = [(day, *(side.get(Account.REVENUE, Decimal(0)) / 1000 for side in three)) for day, three in sides]
    changes = [row for before, row in zip([None, *told], told, strict=False) if before is None or before[1:] != row[1:]]
    assert changes == [
        (date(2026, 9, 6), 0, 0, 0),
        (date(2026, 9, 7), 3_600, 0, 0),
        (date(2026, 9, 9), 3_300, 300, 300),
        (date(2026, 9, 11), 0, 300, 3_600),
        (date(2026, 9, 13), 3_300, 300, 3_600),
    ]
    # The seven that came twice are in the total once.
    assert impact_of(made.disagreements).full(Account.REVENUE) == Decimal(3_600_000)
    assert len(made.days) == 9


def test_one_cause_is_one_episode_and_counts_once_in_the_typical_days(made: Backtest):
    told = [(len(each.disagreements), each.lead.ending, each.lead.days) for each in episodes(made.disagreements)]
    assert told == [(7, Ending.WORK, 4), (7, Ending.NOT_YET, 1), (1, Ending.ACTED, 2)]
    assert middle_days(made.ended(Ending.WORK, Ending.ACTED)) == 3
    assert middle_days([]) is None
    assert episodes([]) == []
    [first, *_] = episodes(made.disagreements)
    assert isinstance(first, Episode)
    assert first.impact.full(Account.REVENUE) == Decimal(3_300_000)


def test_what_stood_on_the_first_day_may_be_older(past: Past):
    short = past.replay(date(2026, 9, 8), date(2026, 9, 9))
    assert {(each.first, each.earlier) for each in short.disagreements} == {(date(2026, 9, 8), True)}
    assert [told(each)[1:4] for each in short.ended(Ending.ACTED)] == [(date(2026, 9, 9), 1, Ending.ACTED)]


def test_with_larger_steps_the_day_of_the_action_is_still_the_one_that_the_source_tells(past: Past):
    """Replayed on 8, 12 and 14 September; on the 12th all eight are gone, D-3 since the 9th."""
    wide = past.replay(date(2026, 9, 8), step=4)
    assert [each.day.day for each in wide.days] == [8, 12, 14]
    [acted] = wide.ended(Ending.ACTED)
    assert told(acted)[:3] == (date(2026, 9, 8), date(2026, 9, 9), 1)


def test_the_days_that_are_replayed_end_with_the_last_one():
    assert [day.day for day in replayed_days(date(2026, 9, 1), date(2026, 9, 8), 3)] == [1, 4, 7, 8]
    assert list(replayed_days(END, END, 1)) == [END]


def test_days_in_the_wrong_order_and_days_to_come_are_refused(past: Past):
    with pytest.raises(UsageError, match="before the first"):
        past.replay(END, START)
    with pytest.raises(UsageError, match="15 Sep 2026 has not come yet"):
        past.replay(END, END + timedelta(1))


PROMISE = deal("7", promised_date=date(2026, 10, 15))
LATE = Finding(
    check="late-commitment",
    check_version=1,
    subjects=("crm:7",),
    title="late",
    cause="jira:1",
    chain=(Step("crm:7", "OPP-7", "", ""), Step("jira:1", "CORE-1", "", "")),
    evidence=(Evidence("jira:2", "CORE-2", "due", ""),),
    impact=Impact(3),
)


def ended(before: dict[str, Record], after: dict[str, Record], **absent: Absence) -> End:
    def then(records: dict[str, Record], gone: dict[str, Absence]) -> dict[str, Then]:
        return {
            id_: Then(record, Basis.OWN, (), gone.get(record.key.replace("-", "_"))) for id_, record in records.items()
        }

    return ending_of(LATE, then(before, {}), then(after, absent), END, ZoneInfo("Europe/Berlin"))


def test_a_deal_that_is_gone_was_acted_upon():
    end = ended({"crm:7": PROMISE}, {"crm:7": PROMISE}, OPP_7=Absence.DELETED)
    assert end == End(Ending.ACTED, END, "OPP-7 is not there any more (deleted)")


def test_a_change_without_a_history_is_dated_by_the_replay():
    moved = deal("7", promised_date=date(2026, 12, 1))
    assert ended({"crm:7": PROMISE}, {"crm:7": moved}).day == END


def test_what_only_shows_in_the_evidence_counts_as_work_and_what_shows_nowhere_as_neither():
    before, after = {"jira:2": item("2", due=END)}, {"jira:2": item("2", due=START)}
    assert ended(before, after) == End(Ending.WORK, END, "CORE-2: due 14 Sep 2026 -> 6 Sep 2026")
    assert ended(before, before).ending is Ending.OTHERWISE
