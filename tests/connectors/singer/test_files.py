"""What a tap is given: its config in a private file, few environment variables, and nothing that stays behind."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from connectors.singer.private import PrivateFolder, sweep
from connectors.singer.redaction import Redaction
from model.errors import SourceError
from model.reading import Cursor
from tests.connectors.contract import full_read, records_of
from tests.connectors.singer.world import SECRET, ScriptedWorld


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_the_config_is_a_file_that_only_we_may_read_and_that_is_gone_afterwards(
    scripted: ScriptedWorld, tmp_path: Path, temporary: Path
):
    copy = tmp_path / "copy"
    scripted.write(before=[{"copy_config": str(copy)}])
    connector = scripted.connector()
    full_read(connector)
    assert json.loads(copy.read_text()) == {"world": str(scripted.file), "token": SECRET}
    *modes, folder = json.loads(Path(f"{copy}.modes").read_text())
    assert modes == ["0o600", "0o700"]
    assert Path(folder).parent == temporary
    assert not any(SECRET in word for run in scripted.runs for word in run)
    connector.close()
    assert list(temporary.iterdir()) == []


def test_the_config_is_gone_after_a_failed_read_too(scripted: ScriptedWorld, temporary: Path):
    scripted.break_access()
    connector = scripted.connector()
    with pytest.raises(SourceError):
        full_read(connector)
    connector.close()
    assert list(temporary.iterdir()) == []


def test_what_a_crash_left_behind_is_removed_when_the_next_tap_starts(temporary: Path):
    child = os.fork()
    if child == 0:
        PrivateFolder(temporary).write("config.json", {"token": SECRET})
        os._exit(0)
    os.waitpid(child, 0)
    (left,) = temporary.iterdir()
    assert SECRET in (left / "config.json").read_text()
    new = PrivateFolder(temporary)
    assert list(temporary.iterdir()) == [new.path]
    new.close()


def test_a_folder_in_use_and_what_is_not_ours_are_left_alone(temporary: Path):
    used = PrivateFolder(temporary)
    open_to_all = temporary / "driftline-tap-open"
    open_to_all.mkdir(mode=0o755)
    target = temporary / "target"
    target.mkdir(mode=0o700)
    (temporary / "driftline-tap-link").symlink_to(target)
    sweep(temporary)
    assert used.path.is_dir()
    assert open_to_all.is_dir()
    assert target.is_dir()
    used.close()
    assert not used.path.exists()


def test_a_tap_sees_few_environment_variables(scripted: ScriptedWorld, connect, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("JIRA_TOKEN", "not-for-taps")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("TZ", "UTC")
    seen = tmp_path / "seen"
    scripted.write(before=[{"environment": str(seen)}])
    full_read(connect(environment=["HTTPS_PROXY"]))
    told = json.loads(seen.read_text())
    assert told["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert told["TZ"] == "UTC"
    assert set(told) <= {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HTTPS_PROXY"}


def test_a_passed_variable_is_kept_out_of_errors_too(scripted: ScriptedWorld, connect, monkeypatch):
    monkeypatch.setenv("TAP_PASSWORD", "opens-every-door")
    scripted.write(before=[{"err": "CRITICAL opens-every-door"}, {"exit": 1}])
    with pytest.raises(SourceError) as caught:
        full_read(connect(environment=["TAP_PASSWORD"]))
    assert "opens-every-door" not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_config_file_that_the_tap_keeps_is_handed_over_as_it_is(scripted: ScriptedWorld, connect, tmp_path: Path):
    kept = tmp_path / "tap.json"
    kept.write_text(json.dumps({"world": str(scripted.file), "refresh_token": SECRET}))
    connector = connect(config={}, config_file=str(kept))
    assert len(full_read(connector)) == 3
    assert all(run[:2] == ["--config", str(kept)] for run in scripted.runs)
    scripted.write(instead=[{"err": f"CRITICAL {SECRET}"}, {"exit": 1}])
    with pytest.raises(SourceError) as caught:
        full_read(connect(config={}, config_file=str(kept)))
    assert SECRET not in str(caught.value)
    assert kept.exists()


def test_the_state_of_the_last_run_is_handed_to_the_next(scripted: ScriptedWorld, connect):
    first = connect()
    full_read(first)
    assert json.loads(first.next_cursor().position) == {"bookmarks": {"tasks": "2026-09-01T08:00:00Z"}}
    changed = scripted.change_one()
    second = connect()
    assert [record.native_id for record in records_of(second.changed(first.next_cursor()))] == [changed]
    assert "--state" in scripted.runs[-1]
    assert json.loads(second.next_cursor().position)["bookmarks"]["tasks"].startswith("2026-10-06")


def test_a_run_with_a_state_never_counts_as_a_census(scripted: ScriptedWorld, connect):
    first = connect()
    full_read(first)
    second = connect()
    assert records_of(second.changed(first.next_cursor())) == []
    assert set(second.census(next(iter(second.roster())))) == scripted.expected_ids()
    assert "--state" not in scripted.runs[-1], "it ran the tap again, from nothing"


def test_a_cursor_that_makes_no_sense_reads_everything(scripted: ScriptedWorld, connect):
    assert len(records_of(connect().changed(Cursor("half a state {")))) == 3


def test_older_taps_take_their_catalog_as_properties(scripted: ScriptedWorld, connect):
    full_read(connect(properties=True))
    assert "--properties" in scripted.runs[-1]
    assert "--catalog" not in scripted.runs[-1]


@pytest.mark.parametrize(
    "said",
    [
        "token abc/def+ghi==",
        "GET /?token=abc%2Fdef%2Bghi%3D%3D",
        "one line of a key: MIIEvQIBADANBg",
        'as JSON: "first line of it\\nMIIEvQIBADANBg"',
    ],
)
def test_a_secret_is_hidden_however_it_is_written(said: str):
    hidden = Redaction(["abc/def+ghi==", "first line of it\nMIIEvQIBADANBg\n"])(said)
    for part in ("abc", "def", "MIIE", "first line"):
        assert part not in hidden
    assert Redaction([])(said) == said


def test_short_texts_are_not_hidden_everywhere():
    assert Redaction(["a", ""])("a banana") == "a banana"
