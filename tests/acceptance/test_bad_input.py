"""What goes wrong on a bad day: one error with a remedy, the others go on, nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from model.findings import FindingState, TransitionKind
from model.records import Absence
from model.runs import RunOutcome, SourceOutcome, SourceResult
from sandbox.http import LOGIN_PAGE, Fault
from sandbox.meridian.savings import PROCUREMENT_FILE, SAVINGS_FILE
from state.store import Store
from tests.acceptance.conftest import Story
from tests.cli.console import driftline
from tests.ports import free_port


def wrong_token(story: Story) -> None:
    (story.folder / "secrets" / "jira-token").write_text("not-the-token", encoding="utf-8")


def wrong_asana_token(story: Story) -> None:
    (story.folder / "secrets" / "asana-token").write_text("not-the-token", encoding="utf-8")


def wrong_client_secret(story: Story) -> None:
    (story.folder / "secrets" / "salesforce-secret").write_text("not-the-secret", encoding="utf-8")


def login_page(story: Story) -> None:
    story.world.salesforce_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))


def down(story: Story) -> None:
    """Nobody listens at its address."""
    settings = story.folder / "driftline.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(story.world.asana_server.url, f"http://127.0.0.1:{free_port()}"), encoding="utf-8")


def half_written(story: Story) -> None:
    path = story.folder / "workbooks" / SAVINGS_FILE
    path.write_bytes(path.read_bytes()[:2000])


def gone(story: Story) -> None:
    (story.folder / "workbooks" / PROCUREMENT_FILE).unlink()


def lacking_a_column(story: Story) -> None:
    import openpyxl

    path = story.folder / "workbooks" / SAVINGS_FILE
    book = openpyxl.load_workbook(path)
    for row in book.active.iter_rows():
        for cell in row:
            if cell.value == "Abhängig von":
                cell.value = "Etwas anderes"
    book.save(path)
    book.close()


FAULTS: tuple[tuple[str, Callable[[Story], None], str], ...] = (
    ("jira", wrong_token, "token"),
    ("asana", wrong_asana_token, "token"),
    ("salesforce", wrong_client_secret, "secret"),
    ("salesforce", login_page, "sign-in"),
    ("asana", down, "asana"),
    ("savings", half_written, SAVINGS_FILE),
    ("procurement", gone, PROCUREMENT_FILE),
    ("savings", lacking_a_column, "Abhängig von"),
)


@pytest.mark.parametrize(("source", "spoil", "told"), FAULTS, ids=[fault[1].__name__ for fault in FAULTS])
def test_one_failing_source_is_named_with_a_remedy_and_the_others_go_on(
    tuesday: Story, source: str, spoil: Callable[[Story], None], told: str
):
    """S1, S4, S6, S11, S12, J23: nothing stored is lost or resolved because of it."""
    story = tuesday
    before = {fingerprint: tracked.state for fingerprint, tracked in story.store.tracked().items()}
    records = {name: story.store.present_ids(name) for name in story.configuration.settings.sources}
    spoil(story)
    _impatient(story.folder)
    run = story.sync(full=True)
    assert run.outcome is RunOutcome.PARTIAL
    failed: list[SourceResult] = [result for result in run.results if result.outcome is SourceOutcome.FAILED]
    assert [result.source for result in failed] == [source]
    assert told.casefold() in f"{failed[0].error} {failed[0].hint}".casefold()
    assert failed[0].hint
    assert {name: story.store.present_ids(name) for name in records} == records
    assert {fingerprint: tracked.state for fingerprint, tracked in story.store.tracked().items()} == before
    held = [tracked for tracked in story.store.tracked().values() if tracked.held_since is not None]
    resting_on_it = [
        tracked for tracked in story.store.tracked().values() if tracked.standing and source in tracked.finding.sources
    ]
    assert {tracked.fingerprint for tracked in held} == {tracked.fingerprint for tracked in resting_on_it}
    assert not secrets_in(story)


def secrets_in(story: Story) -> list[str]:
    """The secrets that the state or a result shows (X1)."""
    world = story.world
    kept = b"".join(path.read_bytes() for path in story.folder.parent.glob("driftline.db*"))
    shown = kept.decode("utf-8", "replace") + repr(story.store.runs())
    secrets = (world.jira.token, world.asana.token, world.salesforce.client_secret, "not-the-token", "not-the-secret")
    return [secret for secret in secrets if secret in shown]


def test_a_failing_source_ends_the_command_with_three_and_says_what_to_do(story: Story):
    """The others are read all the same, and no secret is printed."""
    wrong_token(story)
    _impatient(story.folder)
    said = driftline("sync", folder=story.world.folder)
    assert said.code == 3
    everything = said.out + said.err
    assert "jira" in everything
    assert "token" in everything
    assert "not-the-token" not in everything
    with Store.open(story.configuration.state_url) as store:
        assert store.present_ids("jira") == set()
        assert len(store.present_ids("salesforce")) == 18


def test_a_rule_for_an_unknown_objective_ends_the_command_with_two_and_names_the_line(story: Story):
    """Nothing is read by half of a configuration."""
    rules = story.world.folder / "mapping" / "salesforce.yaml"
    text = rules.read_text(encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "objective: M-101" in row)
    rules.write_text(text.replace("objective: M-101", "objective: M-999"), encoding="utf-8")
    said = driftline("sync", folder=story.world.folder)
    assert said.code == 2
    assert f"salesforce.yaml:{line}:" in said.err
    assert "M-999" in said.err
    assert "hint: " in said.err
    assert not story.world.jira_server.requests


def test_a_held_finding_is_released_when_its_source_answers_again(tuesday: Story):
    story = tuesday
    story.world.jira_server.add_fault(Fault(pattern="/search", response=LOGIN_PAGE, times=None))
    _impatient(story.folder)
    story.sync()
    assert any(tracked.held_since for tracked in story.store.tracked().values())
    story.world.jira_server.clear_faults()
    story.sync()
    assert not any(tracked.held_since for tracked in story.store.tracked().values())
    kinds = [step.kind for step in story.store.transitions()]
    assert TransitionKind.HELD in kinds
    assert TransitionKind.RELEASED in kinds
    assert sum(1 for tracked in story.store.tracked().values() if tracked.state is FindingState.RESOLVED) == 1


def test_records_that_vanish_all_at_once_are_not_taken_as_deleted(story: Story):
    """S6: a revoked permission looks like an empty project."""
    story.sync()
    before = story.store.present_ids("salesforce")
    for opportunity in list(story.world.salesforce.opportunities):
        story.world.salesforce.delete(opportunity)
    run = story.sync("salesforce", full=True)
    assert run.results[0].outcome is SourceOutcome.FAILED
    assert "18 of 18" in run.results[0].error
    with story.store.view() as view:
        absent = {id_: why for id_, (why, _) in view.absences().items() if id_.startswith("salesforce:")}
    assert absent == dict.fromkeys((f"salesforce:{native_id}" for native_id in before), Absence.UNOBSERVED)
    assert all(finding.standing for finding in story.store.tracked().values())


def test_a_single_deleted_record_is_found_out_by_the_census_and_resolves_nothing_else(story: Story):
    """J20, D.2: the deal is gone, so what it was promised is no disagreement any more."""
    story.sync()
    story.world.move_to_tuesday()
    story.sync()
    story.world.salesforce.delete(story.world.deals["OPP-0003"])
    story.sync()
    assert "OPP-0003" in story.standing()
    story.sync(full=True)
    assert "OPP-0003" not in story.standing()
    assert len(story.standing("late-commitment")) == 4


def _impatient(folder: Path) -> None:
    """Give the sources one attempt and short time-outs, so that a test does not wait for patience."""
    path = folder / "driftline.yaml"
    text = path.read_text(encoding="utf-8")
    block = "    http: {attempts: 1, connect_timeout_seconds: 1, read_timeout_seconds: 2}\n"
    for kind in ("jira", "asana", "salesforce"):
        text = text.replace(f"    kind: {kind}\n", f"    kind: {kind}\n{block}")
    path.write_text(text, encoding="utf-8")
