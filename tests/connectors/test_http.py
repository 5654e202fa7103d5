"""The policy under every source that is called over HTTP, against a real server on loopback."""

import contextlib
import datetime as dt
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.base import HttpOptions, ReadContext
from connectors.http import SessionPool, open_session
from connectors.http.decoded import take
from model.errors import (
    ConfigurationError,
    InterruptedRunError,
    SourceAuthError,
    SourceContentError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from sandbox.http import LOGIN_PAGE, Fault, Response, StandIn
from tests.connectors.contract import InstantStop, context_at, everything_said

SECRET = "t0ken/with space"


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn()
    stand_in.route("GET", "/things", lambda request: Response({"query": dict(request.query)}))
    stand_in.route("POST", "/things", lambda request: Response({"got": request.body.decode()}))
    with stand_in:
        yield stand_in


@pytest.fixture
def context() -> ReadContext:
    return context_at()


@contextlib.contextmanager
def session_to(server: StandIn, context: ReadContext, **given: Any) -> Iterator[requests.Session]:
    options = HttpOptions(**{"attempts": 3, "answer_deadline_seconds": 5, **given.pop("http", {})})
    with open_session("jira", options, context, base_url=server.url, secrets=[SECRET], **given) as session:
        yield session


def waits(context: ReadContext) -> list[float]:
    assert isinstance(context.stop, InstantStop)
    return context.stop.waits


def test_an_outage_that_passes_is_not_noticed(server: StandIn, context: ReadContext) -> None:
    """S1: 500, 502, 503 and 504 are tried again, after waits that can grow."""
    for status in (503, 502):
        server.add_fault(Fault("GET /things", Response({}, status)))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").json() == {"query": {}}
    assert len(server.requests) == 3
    assert len(waits(context)) == 2
    assert waits(context)[0] <= 1.0
    assert waits(context)[1] <= 2.0


def test_an_outage_that_stays_is_one_error_that_names_source_and_path(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("GET /things", Response({}, 503), times=None))
    with session_to(server, context) as session, pytest.raises(SourceUnavailableError) as caught:
        session.get(f"{server.url}/things?jql=private")
    assert str(caught.value) == (
        "error: jira answers 503\n"
        "  --> jira: GET /things\n"
        "hint: check that the server is up and that its url is right; it is tried again at the next run"
    )
    assert len(server.requests) == 3


def test_retry_after_in_seconds_is_honoured(server: StandIn, context: ReadContext) -> None:
    """S1, J35: never earlier than asked, and not cut to a minute."""
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "300"})))
    with session_to(server, context) as session:
        session.get(f"{server.url}/things")
    assert 300 <= waits(context)[0] <= 301


def test_a_pause_holds_back_every_thread_of_the_source_and_no_other_source(
    server: StandIn, context: ReadContext
) -> None:
    """J35: whoever else asks meanwhile would only make the pause longer."""
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "300"})))
    with session_to(server, context) as session, ThreadPoolExecutor(1) as another:
        another.submit(session.get, f"{server.url}/things").result()
        told = len(waits(context))
        session.get(f"{server.url}/things")
        assert (told, [295 <= wait <= 301 for wait in waits(context)]) == (1, [True, True])
        another.submit(session.get, f"{server.url}/things").result()
        assert len(waits(context)) == 2, "it has waited by itself"
    with session_to(server, context) as other_source:
        other_source.get(f"{server.url}/things")
    assert len(waits(context)) == 2


def test_a_pause_of_another_thread_that_the_run_cannot_afford_is_an_error(
    server: StandIn, context: ReadContext
) -> None:
    """S1, J35: nobody waits for longer than the run may take, and nobody asks meanwhile."""
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "99999"})))
    with session_to(server, context) as session, ThreadPoolExecutor(1) as another:
        with pytest.raises(SourceRateLimitedError):
            another.submit(session.get, f"{server.url}/things").result()
        with pytest.raises(SourceRateLimitedError, match="asks for a pause of 99999 s,"):
            session.get(f"{server.url}/things")
    assert len(server.requests) == 1


def test_an_answer_is_decoded_once_and_then_from_its_text(server: StandIn, context: ReadContext) -> None:
    with session_to(server, context) as session:
        response = session.get(f"{server.url}/things")
    first, again = take(response), take(response)
    assert first == again == response.json()
    assert first is not again, "what was taken is not held any longer"


def test_retry_after_as_a_date_is_honoured(server: StandIn, context: ReadContext) -> None:
    """J36."""
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
    server.add_fault(Fault("", Response({}, 503, {"Retry-After": f"{later:%a, %d %b %Y %H:%M:%S} GMT"})))
    with session_to(server, context) as session:
        session.get(f"{server.url}/things")
    assert 85 <= waits(context)[0] <= 92


@pytest.mark.parametrize("nonsense", ["soon", "-5", "", "Tue, 99 Foo 2026"])
def test_a_retry_after_that_cannot_be_read_is_ignored(server: StandIn, context: ReadContext, nonsense: str) -> None:
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": nonsense})))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").status_code == 200
    assert waits(context)[0] <= 1.0


def test_a_pause_longer_than_the_run_is_not_waited_for(server: StandIn, context: ReadContext) -> None:
    """S1: an absurd Retry-After costs one request and no time."""
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "99999"}), times=None))
    with session_to(server, context) as session, pytest.raises(SourceRateLimitedError, match="a pause of 99999 s"):
        session.get(f"{server.url}/things")
    assert len(server.requests) == 1
    assert waits(context) == []


def test_being_asked_too_often_to_the_end_is_told_as_such(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", Response({}, 429), times=None))
    with session_to(server, context) as session, pytest.raises(SourceRateLimitedError, match="asked too often"):
        session.get(f"{server.url}/things")
    assert len(server.requests) == 3


def test_a_post_that_may_have_been_carried_out_is_not_sent_again(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("POST", Response({}, 503), times=None))
    with session_to(server, context) as session, pytest.raises(SourceUnavailableError):
        session.post(f"{server.url}/things", data="x")
    assert len(server.requests) == 1


def test_a_post_that_was_turned_away_is_sent_again(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("POST", Response({}, 429)))
    with session_to(server, context) as session:
        assert session.post(f"{server.url}/things", data="x").json() == {"got": "x"}


def test_a_post_that_only_reads_is_sent_again_with_its_body(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("POST", Response({}, 503)))
    with session_to(server, context, retry_posts=True) as session:
        assert session.post(f"{server.url}/things", data="x").json() == {"got": "x"}
    assert len(server.requests) == 2


@pytest.fixture
def unused_url() -> Iterator[str]:
    """An address on this machine at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_a_post_that_never_left_is_tried_again(unused_url: str, context: ReadContext) -> None:
    with (
        open_session("jira", HttpOptions(attempts=3), context, base_url=unused_url) as session,
        pytest.raises(SourceUnavailableError, match=f"no connection to {unused_url} for jira"),
    ):
        session.post(f"{unused_url}/things", data="x")
    assert len(waits(context)) == 2


def test_an_answer_that_was_cut_is_asked_for_again(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", cut_at=5))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").json() == {"query": {}}
    assert len(server.requests) == 2


def test_an_answer_cut_at_any_byte_is_never_taken_for_the_whole(server: StandIn, context: ReadContext) -> None:
    """S3: whatever is missing at the end, the caller sees an error and not a shorter list."""
    whole = len(Response({"query": {}}).encoded())
    for position in range(whole):
        server.add_fault(Fault("", cut_at=position))
        with session_to(server, context, http={"attempts": 1}) as session, pytest.raises(SourceUnavailableError):
            session.get(f"{server.url}/things")


def test_a_dripping_answer_is_cut_at_the_deadline(server: StandIn, context: ReadContext) -> None:
    """S2: every byte comes in time, the answer does not."""
    server.add_fault(Fault("", drip_seconds=0.5, times=None))
    began = time.monotonic()
    with (
        session_to(server, context, http={"attempts": 1, "answer_deadline_seconds": 0.3}) as session,
        pytest.raises(SourceUnavailableError, match="jira did not finish its answer in time"),
    ):
        session.get(f"{server.url}/things")
    assert time.monotonic() - began < 5


def test_a_dripping_answer_that_meets_the_end_of_the_reading_is_told_as_that(
    server: StandIn, context: ReadContext
) -> None:
    """S2: nobody asked for a pause, and what is asked afterwards is told the same without being sent."""
    server.add_fault(Fault("", drip_seconds=0.5, times=None))
    with session_to(server, context, http={"run_deadline_seconds": 1}) as session:
        with pytest.raises(SourceUnavailableError) as ended:
            session.get(f"{server.url}/things")
        with pytest.raises(SourceUnavailableError, match="was not read to its end within 1 s\n"):
            session.get(f"{server.url}/things")
    [problem] = ended.value.problems
    late = "jira was not read to its end within 1 s; at the end, jira did not finish its answer in time"
    assert problem.message == late
    assert "run_deadline_seconds" in problem.hint
    assert len(server.requests) == 1


@contextlib.contextmanager
def raw_server(*pieces: bytes, pause: float) -> Iterator[str]:
    """Sends the pieces to the first caller, with a pause after each, and then keeps silent until the test ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for piece in pieces:
                    connection.sendall(piece)
                    over.wait(pause)
                over.wait()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()
        thread.join()


def test_dripping_headers_are_cut_at_the_deadline(context: ReadContext) -> None:
    """S2: the deadline counts from the first byte of the headers, not from the body."""
    head = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 200
    options = HttpOptions(attempts=1, answer_deadline_seconds=0.3, read_timeout_seconds=5)
    began = time.monotonic()
    with (
        raw_server(*(head[i : i + 1] for i in range(len(head))), pause=0.05) as url,
        open_session("jira", options, context, base_url=url) as session,
        pytest.raises(SourceUnavailableError, match="did not finish its answer in time"),
    ):
        session.get(f"{url}/things")
    assert time.monotonic() - began < 5


def test_silence_ends_at_the_read_time_out(context: ReadContext) -> None:
    options = HttpOptions(attempts=1, read_timeout_seconds=0.2)
    with (
        raw_server(pause=0) as url,
        open_session("jira", options, context, base_url=url) as session,
        pytest.raises(SourceUnavailableError, match="jira did not answer in time"),
    ):
        session.get(f"{url}/things")


def test_a_wish_to_stop_interrupts_a_wait_for_bytes() -> None:
    context = context_at()
    with raw_server(pause=0) as url, open_session("jira", HttpOptions(), context, base_url=url) as session:
        threading.Timer(0.1, context.stop.set).start()
        began = time.monotonic()
        with pytest.raises(InterruptedRunError):
            session.get(f"{url}/things")
        assert time.monotonic() - began < 1.0


def test_a_wish_to_stop_interrupts_a_pause(server: StandIn) -> None:
    """D.4.5: half an hour of Retry-After does not keep the daemon from ending."""
    context = ReadContext(context_at().now, context_at().zone)
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "1200"}), times=None))
    threading.Timer(0.1, context.stop.set).start()
    with session_to(server, context) as session, pytest.raises(InterruptedRunError, match="waiting for jira"):
        session.get(f"{server.url}/things")


def test_the_run_deadline_ends_the_retries(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", Response({}, 503), times=None))
    http = {"attempts": 20, "run_deadline_seconds": 0.5}
    with session_to(server, context, http=http) as session:
        time.sleep(0.3)
        with pytest.raises(SourceUnavailableError):
            session.get(f"{server.url}/things")
    assert all(wait < 0.5 for wait in waits(context))


def test_what_unpacks_to_too_much_is_refused(server: StandIn, context: ReadContext) -> None:
    """S3: a small compressed answer can fill the memory."""
    bomb = gzip.compress(b'"' + b"a" * 3_000_000 + b'"')
    assert len(bomb) < 10_000
    server.add_fault(Fault("", Response(bomb, headers={"Content-Encoding": "gzip"})))
    with (
        session_to(server, context, http={"largest_answer_megabytes": 1}) as session,
        pytest.raises(SourceContentError, match="jira answered more than 1 MB"),
    ):
        session.get(f"{server.url}/things")
    assert len(server.requests) == 1


def test_a_compressed_answer_within_the_limit_is_unpacked(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", Response(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").json() == {"a": 1}


def test_a_sign_in_page_is_not_data(server: StandIn, context: ReadContext) -> None:
    """S4."""
    server.add_fault(Fault("", LOGIN_PAGE))
    with session_to(server, context) as session, pytest.raises(SourceContentError, match="a sign-in page"):
        session.get(f"{server.url}/things")


@pytest.mark.parametrize("body", [b'{"a": 1', b'{"a": NaN}', b"{} {}", b"[" * 100_000, b"\xff\xfe"])
def test_json_that_cannot_be_read_is_an_error(server: StandIn, context: ReadContext, body: bytes) -> None:
    """S3."""
    server.add_fault(Fault("", Response(body)))
    with session_to(server, context) as session, pytest.raises(SourceContentError, match="JSON that cannot be read"):
        session.get(f"{server.url}/things")


def test_half_a_character_spoils_a_record_and_not_the_answer(server: StandIn, context: ReadContext) -> None:
    """S10: the connector sets the one record aside."""
    server.add_fault(Fault("", Response(b'[{"title": "\\ud83d"}]')))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").json() == [{"title": "\ud83d"}]


@pytest.mark.parametrize(
    "refusal",
    [
        Response({}, 401),
        Response({}, 403, {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}),
        Response({}, 403, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE"}),
    ],
)
def test_a_refused_credential_is_an_auth_error_at_once(
    server: StandIn, context: ReadContext, refusal: Response
) -> None:
    """J39: a CAPTCHA lock is one, too."""
    server.add_fault(Fault("", refusal, times=None))
    with session_to(server, context) as session, pytest.raises(SourceAuthError) as caught:
        session.get(f"{server.url}/things")
    assert "the token may have expired" in caught.value.problems[0].hint
    assert len(server.requests) == 1


def test_a_forbidden_thing_and_a_missing_one_are_left_to_the_caller(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", Response({}, 403)))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/things").status_code == 403
        assert session.get(f"{server.url}/nothing").status_code == 404


def test_statuses_that_the_caller_handles_come_back(server: StandIn, context: ReadContext) -> None:
    """A library that renews its session on 401 must see the 401."""
    with session_to(server, context, handled_statuses=frozenset({401, 503})) as session:
        for status in (401, 503):
            server.add_fault(Fault("", Response({}, status)))
            assert session.get(f"{server.url}/things").status_code == status


def test_a_removed_api_is_named_after_one_attempt(server: StandIn, context: ReadContext) -> None:
    """S14."""
    server.add_fault(Fault("", Response({}, 410), times=None))
    with session_to(server, context) as session, pytest.raises(SourceGoneError) as caught:
        session.get(f"{server.url}/things")
    assert "its API was removed" in str(caught.value)
    assert "GET /things" in str(caught.value)
    assert len(server.requests) == 1


def test_a_redirect_to_another_server_is_not_followed(server: StandIn, context: ReadContext) -> None:
    """F8: the other server sees nothing, least of all our credentials; its query is not shown."""
    with StandIn() as other:
        server.add_fault(Fault("", Response({}, 302, {"Location": f"{other.url}/steal?code=stolen"})))
        with session_to(server, context) as session, pytest.raises(SourceContentError) as caught:
            session.get(f"{server.url}/things", auth=("me", SECRET))
        assert other.requests == []
        assert f"jira leads to {other.url}, which is not the configured server" in str(caught.value)
        assert "stolen" not in str(caught.value)


def test_a_link_to_another_server_is_not_called(server: StandIn, context: ReadContext) -> None:
    """F8: a next-page link that the server made up."""
    with (
        StandIn() as other,
        session_to(server, context) as session,
        pytest.raises(SourceContentError, match="is not the configured server"),
    ):
        session.get(f"{other.url}/things")
    assert other.requests == []


def test_another_origin_is_called_when_it_was_allowed(server: StandIn, context: ReadContext) -> None:
    with StandIn() as other, session_to(server, context, origins=[other.url]) as session:
        assert session.get(f"{other.url}/things").status_code == 404


def test_a_redirect_within_the_server_is_followed_a_few_times(server: StandIn, context: ReadContext) -> None:
    server.route("GET", "/old", lambda _: Response({}, 301, {"Location": "/things"}))
    server.route("GET", "/circle", lambda _: Response({}, 302, {"Location": "/circle"}))
    with session_to(server, context) as session:
        assert session.get(f"{server.url}/old").json() == {"query": {}}
        with pytest.raises(SourceContentError, match="redirects again and again"):
            session.get(f"{server.url}/circle")
        assert session.get(f"{server.url}/old").json() == {"query": {}}


@pytest.mark.parametrize("url", ["http://jira.example.com", "http://169.254.169.254", "ftp://127.0.0.1", "jira", ""])
def test_an_address_that_is_not_safe_is_a_configuration_error(context: ReadContext, url: str) -> None:
    """F8: plain http is for this machine only."""
    with pytest.raises(ConfigurationError) as caught:
        open_session("jira", HttpOptions(), context, base_url=url)
    assert "https://" in caught.value.problems[0].hint


def test_no_error_shows_a_secret(server: StandIn, unused_url: str, context: ReadContext) -> None:
    """Neither as it is nor as an address holds it, nor in the chain of causes."""
    server.add_fault(Fault("", Response({}, 401)))
    with session_to(server, context) as session, pytest.raises(SourceAuthError) as caught:
        session.get(f"{server.url}/t0ken%2Fwith%20space/x")
    assert "GET /(hidden)/x" in str(caught.value)
    with (
        open_session("jira", HttpOptions(attempts=1), context, base_url=unused_url, secrets=[SECRET]) as session,
        pytest.raises(SourceUnavailableError) as lost,
    ):
        session.get(f"{unused_url}/things?token=t0ken%2Fwith+space")
    for spelling in (SECRET, "t0ken%2Fwith%20space", "t0ken%2Fwith+space"):
        assert spelling not in everything_said(caught.value)
        assert spelling not in everything_said(lost.value)


def test_every_answer_is_shown_before_it_is_judged(server: StandIn, context: ReadContext) -> None:
    seen: list[int] = []
    server.add_fault(Fault("", Response({}, 503)))
    server.add_fault(Fault("", Response({}, 410)))
    with (
        session_to(server, context, on_response=lambda response: seen.append(response.status_code)) as session,
        pytest.raises(SourceGoneError),
    ):
        session.get(f"{server.url}/things")
    assert seen == [503, 410]


def test_the_machines_netrc_is_not_used(
    server: StandIn, context: ReadContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.route("GET", "/who", lambda request: Response(request.headers.get("Authorization")))
    with session_to(server, context) as session:
        answer = session.get(f"{server.url}/who", headers={"Authorization": "Bearer ours"})
    assert answer.json() == "Bearer ours"


def test_a_library_on_urllib3_goes_through_the_same_policy(server: StandIn, context: ReadContext) -> None:
    server.add_fault(Fault("", Response({}, 503)))
    with session_to(server, context) as session:
        pool = SessionPool(session)
        answer = pool.request("GET", f"{server.url}/things", fields=[("a", "1")], timeout=0.001, preload_content=True)
        assert (answer.status, answer.reason, answer.data) == (200, "OK", b'{"query": {"a": "1"}}')
        assert answer.getheaders()["Content-Type"].startswith("application/json")
        posted = pool.request("POST", f"{server.url}/things", body="{}", headers={"Content-Type": "application/json"})
        assert posted.data == b'{"got": "{}"}'
