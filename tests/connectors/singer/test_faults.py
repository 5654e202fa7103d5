"""Whatever a tap does wrong is one clear error, and nothing is concluded from it."""

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from model.errors import (
    InterruptedRunError,
    SchemaDriftError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceUnavailableError,
)
from tests.connectors.contract import context_at, everything_said, full_read
from tests.connectors.singer.world import MANY, SECRET, TASKS_SCHEMA, ScriptedWorld, task

Steps = list[dict[str, Any]]
_SCHEMA = '{"type": "SCHEMA", "stream": "tasks", "schema": {"properties": {}}, "key_properties": ["id"]}'
_RECORD = '{"type": "RECORD", "stream": "tasks", "record": {"id": 1}}'

MESSAGE_FAULTS: dict[str, tuple[Steps, str]] = {
    "a record before its schema": ([{"out": _RECORD}], "line 1 .* is a record of tasks before its schema"),
    "an unknown type": ([{"out": '{"type": "SURPRISE"}'}], "line 1 .* has the unknown type 'SURPRISE'"),
    "no type": ([{"out": '{"stream": "tasks"}'}], "line 1 .* it has no type"),
    "broken JSON": ([{"out": _SCHEMA}, {"out": _RECORD[:-5]}], r"line 2 .* is broken JSON\n"),
    "garbage": ([{"out": _SCHEMA}, {"out": "Fetching page 1"}], "line 2 .* is no JSON: 'Fetching page 1'"),
    "a list": ([{"out": "[1, 2]"}], "line 1 .* holds no JSON object"),
    "a batch": ([{"out": _SCHEMA}, {"out": '{"type": "BATCH", "stream": "tasks"}'}], "BATCH .* not supported"),
    "a record without contents": ([{"out": '{"type": "RECORD", "stream": "tasks"}'}], "a RECORD without a record"),
    "a schema without a stream": ([{"out": '{"type": "SCHEMA"}'}], "a SCHEMA without a stream"),
    "a state without a value": ([{"out": _SCHEMA}, {"out": '{"type": "STATE"}'}], "a STATE without a value"),
    "deep nesting": ([{"out": "[" * 200_000}], "is no JSON"),
    "nothing at all": ([], "ended without telling the schema of tasks"),
    "another stream only": ([{"out": _SCHEMA.replace("tasks", "users")}], "without telling the schema of tasks"),
}


@pytest.mark.parametrize("fault", MESSAGE_FAULTS)
def test_a_line_that_is_no_message_is_an_error_that_names_the_line(scripted: ScriptedWorld, connect, fault: str):
    steps, told = MESSAGE_FAULTS[fault]
    scripted.write(instead=steps)
    connector = connect()
    with pytest.raises(SourceContentError, match=told) as caught:
        full_read(connector)
    assert caught.value.problems[0].hint
    with pytest.raises(SourceContentError):
        list(connector.census(next(iter(connector.roster()))))
    assert connector.next_cursor().position == "null"


def test_a_key_that_nobody_names_is_asked_for(scripted: ScriptedWorld, connect):
    scripted.content["streams"]["tasks"]["key_properties"] = []
    scripted.write()
    with pytest.raises(SourceContentError, match="does not tell what names a record of tasks") as caught:
        full_read(connect())
    assert "id:" in caught.value.problems[0].hint
    assert len(full_read(connect(stream={"id": ["id"]}))) == 3


def test_a_mapped_field_that_left_the_schema_of_a_run_is_drift_even_if_the_catalog_still_has_it(
    scripted: ScriptedWorld, connect, tmp_path: Path
):
    """S9: the catalog is a file of an earlier day."""
    connector = connect()
    connector.shape()
    del scripted.content["streams"]["tasks"]["schema"]["properties"]["due_on"]
    scripted.write()
    with pytest.raises(SchemaDriftError) as caught:
        full_read(connector)
    assert caught.value.fields == ("due",)
    assert "no field due_on, which fills due" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("CRITICAL HTTP-error-code: 401, Unauthorized", SourceAuthError),
        ("requests.HTTPError: 403 Client Error", SourceAuthError),
        ("CRITICAL Invalid access token", SourceAuthError),
        ("CRITICAL HTTP-error-code: 500, Server error", SourceUnavailableError),
        ("KeyError: 'items'", SourceUnavailableError),
    ],
)
def test_a_failed_tap_is_quoted_with_its_last_words(scripted: ScriptedWorld, connect, words: str, kind: type):
    scripted.write(before=[{"err": "INFO starting"}, {"err": words}, {"err": "INFO METRIC: failed"}, {"exit": 1}])
    with pytest.raises(SourceError) as caught:
        full_read(connect())
    assert type(caught.value) is kind
    assert caught.value.summary == f"the tap {Path(sys.executable).name} ended with status 1: {words}"


def test_a_tap_that_fails_after_its_last_record_proves_nothing_and_moves_no_state(scripted: ScriptedWorld, connect):
    scripted.write(after=[{"exit": 3}])
    connector = connect()
    with pytest.raises(SourceUnavailableError, match="ended with status 3 and said nothing"):
        full_read(connector)
    assert connector.next_cursor().position == "null", "the state before the failure was told, and is not kept"
    with pytest.raises(SourceUnavailableError):
        list(connector.census(next(iter(connector.roster()))))
    with pytest.raises(SourceUnavailableError):
        list(connector.fetch(["tasks/1"]))


def test_a_tap_that_is_killed_is_told_as_such(scripted: ScriptedWorld, connect):
    scripted.write(after=[{"kill_self": signal.SIGKILL}])
    with pytest.raises(SourceUnavailableError, match="was ended by signal 9"):
        full_read(connect())


def test_a_program_that_is_not_there_is_told_with_what_to_do(scripted: ScriptedWorld, connect):
    for program in ("/opt/taps/none/bin/tap-none", "driftline-no-such-tap"):
        with pytest.raises(SourceUnavailableError, match="cannot be started: No such file") as caught:
            connect(tap=[program]).probe()
        assert "full path" in caught.value.problems[0].hint


def test_a_line_without_end_is_cut_off_before_it_fills_the_memory(scripted: ScriptedWorld, connect):
    scripted.write(before=[{"large": 3_000_000}])
    with pytest.raises(SourceContentError, match="a line of more than 1 MB"):
        full_read(connect(http={"largest_answer_megabytes": 1}))


def test_a_catalog_without_end_is_cut_off(scripted: ScriptedWorld, connect):
    scripted.write(discover=[{"out": "x" * 400_000}] * 4)
    with pytest.raises(SourceContentError, match="catalog of tasks is larger than 1 MB"):
        connect(http={"largest_answer_megabytes": 1}).probe()


def test_a_slow_tap_is_ended_at_the_deadline(scripted: ScriptedWorld, connect, hasty):
    connector = connect(http={"run_deadline_seconds": 1.5})
    list(connector.roster())
    scripted.write(after=[{"sleep": 60}])
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=r"not done with its reading within 1\.5 s"):
        full_read(connector)
    assert time.monotonic() - began < 30
    assert_ended(scripted)


def test_a_tap_that_does_not_want_to_end_is_killed(scripted: ScriptedWorld, connect, hasty):
    connector = connect(http={"run_deadline_seconds": 1.5})
    list(connector.roster())
    scripted.write(before=[{"ignore_term": True}], after=[{"sleep": 60}])
    with pytest.raises(SourceUnavailableError, match=r"within 1\.5 s"):
        full_read(connector)
    assert_ended(scripted)


def test_a_wish_to_stop_ends_a_silent_tap(scripted: ScriptedWorld, hasty):
    context = context_at()
    connector = scripted.connector(context)
    list(connector.roster())
    scripted.write(after=[{"sleep": 60}])
    wish = threading.Timer(0.5, context.stop.set)
    wish.start()
    try:
        with pytest.raises(InterruptedRunError):
            full_read(connector)
    finally:
        wish.join()
        connector.close()
    assert_ended(scripted)


def test_what_a_tap_leaves_running_ends_with_it(scripted: ScriptedWorld, connect, hasty, monkeypatch, tmp_path: Path):
    """A child that keeps the tap's output open is not waited for, and its records would be anybody's guess."""
    child_file = tmp_path / "child"
    monkeypatch.setenv("CHILD_FILE", str(child_file))
    scripted.write(after=[{"fork": 60}])
    with pytest.raises(SourceUnavailableError, match="a program that it started keeps its output open"):
        full_read(connect(environment=["CHILD_FILE"]))
    child = int(child_file.read_text())
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


def test_a_reader_that_loses_interest_ends_the_tap(scripted: ScriptedWorld, connect, hasty):
    scripted.tasks.extend(task(number) for number in range(4, MANY + 4))
    scripted.write(after=[{"sleep": 60}])
    connector = connect()
    pages = connector.changed(None)
    next(iter(pages))
    pages.close()
    assert_ended(scripted)
    assert connector.next_cursor().position == "null"


def test_stderr_goes_to_the_log_bounded_and_without_secrets(scripted: ScriptedWorld, connect, said):
    lines = [{"err": f"INFO page {number}, token={SECRET}"} for number in range(300)]
    scripted.write(before=[*lines, {"err": "CRITICAL almost"}])
    assert len(full_read(connect())) == 3
    told = [event for event in said if event["event"] == "tap.said"]
    assert len(told) == 200
    assert {event["log_level"] for event in told} == {"debug"}
    assert said[-1] == {"event": "tap.said_more", "source": "tasks", "lines": 101, "log_level": "debug"}
    assert told[0]["line"] == "INFO page 0, token=***"
    assert SECRET not in str(said)


def test_a_taps_errors_are_warnings_in_our_log(scripted: ScriptedWorld, connect, said):
    scripted.write(before=[{"err": "ERROR one page was skipped"}])
    full_read(connect())
    assert [event["log_level"] for event in said if event["event"] == "tap.said"] == ["warning"]


@pytest.mark.parametrize("where", ["instead", "discover"])
def test_a_secret_in_what_a_tap_says_never_reaches_an_error(scripted: ScriptedWorld, connect, where: str):
    for steps in ([{"err": f"CRITICAL {SECRET} is wrong"}, {"exit": 1}], [{"out": f"token {SECRET}"}]):
        scripted.write(**{where: steps})
        with pytest.raises(SourceError) as caught:
            full_read(connect())
        assert SECRET not in everything_said(caught.value)


def test_what_people_wrote_never_reaches_an_error_about_broken_json(scripted: ScriptedWorld, connect):
    scripted.write(before=[{"out": '{"type": "RECORD", "stream": "tasks", "record": {"name": "Confidential'}])
    with pytest.raises(SourceContentError) as caught:
        full_read(connect())
    assert "Confidential" not in everything_said(caught.value)


def test_a_state_that_is_never_told_means_that_everything_is_read_again(scripted: ScriptedWorld, connect):
    schema = {"type": "SCHEMA", "stream": "tasks", "schema": TASKS_SCHEMA, "key_properties": ["id"]}
    record = {"type": "RECORD", "stream": "tasks", "record": task(1)}
    scripted.write(instead=[{"out": json.dumps(message)} for message in (schema, record)])
    first = connect()
    assert len(full_read(first)) == 1
    assert first.next_cursor().position == "null"
    second = connect()
    assert [len(page.records) for page in second.changed(first.next_cursor())] == [1]
    assert not any("--state" in run for run in scripted.runs)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_ended(scripted: ScriptedWorld) -> None:
    """No tap of this world is running any more."""
    marks = [arguments[1] for arguments in scripted.runs]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        assert not any(mark in command for mark in marks), command
