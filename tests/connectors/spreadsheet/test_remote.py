"""Workbooks on servers: https and sftp by real servers, s3 and gs where their libraries are installed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.spreadsheet import SpreadsheetConnector, SpreadsheetOptions
from connectors.spreadsheet.place import RemotePath
from connectors.spreadsheet.remote import HttpsStore
from model.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceUnavailableError,
)
from model.secret import Secret
from sandbox.http import LOGIN_PAGE, Fault, Request, Response, StandIn
from tests.connectors.contract import context_at
from tests.connectors.spreadsheet.books import COLUMNS, HEADER, write
from tests.connectors.spreadsheet.ssh_server import SshServer

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def secret(value: str) -> Secret:
    return Secret("env:NAME").resolved(value)


def opened(address: str, **changes: Any) -> SpreadsheetConnector:
    values: dict[str, Any] = {"path": address, "columns": COLUMNS, "currency": "EUR", "http": {"attempts": 1}}
    return SpreadsheetConnector("tracker", SpreadsheetOptions.model_validate(values | changes), context_at())


def keys(connector: SpreadsheetConnector) -> list[str]:
    return [record.key for page in connector.changed(None) for record in page.records]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "Tracker.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, 5)])
    return path


@pytest.fixture
def server(book: Path) -> Iterator[StandIn]:
    def guarded(request: Request) -> Response:
        allowed = request.headers.get("Authorization") == "Bearer t0ken" or request.query.get("sig") == "t0ken"
        return Response(book.read_bytes(), content_type=WORKBOOK) if allowed else Response({}, 401)

    with StandIn() as stand_in:
        stand_in.route("GET", "/Tracker.xlsx", lambda _: Response(book.read_bytes(), content_type=WORKBOOK))
        stand_in.route("GET", "/guarded/Tracker.xlsx", guarded)
        yield stand_in


def test_a_workbook_is_read_from_a_web_server(server: StandIn, book: Path) -> None:
    source = opened(f"{server.url}/Tracker.xlsx")
    assert keys(source) == ["M-1"]
    assert source.probe().server.startswith("Tracker.xlsx: ")
    cursor = source.next_cursor()
    assert list(opened(f"{server.url}/Tracker.xlsx").changed(cursor)) == [], "the same content makes no page (X27)"


def test_what_a_web_server_has_is_discovered(server: StandIn) -> None:
    """Also with a sign-in, and while the configured columns are wrong."""
    address = f"{server.url}/guarded/Tracker.xlsx"
    found = opened(address, storage={"token": secret("t0ken")}, columns={"key": "Nowhere"}).discover()
    assert [container.id for container in found.containers] == ["Savings"]
    assert [each.name for each in found.fields] == list(HEADER)
    assert "Nowhere" in found.problems[0].message


@pytest.mark.parametrize("storage", [{"token": "t0ken"}, {"query": "sig=t0ken"}])
def test_a_token_or_a_signed_link_signs_in(server: StandIn, storage: dict[str, str]) -> None:
    known = {name: secret(value) for name, value in storage.items()}
    assert keys(opened(f"{server.url}/guarded/Tracker.xlsx", storage=known)) == ["M-1"]
    wrong = {name: secret("wrong-one") for name in storage}
    with pytest.raises(SourceAuthError) as caught:
        keys(opened(f"{server.url}/guarded/Tracker.xlsx", storage=wrong))
    assert "wrong-one" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(response=Response({}, 404)), SourceGoneError),
        (Fault(response=LOGIN_PAGE), SourceError),
        (Fault(response=Response({}, 503)), SourceUnavailableError),
        (Fault(cut_at=300), SourceUnavailableError),
        (Fault(response=Response(b"x" * 2_500_000, content_type=WORKBOOK)), SourceContentError),
        (Fault(response=Response(status=302, headers={"Location": "http://127.0.0.2:9/T.xlsx"})), SourceContentError),
    ],
    ids=["gone", "sign-in page", "unavailable", "torn", "too large", "sent elsewhere"],
)
def test_what_is_no_whole_workbook_is_one_clear_error(
    server: StandIn, fault: Fault, expected: type[SourceError]
) -> None:
    """S3, S4, S11, F8: nothing is concluded from any of them."""
    server.add_fault(fault)
    with pytest.raises(expected) as caught:
        keys(opened(f"{server.url}/Tracker.xlsx", largest_file_megabytes=2))
    assert caught.value.problems[0].hint


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        keys(opened("http://files.example.com/Tracker.xlsx"))


@pytest.fixture
def ssh(tmp_path: Path, book: Path) -> Iterator[tuple[SshServer, dict[str, Any]]]:
    with SshServer(tmp_path) as running:
        known = tmp_path / "known_hosts"
        known.write_text(running.known_hosts)
        yield running, {"known_hosts": known, "storage": {"user": secret("ops"), "password": secret("s3cret")}}


def test_a_workbook_is_read_over_sftp(ssh: tuple[SshServer, dict[str, Any]]) -> None:
    running, options = ssh
    assert keys(opened(f"sftp://127.0.0.1:{running.port}/Tracker.xlsx", **options)) == ["M-1"]


def test_the_newest_of_several_is_read_over_sftp(ssh: tuple[SshServer, dict[str, Any]], tmp_path: Path) -> None:
    """X20."""
    running, options = ssh
    write(tmp_path / "Tracker 2.xlsx", [HEADER, ("M-2", "Belt", None, 5)])
    os.utime(tmp_path / "Tracker.xlsx", (1_000_000_000, 1_000_000_000))
    (tmp_path / "~$Tracker 3.xlsx").write_bytes(b"x")
    address = f"sftp://127.0.0.1:{running.port}/Tracker*.xlsx"
    assert keys(opened(address, pick="newest", **options)) == ["M-2"]
    with pytest.raises(SourceContentError, match="all match"):
        keys(opened(address, **options))


def test_a_wrong_password_or_an_unknown_server_is_told_without_the_password(
    ssh: tuple[SshServer, dict[str, Any]], tmp_path: Path
) -> None:
    running, options = ssh
    address = f"sftp://127.0.0.1:{running.port}/Tracker.xlsx"
    wrong = options | {"storage": {"user": secret("ops"), "password": secret("not-it")}}
    with pytest.raises(SourceAuthError) as caught:
        keys(opened(address, **wrong))
    assert "not-it" not in str(caught.value)
    (tmp_path / "nobody").write_text("")
    with pytest.raises(SourceError, match="known_hosts"):
        keys(opened(address, **options | {"known_hosts": tmp_path / "nobody"}))


def test_a_missing_and_a_too_large_file_over_sftp(ssh: tuple[SshServer, dict[str, Any]], tmp_path: Path) -> None:
    running, options = ssh
    address = f"sftp://127.0.0.1:{running.port}"
    with pytest.raises(SourceGoneError, match=r"there is no Other\.xlsx"):
        keys(opened(f"{address}/Other.xlsx", **options))
    with (tmp_path / "Sparse.xlsx").open("wb") as sparse:
        sparse.truncate(3_000_000_000)
    with pytest.raises(SourceContentError, match="larger than the limit"):
        keys(opened(f"{address}/Sparse.xlsx", **options))


@pytest.mark.parametrize(
    ("scheme", "module", "extra"), [("sftp", "paramiko", "sftp"), ("s3", "fsspec", "s3"), ("gs", "fsspec", "gcs")]
)
def test_what_to_install_is_said(scheme: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        keys(opened(f"{scheme}://files.example.com/Tracker.xlsx"))
    assert caught.value.problems[0].hint == f"pip install 'driftline[{extra}]'"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"path": "ftp://host/T.xlsx"}, "ftp: cannot be read"),
        ({"path": "s3://bucket"}, "names no file"),
        ({"path": "sftp://ops:pw@host/T.xlsx"}, "put it under storage:"),
        ({"path": "https://host/T.xlsx?sig=abc"}, "put it under storage:"),
        ({"path": "https://host/T*.xlsx"}, "cannot be listed over https"),
        ({"path": "s3://bucket/T.pdf"}, "cannot be read"),
        ({"path": "s3://bucket/T.xlsx", "root": "/data"}, "root: only for files of this machine"),
        ({"path": "T.xlsx", "storage": {"key": "env:KEY"}}, "storage: only for addresses"),
        ({"path": "s3://bucket/T.xlsx", "storage": {"key": "literal"}}, "a secret is written as a reference"),
        ({"path": "https://host/T.xlsx", "endpoint": "https://x"}, "endpoint: only for"),
    ],
)
def test_addresses_that_cannot_work_are_refused_at_once(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SpreadsheetOptions.model_validate({"columns": COLUMNS} | changes)


def test_a_workbook_is_read_from_an_object_store(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs s3fs and moto, which the development environment does not bring."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    try:
        endpoint = "http://{}:{}".format(*running.get_host_and_port())
        client = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
        )
        client.create_bucket(Bucket="plans")
        client.put_object(Bucket="plans", Key="2026/Tracker.xlsx", Body=book.read_bytes())
        options = {"endpoint": endpoint, "storage": {"key": secret("k"), "secret": secret("s")}}
        assert keys(opened("s3://plans/2026/Tracker.xlsx", **options)) == ["M-1"]
        assert keys(opened("s3://plans/2026/Track*.xlsx", **options)) == ["M-1"]
        with pytest.raises(SourceGoneError):
            keys(opened("s3://plans/2026/Other.xlsx", **options))
        client.put_object(Bucket="plans", Key="2026/Large.xlsx", Body=b"x" * 2_500_000)
        with pytest.raises(SourceContentError, match="larger than the limit"):
            keys(opened("s3://plans/2026/Large.xlsx", largest_file_megabytes=2, **options))
    finally:
        running.stop()


def test_a_workbook_is_read_from_google_cloud_storage(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs gcsfs and gcp-storage-emulator, which the development environment does not bring."""
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # asks over gRPC, which the emulator has not
    pytest.importorskip("gcsfs")
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    requests = pytest.importorskip("requests")
    running = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="plans")
    running.start()
    try:
        endpoint = "http://{}:{}".format(*running._api._httpd.socket.getsockname())
        upload = f"{endpoint}/upload/storage/v1/b/plans/o?uploadType=media&name=2026/Tracker.xlsx"
        assert requests.post(upload, data=book.read_bytes(), headers={"Content-Type": WORKBOOK}, timeout=5).ok
        options = {"endpoint": endpoint, "storage": {"token": secret("anon")}}
        assert keys(opened("gs://plans/2026/Tracker.xlsx", **options)) == ["M-1"]
        assert keys(opened("gs://plans/2026/Track*.xlsx", **options)) == ["M-1"]
        with pytest.raises(SourceGoneError):
            keys(opened("gs://plans/2026/Other.xlsx", **options))
    finally:
        running.stop()


@pytest.mark.parametrize(("status", "kind"), [(403, SourceAuthError), (503, SourceUnavailableError)])
def test_a_refusal_is_known_by_its_status_and_told_in_one_line(status: int, kind: type[SourceError]) -> None:
    """Azure's library names a wrong key an HttpResponseError like any other."""

    class HttpResponseError(Exception):
        status_code = status

    path = RemotePath("az://plans/Tracker.xlsx")
    store = HttpsStore("tracker", opened("https://plans.example/Tracker.xlsx").options, context_at())  # type: ignore[arg-type]
    with pytest.raises(kind) as caught, store.said_by_us(path):
        raise HttpResponseError("Server failed to authenticate.\nErrorCode:AuthorizationFailure")
    assert "Server failed to authenticate. ErrorCode:AuthorizationFailure" in str(caught.value)
