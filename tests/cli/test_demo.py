"""``driftline demo``: the main job from nothing, its figures, and no folder of anybody else's touched."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.world import FAULTS, Meridian
from state.store import Store
from tests.cli.console import command_line, driftline, without_escapes
from tests.databases import url_of

WHOLE = bool(os.environ.get("DRIFTLINE_WHOLE_MATRIX"))
"""Whether every source is tried with every fault; the fault matrix of tests/faults looks closer."""


def test_what_to_try_next_stands_in_line_whatever_the_folder_is_called(tmp_path: Path):
    said = driftline("demo", "--folder", tmp_path / "a-rather-long-name", columns=220)
    assert said.code == 0
    seen = without_escapes(said.err)
    assert "What to try next" in seen
    suggested = seen[seen.index("What to try next") :].splitlines()[1:6]
    comments = ["the whole of one finding", "a record, and where", "why a deal", "leave the company", "a commented"]
    starts = [line.index(comment) for line, comment in zip(suggested, comments, strict=True)]
    assert len(set(starts)) == 1
    assert any(stage in seen for stage in ("reading ", "linking ", "judging"))
    finding = suggested[0].split(" show ")[1].split()[0]
    assert f"\n{finding}  critical" in without_escapes(said.out)
    # Its sandbox is gone, but all that was read can still be looked at.
    assert driftline("show", finding, folder=tmp_path / "a-rather-long-name").code == 0


def test_a_folder_that_is_not_a_demo_is_refused_and_nothing_in_it_is_touched(tmp_path: Path):
    """Real workbooks may lie where a demo is asked for; a folder called workbooks makes no demo."""
    (tmp_path / "workbooks").mkdir()
    (tmp_path / "workbooks" / "savings.xlsx").write_text("mine", encoding="utf-8")
    (tmp_path / "driftline.yaml").write_text("version: 1\n", encoding="utf-8")
    said = driftline("demo", "--folder", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "is not a folder of an earlier demo" in said.err
    assert "hint: name another folder" in said.err
    assert (tmp_path / "workbooks" / "savings.xlsx").read_text("utf-8") == "mine"


@pytest.mark.sqlite_only("the demo keeps its state in a file")
def test_a_demo_that_runs_is_not_replaced_by_another(copy: Path):
    said = driftline("demo", "--folder", copy)
    assert said.code == 2
    assert f"error: a demo runs in {copy}" in said.err
    assert (copy / "state" / "driftline.db").is_file()


def test_a_date_is_moved_in_the_running_demo_and_the_next_run_finds_it(monday: Meridian):
    driftline("sync", folder=monday.folder)
    said = driftline("demo", "move", "AUR-118", "2026-10-30", "--folder", monday.folder)
    assert said.code == 0
    assert said.out == "moved the due date in Jira of AUR-118 to 2026-10-30\n"
    driftline("sync", folder=monday.folder)
    assert "the work now says 30 Oct 2026" in driftline("findings", folder=monday.folder).out


def test_a_move_of_what_does_not_exist_or_to_no_date_is_refused_with_examples(copy: Path):
    said = driftline("demo", "move", "NOPE-1", "2026-11-05", "--folder", copy)
    assert (said.code, said.out) == (2, "")
    assert "error: nothing in the demo company is called NOPE-1" in said.err
    assert "ERP-90" in said.err
    wrong = driftline("demo", "move", "ERP-90", "5.11.2026", "--folder", copy)
    assert wrong.code == 2
    assert "a date is written as 2026-11-05" in wrong.err


def test_a_move_without_a_running_demo_says_how_to_start_one(copy: Path, tmp_path: Path):
    (copy / "sandbox.json").write_text(json.dumps({"control": "http://127.0.0.1:9"}), encoding="utf-8")
    for folder in (copy, tmp_path / "nowhere"):
        said = driftline("demo", "move", "ERP-90", "2026-11-05", "--folder", folder)
        assert said.code == 2
        assert f"error: no demo runs in {folder}" in said.err
        assert "driftline demo --keep" in said.err


@pytest.mark.sqlite_only("the demo keeps its state in a file")
def test_a_kept_demo_tells_its_figures_in_under_twenty_seconds_and_can_then_be_poked_at(tmp_path: Path):
    folder = tmp_path / "demo"
    begun = time.monotonic()
    with _kept(folder, tmp_path / "out") as running:
        assert time.monotonic() - begun < 20
        _has_its_figures((tmp_path / "out").read_text("utf-8"))
        assert {path.suffix for path in (folder / "mail").iterdir()} == {".eml", ".html"}
        assert "driftline run" in driftline("status", folder=folder).out
        assert driftline("demo", "move", "ERP-90", "2026-11-05", "--folder", folder).code == 0
        assert driftline("digest", "preview", "leaders", folder=folder).code == 0
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=15) == 0
    assert driftline("status", "--json", folder=folder).json["owner"] is None
    assert not (folder / "sandbox.json").exists()


def _has_its_figures(out: str) -> None:
    """What the demo writes is data alone: no command line, no log."""
    lines = out.splitlines()
    assert "ok: 5 sources, 26 objectives, 21 rules, 1 digest" in lines
    assert "baseline 1 on 14 Sep 2026: 3 opened, 0 resolved, 3 standing" in lines
    assert "run 2 on 15 Sep 2026: 18 opened, 1 resolved, 20 standing" in lines
    assert "revenue at risk: EUR 2,260,000 in full, EUR 1,721,000 weighted by probability" in lines
    assert "savings lost: EUR 979,000" in lines
    assert any(line.startswith("Subject: 5 decisions (2 triage), EUR 2.3M revenue at risk") for line in lines)
    assert "$" not in out
    assert '"event"' not in out


@contextmanager
def _kept(folder: Path, out: Path) -> Iterator["subprocess.Popen[str]"]:
    """A demo whose daemon runs; what it writes as data goes to a file."""
    with (
        out.open("w", encoding="utf-8") as data,
        subprocess.Popen(
            command_line("demo", "--keep", "--folder", folder), stdout=data, stderr=subprocess.PIPE, text=True
        ) as running,
    ):
        assert running.stderr is not None
        try:
            talk = ""
            for line in running.stderr:
                talk += line
                if "daemon.started" in line:
                    break
            assert '"event"' not in talk[: talk.index("The demo company and the daemon run")]
            yield running
        finally:
            running.terminate()
            running.communicate(timeout=15)


def _impatient(settings: Path, source: str, fault: str) -> None:
    """Let the faulty source give up soon; the others keep their patience on a busy machine."""
    deadline = ", answer_deadline_seconds: 2" if fault == "drip" else ""
    attempts = 1 if SAID.get(f"{fault} {source}", SAID[fault]) else 3
    before, rest = settings.read_text(encoding="utf-8").split(f"    kind: {source}\n")
    hurried = f"    kind: {source}\n    http: {{attempts: {attempts}{deadline}}}\n"
    settings.write_text(before + hurried + rest, encoding="utf-8")


def _standing(folder: Path) -> set[str]:
    """The fingerprints of the findings that stand."""
    with Store.open(url_of(folder / "state" / "driftline.db")) as store:
        standing = {fingerprint for fingerprint, tracked in store.tracked().items() if tracked.standing}
    assert standing
    return standing


SAID = {
    "login-page": "a web page instead of data",
    "down": "answers 503",
    "expired-token": "does not accept our",
    "expired-token salesforce": "does not let us sign in",
    "rate-limited": "asks for a pause of 3600 s",
    "rate-limited-date": "longer than this run may take",
    "drip": "did not finish its answer in time",
    "truncated-json": "JSON that cannot be read",
    "permission-loss": "does not show the project ERP",
    "permission-loss asana": "no project named Same-day sorting",
    "permission-loss salesforce": "has no field Promised_Date__c that salesforce may see",
    "clock-skew": "",
    "key-move": "",
    "repeated-page-token": "goes round in circles",
    "endless-changelog": "goes round in circles",
    "no-bulk": "",
    "list-that-ends-early": "ended a list in the middle",
    "given-nothing": "gives 0 of them",
    "expired-offset": "",
    "repeated-offset": "leads back to a page it already gave",
    "sync-token-expired": "refuses what we ask for (412)",
    "not-in-plan": "asks for a plan that includes what we ask for",
    "not-shared": "does not let our account see what we ask for",
    "shrunken-lists": "its lists came up short",
    "lost-session": "",
    "expired-locator": "",
    "repeated-locator": "leads back to a page it already gave",
    "day-used-up": "no API requests left for today",
    "query-timeout": "QUERY_TIMEOUT",
    "not-allowed": "keeps this from us",
    "shrunken-answers": "no longer shows 18 of 18 records",
}
"""What the source says under each fault; nothing where it is overcome. Where systems differ, the source stands behind
the fault."""
ABSENT = {"permission-loss jira": {"access_lost": 9}, "shrunken-answers salesforce": {"unobserved": 18}}
"""What counts as absent while the fault lasts; everywhere else nothing."""


def _cells() -> Iterator[tuple[str, str]]:
    """Every fault of every source; in the short form those that all sources have at one after the other."""
    shared = [fault for fault in SAID if all(fault in faults for faults in FAULTS.values())]
    for place, source in enumerate(FAULTS):
        for fault in FAULTS[source]:
            if WHOLE or fault not in shared or shared.index(fault) % len(FAULTS) == place:
                yield source, fault


@pytest.mark.parametrize(("source", "fault"), _cells())
def test_a_fault_ends_as_it_should_and_everything_recovers_when_it_is_cleared(
    copy: Path, tuesday: Meridian, source: str, fault: str
):
    """S1-S9, J2, J5, J10, J21, J23, A6, A10, A18: nothing of what was stored is lost, nothing counts as deleted, and
    no finding is resolved by a source that cannot be read."""
    patient = (copy / "driftline.yaml").read_text(encoding="utf-8")
    _impatient(copy / "driftline.yaml", source, fault)
    said = SAID.get(f"{fault} {source}", SAID[fault])
    stood = _standing(copy)
    try:
        told = driftline("demo", "fault", source, fault, "--folder", copy)
        assert (told.code, told.out) == (0, f"faults of {source}: {fault}\n")
        assert driftline("sync", source, "--full", folder=copy).code == (3 if said else 0)
        shown = driftline("sources", "show", source, "--json", folder=copy).json
        assert said in (shown["failing"]["error"] if said else "")
        assert shown["complete"] is not bool(said)
        assert shown["absences"] == ABSENT.get(f"{fault} {source}", {})
        assert _standing(copy) == stood
        cleared = driftline("demo", "fault", source, fault, "--clear", "--folder", copy)
        assert (cleared.code, cleared.out) == (0, f"{source} answers as usual\n")
        (copy / "driftline.yaml").write_text(patient, encoding="utf-8")
        assert driftline("sync", source, "--full", folder=copy).code == 0
        recovered = driftline("sources", "show", source, "--json", folder=copy).json
        assert (recovered["failing"], recovered["absences"]) == (None, {})
        assert _standing(copy) == stood
    finally:
        tuesday.switch_fault(source, None, on=False)


@pytest.mark.parametrize("source", FAULTS)
def test_a_fault_that_is_overcome_did_strike(copy: Path, tuesday: Meridian, source: str):
    """The control of the test above: the faults that leave no trace in what is said were met."""
    server = {"jira": tuesday.jira_server, "asana": tuesday.asana_server, "salesforce": tuesday.salesforce_server}[
        source
    ]
    overcome = {"jira": "no-bulk", "asana": "expired-offset", "salesforce": "lost-session"}[source]
    asked = len(server.requests)
    driftline("sync", source, "--full", folder=copy)
    undisturbed = len(server.requests) - asked
    try:
        tuesday.switch_fault(source, overcome, on=True)
        asked = len(server.requests)
        assert driftline("sync", source, "--full", folder=copy).code == 0
        assert len(server.requests) - asked > undisturbed
    finally:
        tuesday.switch_fault(source, None, on=False)


def test_a_fault_strikes_from_the_chosen_page_on(copy: Path, tuesday: Meridian):
    """S1, S10: what came before the page that fails is stored, and the source counts as not read."""
    _impatient(copy / "driftline.yaml", "salesforce", "down")
    try:
        said = driftline("demo", "fault", "salesforce", "down", "--page", "2", "--folder", copy)
        assert said.out == "faults of salesforce: down from page 2 on\n"
        asked = len(tuesday.salesforce_server.requests)
        assert driftline("sync", "salesforce", "--full", folder=copy).code == 3
        pages = [line for line in tuesday.salesforce_server.requests[asked:] if "/query" in line]
        assert len(pages) == 2
    finally:
        tuesday.switch_fault("salesforce", None, on=False)
    refused = driftline("demo", "fault", "jira", "key-move", "--page", "2", "--folder", copy)
    assert refused.code == 2
    assert "error: key-move changes what jira holds, and strikes no single page" in refused.err


def test_an_issue_whose_key_moved_is_found_by_its_former_key_and_keeps_its_findings(monday: Meridian):
    """J21."""
    monday.move_to_tuesday()
    driftline("sync", folder=monday.folder)
    stood = _standing(monday.folder)
    driftline("demo", "fault", "jira", "key-move", "--folder", monday.folder)
    assert driftline("sync", folder=monday.folder).code == 0
    assert "RTE-190" in driftline("show", "ERP-90", folder=monday.folder).out
    assert _standing(monday.folder) == stood


def test_a_slow_clock_of_a_server_is_told_by_the_probe_and_hides_no_change(monday: Meridian):
    """S7, S8: the server stamps a change with a time that lies before the last read by our own clock."""
    driftline("demo", "fault", "jira", "clock-skew", "--folder", monday.folder)
    probed = driftline("sources", "probe", "jira", "asana", folder=monday.folder)
    assert "the clock of jira's server is 2 h behind this machine's" in " ".join(probed.err.split())
    assert "asana's server" not in probed.err
    driftline("sync", folder=monday.folder)
    driftline("demo", "move", "AUR-118", "2026-10-30", "--folder", monday.folder)
    driftline("sync", folder=monday.folder)
    assert "the work now says 30 Oct 2026" in driftline("findings", folder=monday.folder).out


def test_faults_add_up_and_are_cleared_one_by_one_or_together(copy: Path, tuesday: Meridian):
    try:
        for fault in ("down", "drip", "down"):
            said = driftline("demo", "fault", "asana", fault, "--folder", copy)
        assert said.out == "faults of asana: drip, down\n"
        assert driftline("demo", "fault", "asana", "drip", "--clear", "--folder", copy).out == "faults of asana: down\n"
        cleared = driftline("demo", "fault", "asana", "--clear", "--folder", copy)
        assert cleared.out == "asana answers as usual\n"
    finally:
        tuesday.switch_fault("asana", None, on=False)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["sap", "down"], "no server of the demo is called sap", "known are: jira, asana, salesforce"),
        (["jira", "fire"], "there is no fault of jira called fire", "known are: login-page, down"),
        (["jira"], "name a fault, or --clear to end all", "see driftline demo fault --help"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(copy: Path, words: list[str], error: str, hint: str):
    said = driftline("demo", "fault", *words, "--folder", copy)
    assert (said.code, said.out) == (2, "")
    assert f"error: {error}" in said.err
    assert f"hint: {hint}" in said.err


def test_a_fault_without_a_running_demo_says_how_to_start_one(tmp_path: Path):
    said = driftline("demo", "fault", "jira", "down", "--folder", tmp_path)
    assert said.code == 2
    assert f"error: no demo runs in {tmp_path}" in said.err


def test_the_help_lists_the_faults_of_every_source_and_no_other():
    page = driftline("demo", "fault", "--help").out
    listed: dict[str, list[str]] = {}
    for line in page[: page.index("For example")].splitlines():
        if line.strip().startswith("Faults of "):
            listed[line.strip().removeprefix("Faults of ").rstrip(":")] = heading = []
        elif listed and line.startswith("    ") and line[4] != " ":
            heading.append(line.split()[0])
    for source, names in FAULTS.items():
        assert {*listed["every source"], *listed[source]} == set(names)
    assert set(listed) == {"every source", *FAULTS}
