"""Secrets become values in memory only; a message never holds one (X1)."""

import logging
import os
import sys
import time
import traceback
from pathlib import Path

import pytest
from pydantic import Field

from config.secrets import exposed_files, resolve, secrets_of, unresolvable
from model.errors import ConfigurationError
from model.options import Options
from model.secret import Secret

CANARY = "cnry7Qm2Zx9Lp4Vt8Rb3Kd6Wf1"


class Account(Options):
    name: str = ""
    token: Secret | None = None
    others: tuple[Secret, ...] = ()


class Holder(Options):
    mail: Account = Account()
    sources: dict[str, Account] = Field(default_factory=dict)


def holder(*references: str) -> Holder:
    return Holder(sources={f"s{index}": Account(token=Secret(each)) for index, each in enumerate(references)})


def program(tmp_path: Path, text: str) -> str:
    script = tmp_path / "tell"
    script.write_text(f"#!{sys.executable}\n{text}\n")
    script.chmod(0o700)
    return str(script)


def values(settings: Holder, tmp_path: Path, **environment: str) -> list[str]:
    resolved = resolve(settings, environment={"PATH": os.defpath, **environment}, root=tmp_path)
    return [secret.reveal() for _, secret in secrets_of(resolved)]


def problems(settings: Holder, tmp_path: Path, **more):
    with pytest.raises(ConfigurationError) as caught:
        resolve(settings, environment={"PATH": os.defpath}, root=tmp_path, **more)
    return caught.value.problems


def test_an_environment_variable_is_read(tmp_path):
    assert values(holder("env:TOKEN"), tmp_path, TOKEN=CANARY) == [CANARY]


def test_a_file_beside_the_settings_is_read_without_its_last_line_end(tmp_path):
    (tmp_path / "token").write_bytes(f"{CANARY}\n".encode())
    (tmp_path / "windows").write_bytes(f"{CANARY}\r\n".encode())
    assert values(holder("file:token", "file:windows"), tmp_path) == [CANARY, CANARY]


def test_a_secret_of_several_lines_is_refused_where_one_is_sent_within_a_line(tmp_path):
    """X1: the library that refuses such a header quotes it. A key in PEM form has several lines."""

    class Keys(Options):
        private_key: Secret

    (tmp_path / "two").write_bytes(f"{CANARY}\nb\n\n".encode())
    [problem] = problems(holder("file:two"), tmp_path)
    assert (problem.location, CANARY in str(problem)) == ("sources.s0.token", False)
    assert problem.message == "the secret has several lines or characters that cannot be seen"
    assert unresolvable(holder("file:two"), environment={}, root=tmp_path) == (problem,)
    key = resolve(Keys(private_key=Secret("file:two")), environment={}, root=tmp_path).private_key
    assert key.reveal() == f"{CANARY}\nb\n"


def test_a_command_is_run_without_a_shell(tmp_path):
    script = program(tmp_path, "import sys; print('|'.join(sys.argv[1:]))")
    assert values(holder(f"command:{script} 'a b' $HOME ; rm"), tmp_path) == ["a b|$HOME|;|rm"]


def test_a_command_that_several_settings_name_runs_once(tmp_path):
    script = program(tmp_path, "open('ran', 'a').write('x'); print('v')")
    assert values(holder(f"command:{script}", f"command:{script}"), tmp_path) == ["v", "v"]
    assert (tmp_path / "ran").read_text() == "x"


def test_secrets_in_every_corner_of_the_settings_are_found(tmp_path):
    settings = Holder(
        mail=Account(token=Secret("env:A")),
        sources={"crm": Account(others=(Secret("env:B"), Secret("env:C")))},
    )
    assert [path for path, _ in secrets_of(settings)] == [
        "mail.token",
        "sources.crm.others.0",
        "sources.crm.others.1",
    ]
    assert values(settings, tmp_path, A="1", B="2", C="3") == ["1", "2", "3"]


def test_the_given_settings_stay_unresolved(tmp_path):
    settings = holder("env:TOKEN")
    resolve(settings, environment={"TOKEN": CANARY}, root=tmp_path)
    with pytest.raises(ConfigurationError, match="was not resolved"):
        settings.sources["s0"].token.reveal()


def test_all_secrets_that_cannot_be_had_are_told_at_once(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_text("x" * 70_000)
    os.mkfifo(tmp_path / "pipe")
    found = problems(
        holder(
            "env:MISSING",
            "file:absent",
            "file:empty",
            "file:latin",
            "file:long",
            "file:pipe",
            "file:a\0b",
            "command:no-such-program",
            "command:'open",
        ),
        tmp_path,
    )
    assert [problem.location for problem in found] == [f"sources.s{index}.token" for index in range(9)]
    assert [problem.message.replace(str(tmp_path), "…") for problem in found] == [
        "the environment variable MISSING is not set",
        "there is no file …/absent",
        "…/empty is empty",
        "…/latin is not UTF-8 text",
        "…/long is longer than 65536 bytes",
        "…/pipe is not a regular file",
        "…/a\0b cannot be read: the name is not valid",
        "there is no program no-such-program",
        "the command has an open quote",
    ]
    assert found[0].hint == "set MISSING in the environment in which Driftline runs"
    assert all(problem.hint for problem in found)


def test_an_empty_environment_variable_is_a_mistake(tmp_path):
    with pytest.raises(ConfigurationError, match="the environment variable TOKEN is empty"):
        values(holder("env:TOKEN"), tmp_path, TOKEN=" ")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    script = tmp_path / "hang"
    script.write_text("#!/bin/sh\nsleep 60 &\necho $! > child\nwait\n")
    script.chmod(0o700)
    (problem,) = problems(holder(f"command:{script}"), tmp_path, timeout_seconds=0.5)
    assert problem.message == f"{script} gave no answer within 0.5 s"
    status = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/status")
    deadline = time.monotonic() + 5
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_failing_command_is_told_without_what_it_printed(tmp_path):
    script = program(
        tmp_path,
        "import sys\n"
        f"print('{CANARY}')\n"
        f"print('vault is sealed, asked with {CANARY} and hvs.Zk4812ppqqWW\\nsecond line', file=sys.stderr)\n"
        "sys.exit(4)",
    )
    (problem,) = problems(holder(f"command:{script} --password {CANARY}"), tmp_path)
    assert problem.message == f"{script} ended with status 4: vault is sealed, asked with *** and ***"
    assert CANARY not in str(problem)


def test_a_check_tells_what_is_missing_without_running_a_command(tmp_path):
    script = program(tmp_path, "open('ran', 'a').write('x'); print('v')")
    settings = holder(f"command:{script}", "env:MISSING", "command:no-such-program", "file:absent")
    found = unresolvable(settings, environment={"PATH": os.defpath}, root=tmp_path)
    assert [problem.location for problem in found] == ["sources.s1.token", "sources.s2.token", "sources.s3.token"]
    assert not (tmp_path / "ran").exists()


def test_a_file_that_everybody_may_read_is_a_warning(tmp_path):
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        (tmp_path / name).write_text(CANARY)
        (tmp_path / name).chmod(mode)
    settings = holder("file:open", "file:closed", "file:absent", "env:TOKEN")
    (warning,) = exposed_files(settings, root=tmp_path)
    assert warning.location == "sources.s0.token"
    assert warning.hint == f"chmod o-rwx {tmp_path}/open"


def test_a_value_never_shows_in_repr_errors_logs_or_dumps(tmp_path, caplog):
    (tmp_path / "token").write_text(CANARY)
    script = program(tmp_path, f"import sys; print('{CANARY}'); print('{CANARY}', file=sys.stderr)")
    settings = holder("env:TOKEN", "file:token", f"command:{script}")
    resolved = resolve(settings, environment={"TOKEN": CANARY, "PATH": os.defpath}, root=tmp_path)
    assert [secret.reveal() for _, secret in secrets_of(resolved)] == [CANARY] * 3  # the canary is really there
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("settings %s %r", resolved, resolved)
    told = [repr(resolved), str(resolved), resolved.model_dump_json(), str(resolved.model_dump()), caplog.text]
    failing = Holder(sources={**resolved.sources, "x": Account(token=Secret("env:MISSING"))})
    try:
        resolve(failing, environment={"TOKEN": CANARY, "PATH": os.defpath}, root=tmp_path)
    except ConfigurationError:
        told.append(traceback.format_exc())
    assert "MISSING" in told[-1]
    assert not [text for text in told if CANARY in text]


class Rotating(Options):
    """A connector that keeps a secret in a file of its own."""

    refresh_token_file: Path | None = None
    workbook: Path | None = None


class Rotatings(Options):
    sources: dict[str, Rotating] = Field(default_factory=dict)


def test_a_file_in_which_a_connector_keeps_a_secret_is_no_exception(tmp_path):
    """X1: the refresh token that each sign-in replaces is as secret as one that is only read."""
    for name, mode in (("kept", 0o644), ("hidden", 0o600), ("book.xlsx", 0o644)):
        (tmp_path / name).write_text(CANARY)
        (tmp_path / name).chmod(mode)
    settings = Rotatings(
        sources={
            "crm": Rotating(refresh_token_file=Path("kept"), workbook=Path("book.xlsx")),
            "other": Rotating(refresh_token_file=tmp_path / "hidden"),
            "new": Rotating(refresh_token_file=Path("absent")),
        }
    )
    (warning,) = exposed_files(settings, root=tmp_path)
    assert warning.location == "sources.crm.refresh_token_file"
    assert warning.message == f"every user of this machine may read {tmp_path}/kept"
