"""What is stored reads back equal, and equal things have equal hashes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import RecordError
from model.findings import Account, Amount, Finding, Impact, Share, TrackedFinding, Transition, TransitionKind
from model.money import Money, Month, MonthAmount
from model.records import RECORD_TYPES, Change, FieldValue, Light, Move, NeedClaim, Record, Saving, WorkItem
from state.codec import decode, decode_record, encode, encode_record
from tests.state.worlds import DAY_1, item

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))
times = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[FieldValue] = st.one_of(
    texts, st.booleans(), decimals, dates, times, st.lists(texts, max_size=2).map(tuple), st.none()
)
moves = st.builds(Move, texts, st.none() | dates, st.none() | dates, times, st.none() | texts)
changes = st.builds(Change, texts, st.none() | texts, st.none() | texts, times, st.none() | texts)
money = st.builds(Money, decimals, st.sampled_from(["EUR", "USD"]))
months = st.lists(st.builds(MonthAmount, st.builds(Month, st.just(2026), st.integers(1, 12)), decimals), max_size=2)
shared = {
    "source": st.just("s"),
    "native_id": texts.filter(bool),
    "custom": st.dictionaries(texts, values, max_size=3),
    "provenance": st.dictionaries(texts, texts, max_size=2),
    "moves": st.lists(moves, max_size=2).map(tuple),
    "changes": st.lists(changes, max_size=2).map(tuple),
    "created": st.none() | times,
    "changed": st.none() | times,
    "former_keys": st.lists(texts, max_size=2).map(tuple),
}


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    kind = draw(st.sampled_from(list(RECORD_TYPES.values())))
    special: dict[str, st.SearchStrategy[object]] = {}
    if kind is Saving:
        special = {
            "plan": months.map(tuple),
            "run_rate": st.none() | money,
            "light": st.none() | st.sampled_from(Light),
        }
    if kind is WorkItem:
        special = {"needs": st.lists(st.builds(NeedClaim, texts, st.integers(-9, 9)), max_size=2).map(tuple)}
    names = dict.fromkeys(("key", "title"), texts)
    return draw(st.builds(kind, **names, **shared, **special))


@given(any_record())
def test_every_record_reads_back_equal(record: Record) -> None:
    encoded = encode_record(record)
    assert decode_record(record.kind.value, encoded.facts, encoded.trace) == record


@given(any_record())
def test_every_custom_value_keeps_its_type(record: Record) -> None:
    encoded = encode_record(record)
    read = decode_record(record.kind.value, encoded.facts, encoded.trace)
    assert {name: type(value) for name, value in read.custom.items()} == {
        name: type(value) for name, value in record.custom.items()
    }


@given(st.dictionaries(texts, texts, min_size=1, max_size=3), st.dictionaries(texts, texts, max_size=3))
def test_a_mapping_that_records_share_is_written_as_if_each_had_its_own(
    one: dict[str, str], other: dict[str, str]
) -> None:
    """Also when a mapping takes the place in memory of one that is gone."""
    for provenance in (one, dict(reversed(one.items())), other, one):
        encoded = encode_record(item("1", provenance=provenance))
        assert encode_record(item("1", provenance=dict(provenance))) == encoded
        assert decode_record("work_item", encoded.facts, encoded.trace).provenance == provenance


def test_a_date_written_as_text_stays_text() -> None:
    record = item(
        "1", custom={"text": "2026-10-01", "day": date(2026, 10, 1), "number": Decimal("1.50"), "digits": "1.50"}
    )
    encoded = encode_record(record)
    assert decode_record("work_item", encoded.facts, encoded.trace).custom == record.custom


def test_the_order_of_custom_fields_does_not_change_the_hash() -> None:
    one = encode_record(item("1", custom={"a": "1", "b": "2"}))
    two = encode_record(item("1", custom={"b": "2", "a": "1"}))
    assert one == two


def test_a_field_at_its_default_is_not_written_so_that_a_new_field_changes_no_hash() -> None:
    assert encode_record(item("1")).facts == '{"key":"CORE-1","native_id":"1","source":"jira","title":"Work 1"}'


def test_a_refused_record_is_named_without_its_poison() -> None:
    with pytest.raises(RecordError) as refused:
        encode_record(item("\ud800", title="x"))
    assert refused.value.problems[0].location == "jira:\\ud800"


def test_a_finding_with_money_reads_back_equal() -> None:
    amount = Amount(Account.REVENUE, Money(Decimal("120000.50"), "EUR"), Money(Decimal("60000.25"), "EUR"), "2026-10")
    impact = Impact(21, (Share("crm:1", (amount,)), Share("crm:2", (), Money(Decimal(9), "XAF"))))
    finding = Finding(check="late", check_version=1, subjects=("a", "b"), title="Ö", impact=impact)
    tracked = TrackedFinding(finding=finding, opened_at=DAY_1, changed_at=DAY_1, judged_at=DAY_1, told=impact)
    assert decode(TrackedFinding, encode(tracked)) == tracked
    transition = Transition(fingerprint="f", kind=TransitionKind.OPENED, at=DAY_1, after=impact)
    assert decode(Transition, encode(transition)) == transition
