"""``driftline sync``: one run with its table, its exit codes, and an end in order when somebody stops it."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.http import LOGIN_PAGE, Fault
from sandbox.world import Meridian
from state.lock import Ownership
from state.store import Store
from tests.cli.console import command_line, driftline, without_escapes
from tests.databases import url_of

Change = Callable[[Path, str, str], None]
FIELDS = {"id", "started_at", "finished_at", "outcome", "baseline", "results", "opened", "resolved", "standing"}
RESULT_FIELDS = {
    *("source", "outcome", "started_at", "finished_at", "pages", "read", "changed", "absent", "set_aside"),
    *("error", "hint"),
}


def test_the_first_run_is_the_baseline_and_says_that_nobody_is_told(monday: Meridian):
    said = driftline("sync", folder=monday.folder)
    assert said.code == 0
    assert said.lines[0].split() == ["source", "outcome", "read", "changed", "gone", "set", "aside"]
    assert said.lines[1].split() == ["jira", "complete", "50", "50", "0", "0"]
    assert said.lines[-1] == "baseline 1 on 14 Sep 2026: 3 opened, 0 resolved, 3 standing"
    assert said.err.splitlines()[-1].startswith("This was the first run")


def test_off_a_terminal_the_log_is_json_on_stderr_with_one_line_for_each_source_and_one_for_the_run(copy: Path):
    said = driftline("sync", "--json", folder=copy)
    assert set(said.json) == FIELDS
    assert all(set(result) == RESULT_FIELDS for result in said.json["results"])
    logged = [json.loads(line) for line in said.err.splitlines()]
    assert sorted(line["event"] for line in logged) == [*["run.finished"], *["source.read"] * 5]
    assert all("timestamp" in line and "level" in line for line in logged)


def test_only_the_named_sources_are_read(copy: Path):
    read = driftline("sync", "savings", "asana", "--json", folder=copy).json
    assert [result["source"] for result in read["results"]] == ["asana", "savings"]


def test_a_ci_system_gets_its_own_format_and_the_same_exit_code(copy: Path):
    said = driftline("sync", "--format", "junit", "--fail-on", "critical", folder=copy)
    assert said.code == 1
    assert said.out.startswith("<?xml")
    assert 'failures="8"' in said.out
    assert json.loads(driftline("sync", "savings", "--format", "sarif", folder=copy).out)["version"] == "2.1.0"
    assert driftline("sync", "savings", "--format", "markdown", folder=copy).out.startswith("## Driftline\n")
    assert set(driftline("sync", "savings", "--format", "json", folder=copy).json) == FIELDS


def test_reports_go_into_files_beside_what_is_printed(copy: Path, tmp_path: Path):
    junit, page = tmp_path / "junit.xml", tmp_path / "page.md"
    said = driftline("sync", "savings", "--report", f"junit={junit}", "--report", f"markdown={page}", folder=copy)
    assert said.lines[0].split()[0] == "source"
    assert junit.read_text().startswith("<?xml")
    assert page.read_text().startswith("## Driftline\n")


def test_a_report_that_cannot_be_asked_for_or_written_says_so(copy: Path, tmp_path: Path):
    said = driftline("sync", "--report", "pdf=x.pdf", folder=copy)
    assert (said.code, "'pdf=x.pdf' is not FORMAT=FILE" in said.err) == (2, True)
    lost = driftline("sync", "savings", "--report", f"junit={tmp_path}/no/such.xml", folder=copy)
    assert (lost.code, f"there is no folder {tmp_path}/no for" in lost.err) == (2, True)
    assert "source.read" not in lost.err  # told before anything is read
    (tmp_path / "x.xml").mkdir()
    folder = driftline("sync", "savings", "--report", f"junit={tmp_path}/x.xml", folder=copy)
    assert (folder.code, "is a folder" in folder.err) == (2, True)


def test_a_source_that_does_not_exist_is_refused_with_the_names_that_do(copy: Path):
    said = driftline("sync", "jirra", folder=copy)
    assert (said.code, said.out) == (2, "")
    assert "error: there is no source named jirra" in said.err
    assert "jira, asana" in said.err


def test_findings_at_or_above_the_limit_end_with_1_and_below_it_with_0(copy: Path):
    grave = driftline("sync", "--fail-on", "critical", folder=copy)
    assert grave.code == 1
    assert "8 findings at or above critical" in grave.err
    major = driftline("sync", "--fail-on", "major", folder=copy)
    high = driftline("sync", "--fail-on", "high", folder=copy)
    assert "findings at or above major" in major.err
    assert (high.code, high.err.splitlines()[-1]) == (major.code, major.err.splitlines()[-1])
    assert driftline("sync", folder=copy).code == 0


def test_another_severity_is_refused_with_those_that_there_are(copy: Path):
    said = driftline("sync", "--fail-on", "highest", folder=copy)
    assert (said.code, said.out) == (2, "")
    assert "'highest' is not one of 'notice', 'minor', 'major', 'critical', 'high'" in said.err


def test_no_finding_as_grave_as_the_limit_is_done(monday: Meridian):
    assert driftline("sync", "--fail-on", "critical", folder=monday.folder).code == 0
    assert driftline("sync", "--fail-on", "notice", folder=monday.folder).code == 1


def test_a_failed_source_ends_with_3_and_is_named_with_a_remedy_while_the_others_go_on(copy: Path):
    """S4, S12: also with --fail-on, because what stands was not completely checked."""
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    said = driftline("sync", "--fail-on", "critical", folder=copy)
    assert said.code == 3
    assert [line.split()[1] for line in said.lines[1:6]] == ["failed", *["complete"] * 4]
    told = said.err[said.err.index("error: ") :].splitlines()
    assert "token" in told[0]
    assert told[1] == "  --> source jira"
    assert told[2].startswith("hint: ")
    assert "wrong" not in said.err


def test_a_mass_loss_is_believed_only_for_one_named_source_read_in_full(monday: Meridian):
    """S6: a lost permission looks like deletion; whoever knows better must say so, and for which source."""
    driftline("sync", folder=monday.folder)
    for opportunity in list(monday.salesforce.opportunities):
        monday.salesforce.delete(opportunity)
    doubted = driftline("sync", "--full", "salesforce", folder=monday.folder)
    assert doubted.code == 3
    assert "18 of 18" in doubted.err
    words = ("sources", "approve", "salesforce", "--reason", "sold", "--yes")
    assert driftline(*words, folder=monday.folder).code == 0
    believed = driftline("sync", "salesforce", "--json", folder=monday.folder)
    assert believed.code == 0
    assert believed.json["results"][0]["absent"] == 18
    left = driftline("findings", "--json", folder=monday.folder).json
    assert sorted(each["finding"]["check"] for each in left) == sorted(
        ["missing-enabler", "unfunded-objective", *["unpriced-delay"] * (len(left) - 2)]
    )


def test_the_log_tells_as_much_as_the_settings_ask_for_and_verbose_tells_all(copy: Path, changed: Change):
    changed(copy / "driftline.yaml", "version: 1\n", "version: 1\nlog: {level: error}\n")
    assert driftline("sync", folder=copy).err == ""
    assert '"source.read"' in driftline("-v", "sync", folder=copy).err


def test_beside_another_owner_it_is_refused_and_names_the_holder(copy: Path, tuesday: Meridian):
    with (
        Store.open(url_of(copy / "state" / "driftline.db")) as store,
        Ownership.acquire(store, holder="driftline run", now=tuesday.clock()),
    ):
        for command in (("digest", "send", "leaders"), ("db", "upgrade")):
            said = driftline(*command, folder=copy)
            assert (said.code, said.out) == (2, ""), command
            assert "error: " in said.err
            assert "driftline run" in said.err
            assert "hint: " in said.err
    assert driftline("db", "upgrade", folder=copy).code == 0


def test_at_a_terminal_the_progress_is_shown_and_the_log_is_not(copy: Path):
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    said = driftline("sync", folder=copy, columns=100)
    seen = without_escapes(said.err)
    # Which stages are drawn is a matter of how fast they pass.
    assert any(stage in seen for stage in ("reading ", "linking ", "judging"))
    assert "source.read" not in seen
    assert "source.failed" not in seen
    assert "error: " in seen
    assert "reading" not in said.out


def test_in_a_pipe_there_is_no_progress(copy: Path):
    said = driftline("sync", folder=copy)
    assert said.code == 0
    assert "reading" not in said.out + said.err
    assert "\r" not in said.err


def test_ctrl_c_ends_with_130_and_keeps_nothing_half_done(monday: Meridian):
    monday.salesforce_server.add_fault(Fault(pattern="query", delay_seconds=0.3, times=None))
    with subprocess.Popen(
        command_line("sync", folder=monday.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        running.stderr.readline()  # the first source was read: the run is under way
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, "")
    assert "interrupted; nothing half-done was kept" in err
    with Store.open(url_of(monday.folder / "state" / "driftline.db")) as store:
        assert [run.outcome.value for run in store.runs()] == ["interrupted"]
        assert store.tracked() == {}


def test_a_sign_in_page_is_told_as_such(monday: Meridian, changed: Change):
    """S4."""
    http = "    kind: salesforce\n    http: {attempts: 1}\n"
    changed(monday.folder / "driftline.yaml", "    kind: salesforce\n", http)
    monday.salesforce_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))
    said = driftline("sync", "salesforce", folder=monday.folder)
    assert said.code == 3
    assert "sign-in" in said.err
    assert "  --> source salesforce" in said.err
