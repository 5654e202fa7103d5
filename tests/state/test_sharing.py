"""Records of a view hold one value for what they say alike; what they say stays the same to the last digit."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from model.links import Link, Role
from model.money import Money, Month, MonthAmount
from model.records import Change, Deal, Move, Saving
from state.codec import decode_record, encode_record
from state.sharing import Sharing
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, deal, item, save


def saving(native_id: str, amount: str) -> Saving:
    plan = (MonthAmount(Month(2026, 10), Decimal(amount)), MonthAmount(Month(2026, 11), Decimal("0.10")))
    start = date(2026, 10, 1)
    return Saving(source="savings", native_id=native_id, key=native_id, title=native_id, plan=plan, planned_start=start)


def read(record: Deal | Saving) -> Deal | Saving:
    encoded = encode_record(record)
    found = decode_record(record.kind, encoded.facts, encoded.trace)
    assert isinstance(found, Deal | Saving)
    return found


def test_what_a_record_says_stays_as_it_was() -> None:
    sharing = Sharing()
    records = [saving("1", "10.50"), saving("2", "10.5"), deal("3", probability=Decimal("0.5")), deal("4")]
    for record in records:
        shared = sharing.share(read(record))
        assert shared == record
        assert repr(shared) == repr(read(record))


def test_numbers_that_are_equal_but_written_otherwise_are_kept_apart() -> None:
    sharing = Sharing()
    one, two = (sharing.share(read(deal(each, probability=Decimal(each)))) for each in ("0.5", "0.50"))
    assert isinstance(one, Deal)
    assert isinstance(two, Deal)
    assert (str(one.probability), str(two.probability)) == ("0.5", "0.50")


def test_equal_days_and_months_are_one_value() -> None:
    sharing = Sharing()
    one, two = (sharing.share(read(saving(each, each))) for each in ("1", "2"))
    assert isinstance(one, Saving)
    assert isinstance(two, Saving)
    assert one.planned_start is two.planned_start
    assert one.plan[0].month is two.plan[0].month
    assert read(saving("1", "1")).custom is not read(saving("1", "1")).custom, "without sharing each has its own"
    assert one.custom is two.custom


def test_amounts_are_one_value_where_they_are_written_alike() -> None:
    sharing = Sharing()
    one, two, three = (sharing.share(read(saving(each, each))) for each in ("7", "7", "7.0"))
    assert isinstance(one, Saving)
    assert isinstance(two, Saving)
    assert isinstance(three, Saving)
    assert one.plan[0].amount is two.plan[0].amount
    assert (str(one.plan[0].amount), str(three.plan[0].amount)) == ("7", "7.0")
    deals = [sharing.share(read(deal(each, amount=Money(Decimal(each), "EUR")))) for each in ("9", "9", "9.0")]
    amounts = [each.amount for each in deals if isinstance(each, Deal) and each.amount]
    assert amounts[0].amount is amounts[1].amount
    assert [str(each.amount) for each in amounts] == ["9", "9", "9.0"]
    assert amounts[0].currency is amounts[2].currency


def test_work_that_is_looked_up_says_what_was_stored(store: Store) -> None:
    told = {"owner": "ida@example.com", "estimate": Decimal("3.0"), "due": DAY_2.date(), "status": "Open"}
    work = [item("1", **told), item("2", **told | {"estimate": Decimal("3")})]
    save(store, *work)
    with store.view() as view:
        found = view.records(["jira:1", "jira:2"])
    assert [repr(found[each.id]) for each in work] == [repr(each) for each in work]
    assert found["jira:1"].owner is found["jira:2"].owner


def test_a_history_shows_the_present_record_itself_and_earlier_contents_as_they_were(store: Store) -> None:
    save(store, deal("1", stage="Talks"))
    save(store, deal("1", stage="Contract"), now=DAY_2)
    store.replace_links(["crm:1"], [Link("crm:1", "O-1", Role.PROMISES, "rule")], [])
    with store.view() as view:
        (shown,) = view.deals()
        earlier, present = view.histories(["crm:1"])["crm:1"]
    assert present.record is shown
    assert isinstance(earlier.record, Deal)
    assert earlier.record.stage == "Talks"


def test_who_changed_what_and_the_zone_of_when_is_one_value() -> None:
    at = datetime(2026, 10, 1, 9, tzinfo=timezone(timedelta(hours=2)))
    told = [
        deal(
            each,
            moves=(Move("close_date", date(2026, 9, 30), date(2026, 10, 31), DAY_1, "ida@example.com"),),
            changes=(Change("stage", "Talks", "Contract", at, "ida@example.com"),),
        )
        for each in ("1", "2")
    ]
    sharing = Sharing()
    one, two = (sharing.share(read(each)) for each in told)
    assert [one, two] == told
    assert one.moves[0].by is two.moves[0].by is two.changes[0].by
    assert one.moves[0].old is two.moves[0].old
    assert one.changes[0].new is two.changes[0].new
    assert one.moves[0].at.tzinfo is UTC
    assert one.changes[0].at.utcoffset() == timedelta(hours=2), "another zone stays as it was told"
    assert read(told[0]).moves[0].by is not read(told[1]).moves[0].by, "without sharing each has its own"


def test_a_record_that_is_called_by_its_id_has_one_text_for_both() -> None:
    shared = Sharing().share(read(replace(deal("1" * 9), key="1" * 9)))
    assert shared.key is shared.native_id


def test_what_was_handed_out_is_not_read_again(store: Store) -> None:
    save(store, deal("1"), deal("2"), item("3"))
    store.replace_links(["crm:1"], [Link("crm:1", "O-1", Role.PROMISES, "rule")], [])
    with store.view() as view:
        (shown,) = view.deals()
        found = view.records(["crm:1", "crm:2", "jira:3", "jira:4"])
    assert found["crm:1"] is shown
    assert sorted(found) == ["crm:1", "crm:2", "jira:3"]
