"""A record as it stood: our own copy, or the first copy rolled back by what its source tells. Calculated by hand, and
for any history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from model.money import Money, Month, MonthAmount
from model.records import Absence, Change, Deal, Move, Outcome, Record, Release, Saving, Sprint, StatusCategory
from state.as_of import Basis, Moment, Seen, SourceHistory, Then, as_it_stood, end_of, turning_points
from state.as_of_fields import Meanings
from tests.state.worlds import deal, item, release

BERLIN = ZoneInfo("Europe/Berlin")
READ = datetime(2026, 9, 14, 6, tzinfo=UTC)
"""When everything is first read."""
DONE, DOING, DROPPED = StatusCategory.DONE, StatusCategory.DOING, StatusCategory.DROPPED


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def moment(month: int, day: int) -> Moment:
    end = end_of(date(2026, month, day), BERLIN)
    return Moment(end, date(2026, month, day), end)


def source(*known: Record, first_read: datetime | None = READ, tells: bool = True) -> SourceHistory:
    meanings = Meanings()
    for record in known:
        meanings.learn(record)
    return SourceHistory(meanings, first_read, tells)


def stood(seen: Record | Sequence[Seen], when: Moment, of: SourceHistory | None = None) -> Then:
    found = as_it_stood([Seen(READ, seen)] if isinstance(seen, Record) else seen, when, of or source())
    assert found is not None
    return found


def test_a_day_ends_at_midnight_in_the_zone_of_the_business():
    assert end_of(date(2026, 9, 14), BERLIN).astimezone(UTC) == datetime(2026, 9, 14, 21, 59, 59, tzinfo=UTC)


def test_a_due_date_is_rolled_back_move_by_move():
    moves = (
        Move("due", date(2026, 9, 1), date(2026, 10, 1), at(6, 2)),
        Move("due", date(2026, 10, 1), date(2026, 11, 1), at(7, 2)),
    )
    work = item("1", due=date(2026, 11, 1), created=at(3, 2), changed=at(7, 2), moves=moves)
    before, between, after = (stood(work, moment(*day)).record for day in ((6, 1), (6, 30), (7, 3)))
    assert [each.due for each in (before, between, after)] == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    assert [each.moves for each in (before, between, after)] == [(), moves[:1], moves]
    assert [each.changed for each in (before, between, after)] == [at(3, 2), at(6, 2), at(7, 2)]
    assert stood(work, moment(6, 1)).basis is Basis.ROLLED_BACK


def test_a_move_on_the_day_itself_was_known_at_its_end():
    work = item("1", due=date(2026, 10, 1), created=at(3, 2), moves=(Move("due", None, date(2026, 10, 1), at(6, 2)),))
    assert stood(work, moment(6, 2)).record.due == date(2026, 10, 1)
    assert stood(work, moment(6, 1)).record.due is None


def test_releases_are_left_and_joined_again():
    changes = (
        Change("releases", None, "version:1", at(4, 1)),
        Change("releases", "version:1", None, at(6, 2)),
        Change("releases", None, "version:2", at(6, 2)),
    )
    work = item("1", releases=("version:2", "version:9"), created=at(3, 2), changes=changes)
    assert stood(work, moment(6, 1)).record.releases == ("version:9", "version:1")
    assert stood(work, moment(3, 3)).record.releases == ("version:9",)


def test_a_status_brings_back_its_category_and_what_is_open_was_not_finished():
    told = (Change("status", "In Review", "Done", at(8, 20)), Change("resolution", None, "Done", at(8, 20)))
    work = item(
        "1", status="Done", category=DONE, resolution="Done", finished=date(2026, 8, 20), created=at(3, 2), changes=told
    )
    known = source(item("2", status="In Review", category=DOING))
    then = stood(work, moment(8, 19), known).record
    assert (then.status, then.category, then.resolution, then.finished) == ("In Review", DOING, None, None)
    assert stood(work, moment(8, 20), known).record == work


def test_work_that_was_dropped_later_was_still_to_come():
    told = (Change("status", "In Progress", "Won't Do", at(9, 1)),)
    work = item("1", status="Won't Do", category=DROPPED, created=at(3, 2), changes=told)
    assert stood(work, moment(8, 31)).record.category is DOING


def test_without_a_changelog_nothing_was_finished_before_the_day_on_which_it_was():
    """Asana tells no history of what is complete, but the day."""
    work = item("1", category=DONE, finished=date(2026, 8, 20), created=at(3, 2))
    assert (stood(work, moment(8, 19)).record.category, stood(work, moment(8, 19)).record.finished) == (DOING, None)
    assert stood(work, moment(8, 20)).record == work


def test_a_deal_is_rolled_back_with_its_amount_its_promise_and_its_stage():
    told = (
        Change("amount", "400000 EUR", "480000 EUR", at(6, 1)),
        Change("probability", "0.5", "1", at(8, 1)),
        Change("stage", "Proposal", "Closed Won", at(8, 1)),
        Change("promised", None, "Aurora 4.0", at(5, 1)),
    )
    won = deal(
        "1",
        stage="Closed Won",
        outcome=Outcome.WON,
        amount=Money(Decimal(480_000), "EUR"),
        probability=Decimal(1),
        promised="Aurora 4.0",
        promised_date=date(2026, 10, 31),
        created=at(3, 2),
        changes=told,
        moves=(Move("promised_date", date(2026, 9, 30), date(2026, 10, 31), at(7, 1)),),
    )
    then = stood(won, moment(4, 1)).record
    assert isinstance(then, Deal)
    assert (then.stage, then.outcome, then.probability) == ("Proposal", Outcome.OPEN, Decimal("0.5"))
    assert (then.amount, then.promised, then.promised_date) == (Money(Decimal(400_000), "EUR"), None, date(2026, 9, 30))


def test_an_extra_date_of_the_configuration_is_rolled_back_too():
    moves = (Move("approved", date(2026, 9, 1), None, at(6, 2)),)
    work = item("1", custom={"approved": None, "region": "Iberia"}, created=at(3, 2), moves=moves)
    assert stood(work, moment(6, 1)).record.custom == {"approved": date(2026, 9, 1), "region": "Iberia"}


def test_a_field_that_no_record_has_is_left_alone():
    work = item("1", created=at(3, 2), moves=(Move("nowhere", date(2026, 9, 1), None, at(6, 2)),))
    assert replace(stood(work, moment(6, 1)).record, moves=work.moves) == work


def test_a_release_was_not_out_before_its_day_and_a_sprint_had_the_state_of_the_day():
    out = release("v", "R1", date(2026, 7, 31), released=True)
    assert isinstance(before := stood(out, moment(7, 30), source(tells=False)).record, Release)
    assert (before.released, stood(out, moment(7, 31), source(tells=False)).record) == (False, out)
    box = Sprint(
        source="jira", native_id="s", key="s", title="s", state="closed", start=date(2026, 8, 3), end=date(2026, 8, 14)
    )
    states = []
    for day in (2, 3, 14, 15):
        then = stood(box, moment(8, day), source(tells=False)).record
        assert isinstance(then, Sprint)
        states.append(then.state)
    assert states == ["future", "active", "active", "closed"]


def test_nothing_was_booked_in_months_to_come():
    cells = tuple(MonthAmount(Month(2026, number), Decimal(10)) for number in (6, 7, 8))
    row = Saving(source="tracker", native_id="1", key="S-1", title="Saving", actual=cells, plan=cells)
    then = stood(row, moment(7, 15), source(tells=False))
    assert isinstance(then.record, Saving)
    assert (then.record.actual, then.record.plan, then.basis) == (cells[:2], cells, Basis.AS_FIRST_READ)


def test_a_record_that_was_created_later_was_not_there():
    work = item("1", created=at(7, 1))
    assert as_it_stood([Seen(READ, work)], moment(6, 30), source()) is None
    assert stood(work, moment(7, 1)).record == work


def test_a_row_without_a_time_of_creation_is_there_from_the_first_reading_of_its_workbook_or_from_its_own():
    row = Saving(source="tracker", native_id="1", key="S-1", title="Saving")
    assert stood(row, moment(3, 1), source(tells=False)).record == row
    later = [Seen(at(9, 16), row)]
    assert as_it_stood(later, moment(9, 15), source(tells=False)) is None
    assert stood(later, moment(9, 16), source(tells=False)).basis is Basis.OWN


def test_our_own_copy_of_the_day_counts_and_not_what_was_seen_later():
    seen = [Seen(READ, item("1", due=date(2026, 10, 1))), Seen(at(9, 16), item("1", due=date(2026, 12, 1)))]
    then = stood(seen, moment(9, 15))
    assert (then.record, then.basis, then.seen) == (seen[0].record, Basis.OWN, tuple(seen[:1]))


def test_what_the_source_tells_of_the_rest_of_the_day_was_known_too():
    """Read on Monday morning, moved on Monday afternoon, read again on Wednesday."""
    move = Move("due", date(2026, 10, 1), date(2026, 12, 1), at(9, 14, 15))
    later = item("1", due=date(2026, 12, 1), changed=at(9, 15), moves=(move,), title="renamed on Tuesday")
    seen = [Seen(READ, item("1", due=date(2026, 10, 1), changed=at(9, 1))), Seen(at(9, 16), later)]
    then = stood(seen, moment(9, 14))
    assert (then.record.due, then.record.moves, then.record.title) == (date(2026, 12, 1), (move,), "Work 1")
    assert [each.at for each in then.seen] == [READ, move.at]
    assert stood(seen, moment(9, 13)).record.due == date(2026, 10, 1)


def test_what_is_gone_since_was_there_and_what_was_gone_by_then_says_since_when():
    seen = [
        Seen(READ, item("1")),
        Seen(at(9, 16), None, Absence.UNOBSERVED),
        Seen(at(9, 17), None, Absence.DELETED),
    ]
    assert stood(seen, moment(9, 15)).absence is None
    gone = stood(seen, moment(9, 20))
    assert (gone.absence, gone.absent_since, gone.record) == (Absence.DELETED, at(9, 16), item("1"))
    assert stood([*seen, Seen(at(9, 18), item("1"))], moment(9, 18)).absence is None


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31)) | st.none()
EDITS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(["due", "start", "releases", "resolution"]),
        DAYS,
        st.sets(st.sampled_from(["version:1", "version:2", "version:3"])),
    ),
    max_size=12,
)


@given(EDITS)
def test_every_version_comes_back_from_the_last_one_and_its_changelog(edits: list[tuple[int, str, object, set[str]]]):
    """Whatever was changed: as of the end of a day, the record says what it said after the day's last change."""
    record = item("1", created=at(3, 1), due=date(2026, 9, 1), status="Open", category=DOING)
    versions = {date(2026, 3, 1): record}
    now = at(3, 1)
    for hours, name, value, releases in edits:
        now += timedelta(hours=hours)
        if name == "releases":
            left = [Change(name, one, None, now) for one in record.releases if one not in releases]
            joined = [Change(name, None, one, now) for one in sorted(releases) if one not in record.releases]
            record = replace(record, releases=tuple(sorted(releases)), changes=(*record.changes, *left, *joined))
        elif name == "resolution":
            told = None if value is None else str(value)
            record = replace(
                record, resolution=told, changes=(*record.changes, Change(name, record.resolution, told, now))
            )
        else:
            move = Move(name, getattr(record, name), value, now)  # type: ignore[arg-type]
            record = replace(record, **{name: value}, moves=(*record.moves, move))
        versions[now.astimezone(BERLIN).date()] = record
    day, expected = date(2026, 3, 1), record
    while day <= now.date():
        expected = versions.get(day, expected)
        then = stood(record, moment(day.month, day.day)).record
        assert (then.due, then.start, set(then.releases), then.resolution, then.moves, then.changes) == (
            *(expected.due, expected.start, set(expected.releases), expected.resolution),
            *(expected.moves, expected.changes),
        )
        day += timedelta(1)


@given(EDITS, st.integers(0, 60))
def test_between_two_turning_points_nothing_changes(edits: list[tuple[int, str, object, set[str]]], offset: int):
    moves = tuple(
        Move("due", None, value if isinstance(value, date) else None, at(3, 1) + timedelta(hours=hours))
        for hours, _, value, _ in edits
    )
    record = item("1", created=at(2, 20), finished=date(2026, 3, 9), category=DONE, moves=moves)
    seen = [Seen(READ, record)]
    points = sorted(turning_points(seen, BERLIN))
    day = date(2026, 2, 1) + timedelta(offset)
    one, other = (moment(each.month, each.day) for each in (day, day + timedelta(1)))
    steady = Moment(other.at, other.day, one.since)
    if not any(one.at < point <= other.at for point in points):
        assert as_it_stood(seen, one, source()) == as_it_stood(seen, steady, source())
