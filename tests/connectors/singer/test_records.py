"""Records of a stream as ours: exact, typed, and each mistake named by stream, record and field."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.singer import values
from connectors.singer.messages import RecordMessage, decode, parse
from connectors.singer.options import SingerOptions
from connectors.singer.paths import fields_of, type_at, value_at
from connectors.singer.records import RecordBuilder, named
from model.errors import RecordError, SourceContentError
from model.money import Money, Month, MonthAmount
from model.records import (
    Deal,
    Light,
    Measurement,
    NeedClaim,
    Outcome,
    Release,
    Saving,
    Sprint,
    StatusCategory,
    WorkItem,
)
from model.secret import Secret
from tests.connectors.contract import full_read
from tests.connectors.singer.world import ScriptedWorld, task

BERLIN, DENVER = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Denver")


def options(streams: dict[str, Any], **given: Any) -> SingerOptions:
    return SingerOptions.model_validate({"tap": ["tap-x"], "streams": streams, **given})


def build(kind: str, fields: dict[str, str], row: dict[str, Any], zone: ZoneInfo = BERLIN, **given: Any) -> Any:
    """One record of the stream ``things`` whose id is 7."""
    source = {key: given.pop(key) for key in ("custom",) if key in given}
    found = options({"things": {"kind": kind, "fields": fields, **given}}, **source)
    builder = RecordBuilder("src", "things", found, ("id",), zone)
    row = {"id": Decimal(7), **row}
    return builder.build(row, builder.native_id(row))


def mistake(*arguments: Any, **given: Any) -> str:
    with pytest.raises(RecordError) as caught:
        build(*arguments, **given)
    assert caught.value.problems[0].location == "src: things/7"
    return caught.value.summary


def test_a_work_item_is_filled_from_nested_fields_and_lists():
    row = {
        "name": " Checkout ",
        "state": "In Review",
        "who": {"login": "ana"},
        "labels": [{"name": "shop"}, {"name": None}, {"name": "web"}],
        "due": "2026-10-30",
        "points": Decimal("2.50"),
        "blockers": [Decimal(3), "W-9"],
        "health": "Amber",
        "waiting": True,
        "stamp": "2026-10-01T10:00:00+02:00",
    }
    fields = {
        "title": "name",
        "status": "state",
        "owner": "who.login",
        "labels": "labels.name",
        "due": "due",
        "estimate": "points",
        "needs": "blockers",
        "light": "health",
        "waiting": "waiting",
        "changed": "stamp",
        "remaining": "unknown",
    }
    found = build("work_item", fields, row, statuses={"in review": "doing"}, custom={"waiting": "boolean"})
    assert isinstance(found, WorkItem)
    assert (found.id, found.key, found.title, found.container) == ("src:things/7", "7", "Checkout", "things")
    assert (found.status, found.category) == ("In Review", StatusCategory.DOING)
    assert (found.owner, found.labels, found.due) == ("ana", ("shop", "web"), date(2026, 10, 30))
    assert (str(found.estimate), found.remaining, found.light) == ("2.5", None, Light.YELLOW)
    assert found.needs == (NeedClaim("3"), NeedClaim("W-9"))
    assert found.changed == datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
    assert found.custom == {"waiting": True}
    assert found.provenance["owner"] == "things.who.login"
    assert "remaining" not in found.provenance


def test_a_deal_has_money_probability_and_an_outcome():
    fields = {
        "stage": "stage",
        "amount": "value",
        "currency": "cur",
        "probability": "p",
        "promised_date": "until",
        "promised": "release",
        "account": "company",
    }
    row = {
        "stage": "Closed Won",
        "value": "480000.10",
        "p": Decimal("0.8"),
        "until": "2026-09-30",
        "company": "Nordwind",
    }
    found = build("deal", fields, row | {"cur": "USD"}, currency="EUR", outcomes={"closed won": "won"})
    assert isinstance(found, Deal)
    assert found.amount == Money(Decimal("480000.10"), "USD")
    assert (found.outcome, found.probability, found.promised) == (Outcome.WON, Decimal("0.8"), None)
    plain = build("deal", fields, row, currency="EUR", outcomes={"closed won": "won"})
    assert plain.amount == Money(Decimal("480000.1"), "EUR")


def test_an_outcome_of_its_own_wins_over_the_stage():
    fields = {"stage": "stage", "outcome": "closed"}
    assert build("deal", fields, {"stage": "x", "closed": "lost"}).outcome is Outcome.LOST
    told = build("deal", fields, {"stage": "x", "closed": True}, outcomes={"true": "won", "false": "open"})
    assert told.outcome is Outcome.WON
    assert build("deal", fields, {"stage": "x"}).outcome is Outcome.OPEN


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"stage": "Somewhere"}, "stage holds 'Somewhere', of which is not known whether it is open, won or lost"),
        ({"value": Decimal(5)}, "an amount has no currency; set currency: in the stream's options"),
        ({"value": Decimal(5), "cur": "Euro"}, "currency holds 'Euro', which is no ISO currency"),
        ({"p": Decimal(80)}, "probability is 80; it lies between 0 and 1"),
        ({"value": "1.234,50", "cur": "EUR"}, "amount (value) holds '1.234,50', which is no number"),
    ],
)
def test_what_a_deal_does_not_tell_clearly_sets_it_aside(row: dict[str, Any], told: str):
    fields = {"stage": "stage", "amount": "value", "currency": "cur", "probability": "p"}
    assert told in mistake("deal", fields, row)


def test_a_saving_has_months_side_by_side_and_one_currency():
    fields = {
        "plan.2026-11": "p11",
        "plan.2026-10": "p10",
        "actual.2026-10": "a10",
        "run_rate": "yearly",
        "planned_start": "start",
        "controller": "ctrl",
    }
    row = {"p10": Decimal(100), "p11": Decimal("0.0"), "yearly": Decimal(1200), "start": "2026-10-01", "ctrl": "Renate"}
    found = build("saving", fields, row, currency="EUR")
    assert isinstance(found, Saving)
    assert found.plan == (MonthAmount(Month(2026, 10), Decimal(100)), MonthAmount(Month(2026, 11), Decimal(0)))
    assert (found.actual, found.forecast) == ((), ()), "a blank month is unknown, a zero is a zero"
    assert (found.run_rate, found.currency) == (Money(Decimal(1200), "EUR"), "EUR")
    assert (found.planned_start, found.controller) == (date(2026, 10, 1), "Renate")
    assert "no currency" in mistake("saving", fields, row)


def test_a_measurement_a_release_and_a_sprint():
    metric = build(
        "measurement", {"metric": "m", "value": "v", "period": "p"}, {"m": "Bugs", "v": "12", "p": "2026-09"}
    )
    assert isinstance(metric, Measurement)
    assert (metric.metric, metric.value, metric.period) == ("Bugs", Decimal(12), "2026-09")
    release = build(
        "release", {"key": "n", "release_date": "d", "released": "r"}, {"n": "R1", "d": "2026-10-30", "r": False}
    )
    assert isinstance(release, Release)
    assert (release.key, release.release_date, release.released) == ("R1", date(2026, 10, 30), False)
    sprint = build("sprint", {"state": "s", "end": "e"}, {"s": "active", "e": "2026-10-30T23:59:00Z"})
    assert isinstance(sprint, Sprint)
    assert (sprint.state, sprint.end) == ("active", date(2026, 10, 31))


def test_a_status_that_no_dictionary_names_is_kept_without_a_meaning():
    item = build("work_item", {"status": "state"}, {"state": "limbo"})
    assert isinstance(item, WorkItem)
    assert (item.status, item.category) == ("limbo", None)


def test_all_mistakes_of_a_record_are_told_at_once():
    told = mistake(
        "work_item",
        {"due": "due", "status": "state", "estimate": "points", "light": "health", "owner": "who", "url": "link"},
        {
            "due": "soon",
            "state": "limbo",
            "points": "many",
            "health": "pink",
            "who": {"login": "ana"},
            "link": "javascript:alert(1)",
        },
    )
    assert told == (
        "due (due) holds 'soon', which is no date; estimate (points) holds 'many', which is no number;"
        " light (health) holds 'pink', which is no known light; add the word to lights:;"
        " owner (who) holds an object, which is no single value;"
        " url (link) holds 'javascript:alert(1)', which is no web address"
    )


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-10-30", date(2026, 10, 30)),
        ("2026-10-30T00:00:00Z", date(2026, 10, 30)),
        ("2026-10-30T00:00:00", date(2026, 10, 30)),
        ("2026-10-30 00:00:00.000000+00:00", date(2026, 10, 30)),
        ("2026-10-30T22:30:00Z", date(2026, 10, 30)),
        ("2026-10-30T04:30:00Z", date(2026, 10, 29)),
    ],
)
def test_midnight_sharp_is_a_date_in_the_clothes_of_a_time(raw: str, day: date):
    """West of Greenwich the midnight of UTC is the evening before; a date must not move for it."""
    assert build("work_item", {"due": "due"}, {"due": raw}, zone=DENVER).due == day


@pytest.mark.parametrize(
    "raw", ["2026-10-30T22:30:00", "30.10.2026", "2026-02-30", "20261030", Decimal(1793318400), True]
)
def test_a_date_that_is_not_clear_is_not_guessed(raw: Any):
    assert "due (due) holds" in mistake("work_item", {"due": "due"}, {"due": raw})


def test_a_time_without_a_zone_is_read_in_the_zone_that_is_configured():
    fields, row = {"changed": "stamp"}, {"stamp": "2026-10-01 08:00:00"}
    assert "a time without a zone; name its zone in the stream's options" in mistake("work_item", fields, row)
    found = options({"things": {"kind": "work_item", "fields": fields, "zone": "America/Denver"}})
    record = RecordBuilder("src", "things", found, ("id",), BERLIN).build(row, "things/7")
    assert record.changed == datetime(2026, 10, 1, 14, 0, tzinfo=UTC)


def test_extra_fields_keep_their_types():
    custom = {
        "team": "text",
        "seats": "number",
        "live": "date",
        "called": "datetime",
        "key_deal": "boolean",
        "tags": "list",
    }
    row = {
        "team": Decimal(12),
        "seats": Decimal("3.0"),
        "live": "2026-10-30",
        "called": "2026-10-30",
        "key_deal": "TRUE",
        "tags": ["a", "b"],
    }
    found = build("deal", {name: name for name in custom}, row, custom=custom)
    assert found.custom == {
        "team": "12",
        "seats": Decimal(3),
        "live": date(2026, 10, 30),
        "called": datetime(2026, 10, 29, 23, 0, tzinfo=UTC),
        "key_deal": True,
        "tags": ("a", "b"),
    }
    assert build("deal", {"team": "team"}, {}, custom=custom).custom == {"team": None}


def test_ids_of_several_streams_and_of_several_fields_never_meet():
    streams = {
        "issues": {
            "kind": "work_item",
            "fields": {"parent": "up", "releases": "milestone.id", "sprint": "sprint"},
        },
        "milestones": {"kind": "release", "fields": {"key": "title"}},
    }
    found = options(streams)
    builder = RecordBuilder("gh", "issues", found, ("repo", "number"), BERLIN)
    row = {"repo": "a/b", "number": Decimal(1), "up": Decimal(9), "milestone": {"id": Decimal(4)}, "sprint": "S1"}
    assert builder.native_id(row) == "issues/a%2Fb/1"
    assert builder.native_id(row) != builder.native_id({"repo": "a", "number": "b/1"})
    record = builder.build(row, builder.native_id(row))
    assert (record.parent, record.releases, record.sprint) == ("issues/9", ("milestones/4",), "S1")
    assert record.key == "a%2Fb/1"


@given(st.lists(st.text(min_size=1), min_size=2, max_size=3), st.lists(st.text(min_size=1), min_size=2, max_size=3))
def test_two_records_share_an_id_only_when_all_id_fields_are_equal(one: list[str], other: list[str]):
    assert (named("s", one) == named("s", other)) == (one == other)


@pytest.mark.parametrize("raw", [None, "", {"a": 1}, "x" * 500, "half \ud83d", "nul \x00"])
def test_a_record_without_a_usable_id_is_set_aside_and_keeps_the_census_from_proving_anything(
    scripted: ScriptedWorld, connect, raw: Any
):
    scripted.tasks[1]["id"] = raw
    scripted.write()
    connector = connect()
    (page,) = connector.changed(None)
    assert [record.native_id for record in page.records] == ["tasks/1", "tasks/3"]
    (aside,) = page.set_aside
    assert (aside.native_id, aside.location) == ("tasks#line 3", "tasks: tasks, line 3")
    aside.reason.encode()
    with pytest.raises(SourceContentError, match="1 records of tasks have no readable id"):
        list(connector.census(next(iter(connector.roster()))))
    with pytest.raises(SourceContentError, match="1 records of tasks have no readable id"):
        list(connect().fetch(["tasks/2"]))


def test_one_poisoned_record_never_stops_the_others(scripted: ScriptedWorld, connect):
    scripted.tasks[0]["due_on"] = "soon"
    scripted.tasks[2]["name"] = "half a \ud83d smile"
    scripted.write()
    connector = connect()
    (page,) = connector.changed(None)
    assert [record.native_id for record in page.records] == ["tasks/2"]
    assert [(one.native_id, one.reason, one.location) for one in page.set_aside] == [
        ("tasks/1", "due (due_on) holds 'soon', which is no date", "tasks: tasks/1"),
        ("tasks/3", "title holds half a character", "tasks: tasks/3"),
    ]
    assert set(connector.census(next(iter(connector.roster())))) == {"tasks/1", "tasks/2", "tasks/3"}
    with pytest.raises(SourceContentError, match="tasks/1 cannot be read: due"):
        list(connector.fetch(["tasks/1"]))


def test_records_that_are_marked_as_deleted_or_left_out_are_neither_read_nor_counted(scripted: ScriptedWorld, connect):
    scripted.tasks[0]["_sdc_deleted_at"] = "2026-10-01T00:00:00Z"
    scripted.tasks[1]["state"] = ""
    scripted.write()
    connector = connect(stream={"leave_out": ["state"]})
    assert [record.native_id for record in full_read(connector)] == ["tasks/2"]
    assert list(connector.census(next(iter(connector.roster())))) == ["tasks/2"]
    assert list(connector.fetch(["tasks/1"])) == []


def test_a_table_that_was_told_anew_replaces_what_came_before_it(scripted: ScriptedWorld, connect):
    """ACTIVATE_VERSION: records of an older version are not in the table any more."""
    stream = scripted.content["streams"]["tasks"]
    messages = [
        {"type": "SCHEMA", "stream": "tasks", "schema": stream["schema"], "key_properties": ["id"]},
        {"type": "RECORD", "stream": "tasks", "record": task(1), "version": 1},
        {"type": "RECORD", "stream": "tasks", "record": task(2), "version": 2},
        {"type": "ACTIVATE_VERSION", "stream": "tasks", "version": 2},
    ]
    scripted.write(instead=[{"out": json.dumps(message)} for message in messages])
    connector = connect()
    full_read(connector)
    assert list(connector.census(next(iter(connector.roster())))) == ["tasks/2"]


def test_a_web_address_is_made_of_fields(scripted: ScriptedWorld, connect):
    scripted.tasks[0]["name"] = "a/b c"
    scripted.tasks[1]["user"] = None
    scripted.write()
    first, second, _ = full_read(connect(stream={"url": "https://x.example/{user.login}/{name}?id={id}"}))
    assert first.url == "https://x.example/ana/a%2Fb%20c?id=1"
    assert second.url == "", "a part of it is not known"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_numbers_stay_exact_from_json_to_record(number: Decimal):
    line = f'{{"type": "RECORD", "stream": "s", "record": {{"n": {number:f}}}}}'
    message = parse(line.encode())
    assert isinstance(message, RecordMessage)
    assert values.number(message.record["n"]) == number
    assert values.number(f"{number:f}") == number


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1e999999", "1e-999999", "-Infinity", "true", '"1,5"', "[1]", "{}"]
)
def test_what_is_no_measurable_number_is_refused_and_never_stops_the_run(text: str):
    with pytest.raises(ValueError, match="holds"):
        values.number(decode(text.encode()))


def test_paths_lead_into_objects_lists_and_names_with_dots():
    record = {"a.b": 1, "a": {"b": 2, "c": [{"d": 3}, {"d": None}, {}]}}
    assert value_at(record, "a.b") == 1
    assert value_at(record, "a.c.d") == [3]
    assert value_at(record, "a.x.y") is None
    assert value_at(record, "a.b.c") is None


def test_a_schema_tells_types_through_alternatives_and_admits_what_it_does_not_know():
    schema = {
        "properties": {
            "when": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "who": {"type": ["null", "object"], "properties": {}},
            "user": {"$ref": "shared/user.json#/"},
            "amount": {"type": ["null", "number", "string"]},
            "parts": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}},
            "bag": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": True},
        }
    }
    expected = {
        "when": "string date-time",
        "who.login": "any",
        "user.login": "any",
        "amount": "number or string",
        "parts.sku": "string",
        "parts.price": None,
        "bag.a": "integer",
        "bag.b": "any",
        "nothing": None,
        "when.year": None,
    }
    assert {path: type_at(schema, path) for path in expected} == expected
    assert dict(fields_of(schema))["parts.sku"] == "string"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"streams": {}}, "at least 1"),
        ({"tap": []}, "at least 1"),
        ({"tap": ["bin/tap-x"]}, "full path"),
        ({"config": {"auth": {"api_token": "abcd1234"}}}, "api_token is a secret: write it as a reference"),
        ({"config": {"a": 1}, "config_file": "/x"}, "config or config_file, not both"),
        ({"custom": {"due": "date"}}, "'due' is the name of a field"),
        ({"streams": {"a": {"kind": "deal", "fields": {"due": "x"}}}}, "a deal has no field 'due'"),
        ({"streams": {"a": {"kind": "deal", "fields": {"ammount": "x"}}}}, "did you mean amount?"),
        ({"streams": {"a": {"kind": "deal", "fields": {"plan.2026-10": "x"}}}}, "has no field 'plan.2026-10'"),
        ({"streams": {"a": {"kind": "saving", "fields": {"plan.2026-13": "x"}}}}, "has no field 'plan.2026-13'"),
        ({"streams": {"a": {"kind": "deal", "fields": {"url": "x"}, "url": "https://x"}}}, "url: not used"),
        ({"streams": {"a": {"kind": "deal", "fields": {"key": "x"}, "replication_key": "y"}}}, "only with replication"),
        (
            {"streams": {"a": {"kind": "work_item", "fields": {"key": "x"}, "refers_to": {"parent": "b"}}}},
            "parent names 'b', which is not under streams",
        ),
        (
            {
                "streams": {
                    "a": {"kind": "work_item", "fields": {"releases": "x"}},
                    "b": {"kind": "release", "fields": {"key": "x"}},
                    "c": {"kind": "release", "fields": {"key": "x"}},
                }
            },
            "name in refers_to the one of releases",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(given: dict[str, Any], told: str):
    right = {"tap": ["tap-x"], "streams": {"a": {"kind": "deal", "fields": {"key": "number"}}}}
    SingerOptions.model_validate(right)
    with pytest.raises(ValidationError) as caught:
        SingerOptions.model_validate(right | given)
    assert told in str(caught.value)


def test_references_in_the_config_are_secrets_and_addresses_are_not():
    config = {
        "access_token": "env:TOKEN",
        "nested": {"keys": ["file:/run/secrets/key", "file:///data"]},
        "fs_root": "file://",
        "start_date": date(2026, 1, 1),
        "pages": 3,
    }
    read = options({"a": {"kind": "deal", "fields": {"key": "k"}}}, config=config)
    assert read.config["access_token"] == Secret("env:TOKEN")
    assert read.config["nested"]["keys"] == [Secret("file:/run/secrets/key"), "file:///data"]
    assert read.config["fs_root"] == "file://"
    assert '"access_token":"env:TOKEN"' in read.model_dump_json()


def test_a_literal_secret_never_stands_in_the_message_that_refuses_it():
    with pytest.raises(ValidationError) as caught:
        options({"a": {"kind": "deal", "fields": {"key": "k"}}}, config={"password": "hunter22"})
    assert "hunter22" not in "; ".join(error["msg"] for error in caught.value.errors())
