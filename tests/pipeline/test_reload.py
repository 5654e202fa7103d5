"""An edited configuration is taken when it is sound as a whole; otherwise the last good one stays (F1, F10)."""

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from openpyxl import Workbook

from config.load import Configuration, load
from config.sample import write_sample
from config.secrets import resolve
from model.deliveries import DeliveryState
from pipeline.admin_mail import AUDIENCE
from pipeline.mapping_change import link_and_record
from pipeline.notify import deliver
from pipeline.reload import Reloader, conclude_anew
from state.store import Store
from tests.config.test_mutations import FILES, SNIPPETS, edited
from tests.digest.smtp_servers import running
from tests.pipeline.company import RULES, Company

ADMIN = "admin@acme.example"
MUTATIONS = int(os.environ.get("DRIFTLINE_MUTATIONS", "200"))


def loaded(company: Company) -> Configuration:
    found = load(company.folder / "driftline.yaml")
    return replace(found, settings=resolve(found.settings, environment=os.environ, root=found.root))


class Watched:
    """A reloader with the configuration that is in force, as a daemon has them."""

    def __init__(self, store: Store, company: Company) -> None:
        self.seconds = 0.0
        self.loads = 0
        self.company = company
        self.active = company.configuration
        self.reloader = Reloader(store, self._load, company.clock, lambda: self.seconds)
        self.reloader.begin(self.active)
        assert self.look() is None  # what was edited between the start and the first look would be seen here
        self.loads = 0

    def _load(self) -> Configuration:
        self.loads += 1
        return loaded(self.company)

    def look(self, **wishes: bool) -> Configuration | None:
        taken = self.reloader.look(self.active, **wishes)
        self.active = taken or self.active
        return taken

    def settle(self) -> Configuration | None:
        """Look until the files lie still."""
        return self.look() or self.look()


@pytest.fixture
def watched(store: Store, company: Company) -> Watched:
    company.settings["mail"]["admin"] = ADMIN
    company.write()
    return Watched(store, company)


def edit(company: Company, old: str, new: str, name: str = "rules") -> None:
    path = company.folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_files_that_lie_still_are_not_read(watched: Watched):
    for _ in range(5):
        assert watched.look() is None
    assert watched.loads == 0


def test_a_sound_edit_is_taken_once_the_file_lies_still(watched: Watched, company: Company):
    edit(company, "objective: LAUNCH", "objective: OTHER")
    assert watched.look() is None
    edit(company, "container: WEB", "container: OPS")
    assert watched.look() is None
    taken = watched.look()
    assert taken is not None
    assert {rule.objective_ids for rule in taken.mapping.rules} == {("OTHER",)}
    assert watched.loads == 1
    assert watched.look() is None


def test_a_file_that_was_only_touched_changes_nothing(watched: Watched, company: Company):
    os.utime(company.folder / "rules.yaml")
    assert watched.settle() is None
    assert watched.loads == 1


def test_a_new_file_that_a_pattern_names_is_noticed(store: Store, company: Company):
    company.settings["mapping"] = ["*rules*.yaml"]
    company.write()
    watched = Watched(store, company)
    (company.folder / "more-rules.yaml").write_text("version: 1\nrules: []\n")
    assert watched.settle() is not None
    (company.folder / "more-rules.yaml").unlink()
    assert watched.settle() is not None


def test_a_mistake_keeps_what_is_in_force_and_is_noted_with_its_place(watched: Watched, store: Store, company: Company):
    before = watched.active
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    assert watched.settle() is None
    assert watched.active is before
    refused = store.refused_configuration()
    assert refused is not None
    assert refused.active == before.mapping.fingerprint
    assert refused.problems[0].message == "there is no objective 'LUNCH'"
    assert refused.problems[0].location.endswith("rules.yaml:7:14")
    assert refused.problems[0].hint == "did you mean 'LAUNCH'?"


def test_one_wrong_file_keeps_the_sound_edit_of_another_back(watched: Watched, company: Company):
    edit(company, "name: Acme", "name: Acme Group", "objectives")
    edit(company, "rules:", "rulez:")
    assert watched.settle() is None
    assert watched.active.mapping.tree.objectives[0].name == "Acme"
    edit(company, "rulez:", "rules:")
    assert watched.settle() is not None
    assert watched.active.mapping.tree.objectives[0].name == "Acme Group"


def test_each_mistake_is_told_once_in_the_log_and_to_the_admin(watched: Watched, store: Store, company: Company):
    """F10; a hundred looks, two mistakes, one of them twice."""
    with structlog.testing.capture_logs() as lines:
        for wrong in ("LUNCH", "LUNCHEON", "LUNCH"):
            edit(company, "objective: LAUNCH", f"objective: {wrong}")
            for _ in range(33):
                assert watched.look() is None
                watched.seconds += 5
            edit(company, f"objective: {wrong}", "objective: LAUNCH")
    told = [line for line in lines if line["event"] == "configuration.refused"]
    assert [line["error"] for line in told] == ["there is no objective 'LUNCH'", "there is no objective 'LUNCHEON'"]
    assert all(line["location"].endswith("rules.yaml:7:14") for line in told)
    assert [(row.recipient, row.audience) for row in store.deliveries()] == [(ADMIN, AUDIENCE)] * 2


def test_the_mail_goes_out_with_the_place_and_the_hint(watched: Watched, store: Store, company: Company):
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    watched.settle()
    with running(company.mailbox) as port:
        smtp = watched.active.settings.mail.smtp.model_copy(update={"port": port})  # type: ignore[union-attr]
        mail = watched.active.settings.mail.model_copy(update={"smtp": smtp})  # type: ignore[union-attr]
        settings = watched.active.settings.model_copy(update={"mail": mail})
        deliver(store, replace(watched.active, settings=settings), now=company.now)
    [(_, recipients, content)] = company.mailbox.received
    assert recipients == [ADMIN]
    text = content.replace(b"=\r\n", b"")
    assert b"rules.yaml:7:14" in text
    assert b"there is no objective 'LUNCH'" in text
    [row] = store.deliveries()
    assert row.state is DeliveryState.SENT
    assert row.message_id.encode() in content


def test_without_an_address_nobody_is_mailed(store: Store, company: Company):
    watched = Watched(store, company)
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    watched.settle()
    assert store.refused_configuration() is not None
    assert store.deliveries() == []


def test_putting_the_old_text_back_ends_the_refusal(watched: Watched, store: Store, company: Company):
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    watched.settle()
    edit(company, "objective: LUNCH", "objective: LAUNCH")
    with structlog.testing.capture_logs() as lines:
        assert watched.settle() is None
    assert [line["event"] for line in lines] == ["configuration.sound_again"]
    assert store.refused_configuration() is None


def test_a_refusal_of_an_earlier_process_is_forgotten_at_the_start(watched: Watched, store: Store, company: Company):
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    watched.settle()
    edit(company, "objective: LUNCH", "objective: LAUNCH")
    Watched(store, company)
    assert store.refused_configuration() is None


def test_what_is_refused_is_tried_again_each_minute(watched: Watched, company: Company):
    """A secret may be there by now, or a file that only the refused settings name."""
    secret = company.folder / "crm-secret"
    text = secret.read_text()
    secret.unlink()
    edit(company, "container: WEB", "container: OPS")
    assert watched.settle() is None
    secret.touch(mode=0o600)
    secret.write_text(text)
    watched.seconds = 59
    assert watched.look() is None
    watched.seconds = 60
    assert watched.look() is not None


def test_a_wish_is_granted_at_once_and_brings_new_secrets(watched: Watched, company: Company):
    assert watched.look(at_once=True) is not None
    (company.folder / "crm-secret").write_text("another-secret")
    taken = watched.look(at_once=True)
    assert taken is not None
    assert taken.settings.sources["crm"].client_secret.reveal() == "another-secret"  # type: ignore[attr-defined]
    edit(company, "objective: LAUNCH", "objective: LUNCH")
    assert watched.look(at_once=True) is None


@pytest.mark.parametrize(
    ("section", "value", "named"),
    [
        ("state", {"url": "sqlite:///other.db"}, "state.url"),
        ("clock", {"shows": "2026-01-01T00:00:00Z", "since": "2026-01-01T00:00:00Z"}, "clock"),
    ],
)
def test_what_only_a_restart_can_change_is_said_and_nothing_is_taken(
    watched: Watched, store: Store, company: Company, section: str, value: Any, named: str
):
    company.settings[section] = value
    company.write(rules={"version": 1, "rules": RULES["rules"][:1]})  # type: ignore[index]
    before = watched.active
    assert watched.settle() is None
    assert watched.active is before
    refused = store.refused_configuration()
    assert refused is not None
    assert refused.problems[0].message == f"{named} cannot change while the daemon runs"
    assert "driftline.yaml:" in refused.problems[0].location
    assert "start the daemon anew" in refused.problems[0].hint


def test_a_crash_while_loading_is_a_refusal_and_shows_no_values(store: Store, company: Company):
    def crash() -> Configuration:
        raise RuntimeError("token=hunter2")

    reloader = Reloader(store, crash, company.clock)
    assert reloader.look(company.configuration, at_once=True) is None
    refused = store.refused_configuration()
    assert refused is not None
    assert "RuntimeError" in refused.problems[0].message
    assert "hunter2" not in str(refused)


def test_what_was_taken_is_linked_and_judged_without_asking_a_source(store: Store, tuesday: Company):
    asked = len(tuesday.jira_server.requests)
    tuesday.write(rules={"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
    tuesday.pass_time(minutes=1)
    steps = conclude_anew(store, tuesday.configuration, now=tuesday.now)
    assert len(steps) == 8
    assert len(tuesday.jira_server.requests) == asked
    assert len(store.runs()) == 2


def test_before_anything_was_read_there_is_nothing_to_judge_anew(store: Store, company: Company):
    assert conclude_anew(store, company.configuration, now=company.now) == ()
    assert store.inventory() is None


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sample"
    write_sample(folder)
    yield folder
    shutil.rmtree(folder)


def test_whatever_is_written_into_the_files_the_mapping_in_force_stays_or_is_sound(store: Store, sample: Path):
    """F1: 200 random edits here, 10,000 with DRIFTLINE_MUTATIONS=10000; some are taken, most are refused."""
    good = {name: (sample / name).read_text() for name in FILES}
    active = load(sample / "driftline.yaml")
    moment, sound = Company.now, ""

    def read() -> Configuration:
        nonlocal sound
        sound = ""
        found = load(sample / "driftline.yaml")
        sound = found.fingerprint
        return found

    reloader = Reloader(store, read, lambda: moment)
    reloader.begin(active)
    dice = random.Random(4)
    taken = refused = 0
    for _ in range(MUTATIONS):
        name = dice.choice(FILES)
        (sample / name).write_text(_mutated(dice, good[name]))
        before = active.fingerprint
        found = reloader.look(active, at_once=True)
        assert (found.fingerprint if found else "") == sound
        assert active.fingerprint == before
        assert (store.refused_configuration() is None) is bool(sound)
        active = found or active
        taken, refused = taken + (found is not None), refused + (found is None)
        (sample / name).write_text(good[name])
        moment += timedelta(seconds=5)
    assert taken > MUTATIONS / 20
    assert refused > MUTATIONS / 20


def _mutated(dice: random.Random, text: str) -> str:
    """A change of lines, or of single characters."""
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.3:
            at = dice.randrange(len(text) + 1)
            text = text[:at] + chr(dice.randrange(1, 256)) + text[at + dice.randint(0, 2) :]
        else:
            kinds = ["remove", "double", "move", "indent", "cut", "insert", "replace", "value"]
            text = edited(
                text, (dice.choice(kinds), dice.randrange(10_000), dice.randrange(200), dice.choice(SNIPPETS))
            )
    return text


def test_a_lookup_table_in_a_workbook_is_watched_and_its_change_recorded(store: Store, company: Company):
    def write(objective: str) -> None:
        book = Workbook()
        book.active.title = "Teams"
        for row in (("Team", "Objective"), ("WEB", objective)):
            book.active.append(row)
        book.save(company.folder / "teams.xlsx")

    write("LAUNCH")
    table = "{workbook: teams.xlsx, sheet: Teams, key: Team, objective: Objective}"
    edit(company, "rules:", f"lookups: {{teams: {table}}}\nrules:")
    edit(company, "objective: LAUNCH", "objective: {lookup: teams, by: container}")
    watched = Watched(store, company)
    before = watched.active
    link_and_record(store, before, now=company.now)
    write("LUNCH")
    assert watched.settle() is None
    refused = store.refused_configuration()
    assert refused is not None
    assert refused.problems[0].location.endswith("teams.xlsx!Teams!B2")
    write("OTHER")
    taken = watched.settle()
    assert taken is not None
    assert taken.mapping.fingerprint != before.mapping.fingerprint
    link_and_record(store, taken, now=company.now)
    (change,) = store.mapping_changes(after=0)
    assert change.files.changed == ("teams.xlsx",)
