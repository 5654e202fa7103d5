"""What is selected in a tap's catalog, and what is said when it does not offer what is mapped."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.singer.catalog import parse_catalog
from connectors.singer.options import SingerOptions
from model.errors import SchemaDriftError, SourceContentError, SourceGoneError, SourceUnavailableError
from model.reading import Missing
from model.records import Absence
from tests.connectors.contract import full_read, records_of
from tests.connectors.singer.world import ScriptedWorld, task

_STRING = {"type": ["null", "string"]}
CATALOG: dict[str, Any] = {
    "streams": [
        {
            "tap_stream_id": "crm-deals",
            "stream": "deals",
            "key_properties": ["id"],
            "schema": {
                "properties": {
                    "id": {"type": "integer"},
                    "name": _STRING,
                    "owner": {"type": "object", "properties": {"email": _STRING, "phone": _STRING}},
                    "notes": _STRING,
                    "modified": {"type": "string", "format": "date-time"},
                    "seen": _STRING,
                }
            },
            "metadata": [
                {"breadcrumb": [], "metadata": {"replication-key": "modified", "selected": False}},
                {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}},
                {"breadcrumb": ["properties", "owner", "properties", "email"], "metadata": {"inclusion": "available"}},
                {"breadcrumb": ["properties", "notes"], "metadata": {"inclusion": "available", "selected": True}},
            ],
        },
        {"tap_stream_id": "crm-users", "stream": "users", "schema": {"properties": {}}, "metadata": []},
    ]
}


def options(**stream: Any) -> SingerOptions:
    deals = {"kind": "deal", "fields": {"title": "name", "owner": "owner.email"}, "currency": "EUR", **stream}
    return SingerOptions.model_validate({"tap": ["tap-crm"], "streams": {"deals": deals}})


def selected(**stream: Any) -> dict[str, Any]:
    return parse_catalog("crm", json.dumps(CATALOG).encode()).selected(options(**stream))


def by_breadcrumb(entry: dict[str, Any]) -> dict[str, Any]:
    return {".".join(one["breadcrumb"]): one["metadata"] for one in entry["metadata"]}


def test_mapped_streams_and_fields_are_selected_and_nothing_else():
    deals, users = selected()["streams"]
    told = by_breadcrumb(deals)
    assert told[""]["selected"] is True
    chosen = {name for name, metadata in told.items() if metadata["selected"]}
    assert chosen == {
        "",
        "properties.id",
        "properties.name",
        "properties.owner",
        "properties.owner.properties.email",
        "properties.modified",
    }
    assert by_breadcrumb(users)[""]["selected"] is False


def test_older_taps_find_their_selection_too():
    deals, users = selected()["streams"]
    assert (deals["selected"], deals["schema"]["selected"], users["selected"]) == (True, True, False)
    chosen = {name for name, schema in deals["schema"]["properties"].items() if schema["selected"]}
    assert chosen == {"id", "name", "owner", "modified"}


def test_the_way_of_replication_is_chosen_where_it_is_configured():
    deals = selected(replication="incremental", replication_key="seen")["streams"][0]
    assert (deals["replication_method"], deals["replication_key"]) == ("INCREMENTAL", "seen")
    whole = by_breadcrumb(deals)[""]
    assert (whole["replication-method"], whole["replication-key"]) == ("INCREMENTAL", "seen")
    assert deals["schema"]["properties"]["seen"]["selected"]
    assert "replication_method" not in selected()["streams"][0], "otherwise it is as the tap says"


def test_the_catalog_itself_is_not_changed():
    catalog = parse_catalog("crm", json.dumps(CATALOG).encode())
    catalog.selected(options())
    assert catalog.document == CATALOG


def test_a_stream_is_found_by_either_of_its_names():
    catalog = parse_catalog("crm", json.dumps(CATALOG).encode())
    assert catalog.entry("deals") is catalog.entry("crm-deals") is not None
    assert catalog.entry("contacts") is None
    assert catalog.names(options()) == {"deals": "deals", "crm-deals": "deals"}


@pytest.mark.parametrize(
    "text", [b"", b"Hello", b"[]", b'{"streams": 7}', b'{"streams": [{}]}', b'{"streams": [{"stream": "a"}]}']
)
def test_what_is_no_catalog_is_refused(text: bytes):
    with pytest.raises(SourceContentError, match="is no catalog"):
        parse_catalog("crm", text)


def test_a_tap_that_offers_nothing_is_an_error_and_not_an_empty_source():
    with pytest.raises(SourceGoneError, match="offers no streams"):
        parse_catalog("crm", b'{"streams": []}')


def test_the_shape_tells_where_each_field_comes_from_and_its_type(connect):
    shape = connect().shape()
    assert shape["due"] == "tasks.due_on string date-time"
    assert shape["owner"] == "tasks.user.login string"
    assert shape["estimate"] == "tasks.points number"


@pytest.mark.parametrize("path", ["deadline", "user.mail", "labels.colour", "name.first"])
def test_a_mapped_field_that_is_not_there_is_drift_with_our_name_for_it_s9(connect, path: str):
    connector = connect(stream={"fields": {"title": "name", "blocked_reason": path}})
    for question in (connector.shape, lambda: full_read(connector)):
        with pytest.raises(SchemaDriftError, match=f"no field {path}, which fills blocked_reason") as caught:
            question()
        assert caught.value.fields == ("blocked_reason",)
    assert [problem.message for problem in connector.probe().problems] == [
        f"the stream tasks of tasks has no field {path}, which fills blocked_reason"
    ]


def test_a_stream_that_is_not_offered_is_lost_and_the_others_are_read(scripted: ScriptedWorld, connect):
    streams = {
        "tasks": {"kind": "work_item", "fields": {"title": "name"}},
        "epics": {"kind": "work_item", "fields": {"title": "name"}},
    }
    connector = connect(streams=streams)
    visible, lost = connector.roster()
    assert (visible.id, visible.state, visible.problem) == ("tasks", "visible", None)
    assert (lost.id, lost.state) == ("epics", "lost")
    assert lost.problem is not None
    assert lost.problem.message == "the tap of tasks does not offer the stream epics"
    unread = list(connector.fetch(["tasks/99", "epics/1"]))
    assert len(full_read(connector)) == 3
    assert unread == list(connector.fetch(["tasks/99", "epics/1"])) == [Missing("epics/1", Absence.ACCESS_LOST)]
    with pytest.raises(SourceGoneError, match="does not offer the stream epics"):
        list(connector.census(lost))
    assert lost.problem in connector.probe().problems


def test_when_no_mapped_stream_is_offered_nothing_is_read(connect):
    connector = connect(streams={"epics": {"kind": "work_item", "fields": {"title": "name"}}})
    with pytest.raises(SourceGoneError, match="does not offer the stream epics"):
        full_read(connector)


def test_a_catalog_of_ones_own_is_handed_over_as_it_is(scripted: ScriptedWorld, connect, tmp_path: Path):
    entry = {"tap_stream_id": "tasks", "stream": "tasks", **scripted.content["streams"]["tasks"]}
    entry["metadata"] = [{"breadcrumb": [], "metadata": {"selected": True}}]
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [entry]}))
    assert len(full_read(connect(catalog=str(path)))) == 3
    assert [run[2:] for run in scripted.runs] == [["--catalog", str(path)]]
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        full_read(connect(catalog=str(tmp_path / "none.json")))


def test_a_probe_shows_each_field_with_its_type_and_a_value(scripted: ScriptedWorld, connect):
    probe = connect().probe()
    assert dict(probe.counts)["tasks: due from due_on (string date-time), such as '2026-10-30T00:00:00Z'"] == 1
    assert dict(probe.counts)["tasks: owner from user.login (string), such as 'ana'"] == 1
    assert dict(probe.counts)["tasks: labels from labels.name (string), such as 'shop'"] == 1
    assert probe.problems == []


def test_a_probe_tells_what_a_record_would_be_set_aside_for(scripted: ScriptedWorld, connect):
    scripted.tasks[0]["due_on"] = "limbo"
    scripted.write()
    (problem,) = connect().probe().problems
    assert "holds 'limbo', which is no date" in problem.message
    assert problem.location == "tasks: tasks/1"


def test_a_probe_asks_for_first_records_and_not_for_all(scripted: ScriptedWorld, connect, hasty):
    scripted.tasks.extend(task(number) for number in range(4, 5000))
    scripted.write(after=[{"sleep": 60}])
    assert connect().probe().problems == []


def test_discovery_lists_streams_fields_types_and_keys(connect):
    found = connect().discover()
    assert [container.id for container in found.containers] == ["tasks"]
    fields = {field.name: field for field in found.fields}
    assert (fields["id"].kind, fields["due_on"].kind) == ("integer, key", "string date-time")
    assert (fields["due_on"].kept_as, fields["user.team"].kept_as) == ("due", "")
    assert fields["user.team"].setting == "user.team"


def test_discovery_helps_also_while_no_mapped_stream_or_field_is_right(connect):
    found = connect(streams={"issues": {"kind": "work_item", "fields": {"title": "subject"}}}).discover()
    assert [problem.message for problem in found.problems] == ["the tap of tasks does not offer the stream issues"]
    assert "due_on" in {field.name for field in found.fields}


def test_discovery_writes_a_block_that_can_be_pasted(scripted: ScriptedWorld, connect):
    """Only the streams whose names say what they are; the others stand behind #."""
    scripted.content["streams"]["stargazers"] = scripted.content["streams"]["tasks"] | {"key_properties": []}
    scripted.write()
    found = connect(streams={"unknown": {"kind": "deal", "fields": {"title": "no"}}}).discover()
    assert found.option == "streams"
    assert "      # not read: id (integer), user.team (string), _sdc_deleted_at (string)" in found.settings.splitlines()
    pasted = yaml.safe_load(found.settings)["streams"]
    assert pasted == {
        "tasks": {
            "kind": "work_item",
            "fields": {
                "title": "name",
                "owner": "user.login",
                "status": "state",
                "due": "due_on",
                "labels": "labels.name",
                "estimate": "points",
                "changed": "updated_at",
            },
        }
    }
    assert len(records_of(connect(streams=pasted).changed(None))) == 3
    uncommented = yaml.safe_load("\n".join(line.removeprefix("# ") for line in found.settings.splitlines()))["streams"]
    assert uncommented["stargazers"]["id"] == ["id"]
    assert connect(streams=uncommented).discover().problems == []


def test_a_discovery_keeps_what_is_configured(connect):
    stream = {"statuses": {"on hold": "doing"}, "id": ["id", "no"], "url": "https://tasks.example/{id}"}
    connector = connect(stream=stream)
    pasted = yaml.safe_load(connector.discover().settings)
    again = SingerOptions.model_validate({**connector.options.model_dump(), **pasted})
    assert again.streams == connector.options.streams
