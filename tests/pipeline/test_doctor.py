"""The doctor names each thing that is wrong with one remedy, changes nothing, sends nothing and tells no secret."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from digest.deliver import Sender
from model.deliveries import DeliveryState
from model.errors import DeliveryError, Problem
from model.runs import Run, RunOutcome
from model.trust import Doubt, Held
from pipeline import doctor_machine
from pipeline.doctor import Diagnosis, Patient, Verdict, examine
from pipeline.doctor_versions import versions
from state.backup import RESTORED
from state.store import Store
from tests.databases import ON_POSTGRESQL, url_of
from tests.digest.smtp_servers import running
from tests.pipeline.company import Company
from tests.state.test_outbox import mail

OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The mail server answers as the test wants."""

    class Answer:
        error: DeliveryError | None = None
        asked = 0

    def try_out(_sender: Sender) -> None:
        Answer.asked += 1
        if Answer.error:
            raise Answer.error

    monkeypatch.setattr(Sender, "try_out", try_out)
    Answer.error, Answer.asked = None, 0
    return Answer


def examined(company: Company, *mistakes: Problem, **changes: Any) -> list[Diagnosis]:
    patient = Patient(
        configuration=load(company.folder / "driftline.yaml"),
        url=url_of(company.folder / "state.db"),
        now=company.now,
        system_now=company.now,
        environment={},
        lock=Path("/nowhere"),
    )
    # A company lives in September 2026, and a database server does not.
    return [each for each in examine(replace(patient, **changes), mistakes) if "the database's clock" not in each.says]


def told(found: list[Diagnosis], area: str, verdict: Verdict | None = None) -> list[tuple[str, str]]:
    return [(each.says, each.remedy) for each in found if each.area == area and verdict in (None, each.verdict)]


def says(found: list[Diagnosis], area: str, verdict: Verdict) -> str:
    return "\n".join(f"{line} → {remedy}" for line, remedy in told(found, area, verdict))


def test_a_sound_company_has_nothing_to_mend(tuesday: Company, server: Any) -> None:
    found = examined(tuesday)
    assert [each for each in found if each.verdict is FAILED] == []
    assert server.asked == 1
    database = says(found, "database", OK)
    for part in ("at schema", "nobody", *(() if ON_POSTGRESQL else ("sound", "wal, full"))):
        assert part in database
    assert "was read completely on" in says(found, "sources", OK)
    assert "somebody is in 1 of 1" in says(found, "audiences", OK)


def test_before_the_first_run_it_makes_no_state(company: Company, server: Any) -> None:
    found = examined(company)
    assert told(found, "database", WARNING)[0][1] == "run driftline sync"
    assert not (company.folder / "state.db").exists()


def test_a_newer_state_is_told_with_what_to_do(company: Company, store: Store, server: Any) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    assert "newer than this program" in says(examined(company), "database", FAILED)


@pytest.mark.sqlite_only("a file is damaged; a server notices damage to its own")
def test_a_damaged_state_is_told_with_what_to_do(company: Company, store: Store, server: Any) -> None:
    store.close()
    (company.folder / "state.db").write_bytes(b"no database at all" * 100)
    found = examined(company)
    assert "restore the last backup" in says(found, "database", FAILED)
    assert told(found, "disk")  # one broken area keeps no other from being looked at


@pytest.mark.sqlite_only("the rights of a file of one's own")
def test_a_file_that_others_can_read_and_a_folder_that_all_can_write_are_named(tuesday: Company, server: Any) -> None:
    state = tuesday.folder / "state.db"
    state.chmod(0o644)
    tuesday.folder.chmod(0o777)
    warned = says(examined(tuesday), "permissions", WARNING)
    assert f"→ chmod 600 {state}" in warned
    assert f"→ chmod o-w {tuesday.folder}" in warned
    state.chmod(0o600)
    tuesday.folder.chmod(0o700)
    assert told(examined(tuesday), "permissions", WARNING) == []


def test_a_secret_that_is_missing_or_open_to_all_is_named_and_never_shown(company: Company, server: Any) -> None:
    canary = "c4n4ry-s3cret-v4lue"
    (company.folder / "token").write_text(canary)
    (company.folder / "token").chmod(0o644)
    company.settings["sources"]["jira"]["token"] = "file:token"
    smtp = {"username": "me", "password": "env:NOT_SET", "security": "starttls"}
    company.settings["mail"]["smtp"] |= smtp
    company.write()
    found = examined(company)
    assert "mail.smtp.password: the environment variable NOT_SET is not set" in says(found, "secrets", FAILED)
    assert "chmod o-rwx" in says(found, "secrets", WARNING)
    assert "NOT_SET" in says(found, "mail", FAILED)
    assert server.asked == 0
    assert canary not in repr(found)


def test_a_mail_server_that_refuses_is_told_with_its_hint(tuesday: Company, server: Any) -> None:
    server.error = DeliveryError("it refused the sign-in: 535", permanent=True, hint="check smtp.username")
    assert told(examined(tuesday), "mail", FAILED) == [("it refused the sign-in: 535", "check smtp.username")]


def test_it_connects_to_the_real_server_and_sends_nothing(tuesday: Company) -> None:
    assert "cannot be reached" in says(examined(tuesday), "mail", FAILED)
    with running(tuesday.mailbox) as port:
        tuesday.settings["mail"]["smtp"]["port"] = port
        tuesday.write()
        [(line, _)] = told(examined(tuesday), "mail")
    assert line == f"127.0.0.1:{port} answers, unencrypted, on this machine, without signing in"
    assert tuesday.mailbox.received == []


def test_mails_that_are_held_after_a_restoration_are_counted(tuesday: Company, store: Store, server: Any) -> None:
    with tuesday.open_store() as opened:
        [row] = opened.add_deliveries([mail("old")])
        assert row.id is not None
        opened.mark_delivery(row.id, DeliveryState.UNKNOWN, now=tuesday.now, error=RESTORED)
    assert says(examined(tuesday), "mail", WARNING).startswith("1 held since a backup was restored")


@pytest.mark.sqlite_only("the disk of a server is not ours to look at")
def test_a_full_disk_is_told_before_it_is_full(tuesday: Company, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in ((10 * 2**20, FAILED), (200 * 2**20, WARNING), (2**40, OK)):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr(doctor_machine.shutil, "disk_usage", lambda _path, usage=usage: usage)
        assert len(told(examined(tuesday), "disk", verdict)) == 1


def test_a_clock_behind_the_last_run_is_wrong(tuesday: Company, store: Store, server: Any) -> None:
    """C13."""
    with tuesday.open_store() as opened:
        later = tuesday.now + timedelta(days=2)
        run = opened.start_run(later, baseline=False)
        opened.finish_run(Run(id=run, started_at=later, finished_at=later, outcome=RunOutcome.DONE))
    assert "has not come yet" in says(examined(tuesday), "clock", FAILED)
    assert told(examined(tuesday, system_now=later), "clock", FAILED) == []


def test_the_clock_is_compared_with_those_of_the_sources_without_signing_in(
    tuesday: Company, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, set[str]]] = []

    def noted(stand_in: Any) -> Any:
        answer = stand_in.answer

        def note(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
            asked.append((f"{method} {body!r}", {name.lower() for name in headers}))
            return answer(method, target, headers, body)

        return note

    for stand_in in (tuesday.jira_server, tuesday.crm_server):
        monkeypatch.setattr(stand_in, "answer", noted(stand_in))
    said = says(examined(tuesday), "clock", OK)
    assert all(f"the server of {name}, within 60 s" in said for name in ("crm", "jira"))
    assert [line for line, _ in asked] == ["GET b''"] * 2
    assert not any({"authorization", "cookie"} & names for _, names in asked)


def test_a_source_whose_clock_is_off_and_one_that_is_away_are_named(
    tuesday: Company, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S8."""
    monkeypatch.setattr(tuesday.jira_server, "skew", timedelta(hours=-2))
    config = (tuesday.folder / "driftline.yaml").read_text("utf-8")
    (tuesday.folder / "driftline.yaml").write_text(config.replace(tuesday.crm_server.url, "http://127.0.0.1:1"))
    told_ = says(examined(tuesday), "clock", WARNING)
    assert re.search(r"the server of jira is 7,(199|200|201) s behind this machine → let both follow", told_)
    assert "not compared with crm: no connection to http://127.0.0.1:1" in told_


def test_a_held_source_is_told_with_since_when_and_so_is_an_orphaned_hold(
    tuesday: Company, store: Store, server: Any
) -> None:
    since = datetime(2026, 9, 1, tzinfo=UTC)
    with tuesday.open_store() as opened:
        for name in ("jira", "gone"):
            opened.hold(Held(source=name, doubt=Doubt.LOSS, reason="too much is gone", since=since))
        with opened.engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO sources (source, read_at, complete, error)"
                " VALUES ('gone', '2026-09-01 00:00:00', false, '')"
            )
    found = says(examined(tuesday), "sources", WARNING)
    assert "jira is held since 2026-09-01 00:00 UTC: too much is gone → driftline sources approve jira" in found
    assert "gone is no longer configured, and is held since 2026-09-01 00:00 UTC" in found


def test_a_source_that_nobody_reads_any_more_is_stale(tuesday: Company, server: Any) -> None:
    late = tuesday.now + timedelta(days=3)
    assert "was last read on" in says(examined(tuesday, now=late, system_now=late), "sources", WARNING)


def test_credentials_are_told_before_and_after_their_end(company: Company, server: Any) -> None:
    today = company.now.date()
    for day, verdict in ((today - timedelta(1), FAILED), (today + timedelta(3), WARNING), (date(2030, 1, 1), OK)):
        company.settings["sources"]["jira"]["expires_on"] = day
        company.write()
        assert len(told(examined(company), "credentials", verdict)) == 1


def test_an_audience_that_nobody_receives_is_told(tuesday: Company, store: Store, server: Any) -> None:
    recipients = tuesday.settings["digests"]["leaders"]["recipients"]
    for number, address in enumerate(recipients, start=1):
        with tuesday.open_store() as opened:
            [row] = opened.add_deliveries([mail("today", recipient=address)])
            assert row.id is not None
            opened.mark_delivery(row.id, DeliveryState.FAILED, now=tuesday.now, error="550 no such user")
        found = Counter(each.verdict for each in examined(tuesday) if each.area == "audiences")
        assert found[FAILED] == (number == len(recipients))
        assert found[WARNING] == (number if number < len(recipients) else 0)
    del tuesday.settings["digests"]
    tuesday.write()
    assert "nobody is told anything" in says(examined(tuesday), "audiences", WARNING)


def test_libraries_are_compared_with_the_lock(tuesday: Company, server: Any, tmp_path: Path) -> None:
    from importlib.metadata import version

    lock = tmp_path / "lock"
    same = f"click=={version('click')} \\\n    --hash=sha256:00\nno-such-library==1.0\n"
    lock.write_text(same)
    assert "every library" in says(examined(tuesday, lock=lock), "versions", OK)
    lock.write_text(same.replace(version("click"), "0.1"))
    assert f"click {version('click')}" in says(examined(tuesday, lock=lock), "versions", WARNING)


def test_without_a_lock_libraries_are_compared_with_what_the_installed_program_asks_for(
    company: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for a wheel: there is its metadata, and no lock beside it."""
    from importlib.metadata import version

    def asking_for(*wishes: str) -> list[tuple[Verdict, str]]:
        lines = [
            "Metadata-Version: 2.4",
            "Name: driftline",
            "Version: 9.9",
            "Provides-Extra: chat",
            "Provides-Extra: dev",
        ]
        folder = tmp_path / "driftline-9.9.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {wish}" for wish in wishes)]))
        return [(each.verdict, each.says) for each in versions(Patient(**given, lock=Path("/nowhere")))]

    given: dict[str, Any] = {"configuration": load(company.folder / "driftline.yaml"), "url": "", "environment": {}}
    given |= {"now": company.now, "system_now": company.now}
    monkeypatch.syspath_prepend(str(tmp_path))
    others = (
        "no-such-library; python_version < '3'",  # for another platform
        "no-such-library; extra == 'chat'",  # told where something configured needs it
        "click<1; extra == 'dev'",  # for those who work on the program
    )
    own, sound = asking_for("click>=8", *others)
    assert own[1].startswith("driftline 9.9 on Python ")
    assert sound == (OK, "every library is of a version that driftline asks for")
    _, lacking, unfit = asking_for("no-such-library>=2", "click<1", "rich<1; extra == 'chat'")
    assert lacking == (FAILED, "not installed: no-such-library")
    said = f"click {version('click')} (asks for <1), rich {version('rich')} (asks for <1)"
    assert unfit == (WARNING, f"not the versions that driftline asks for: {said}")


def test_mistakes_in_the_files_are_told_where_they_are(company: Company, server: Any) -> None:
    found = examined(company, Problem("an unknown key 'x'", "rules.yaml:3:1", "did you mean y?"))
    assert told(found, "configuration") == [("an unknown key 'x' (rules.yaml:3:1)", "did you mean y?")]
