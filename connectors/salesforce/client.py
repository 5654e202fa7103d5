"""The simple-salesforce library under our policy: our sign-in and session below it, our errors above it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import requests

from connectors.base import ReadContext
from connectors.http import in_parallel, open_session
from connectors.http.side_by_side import side_by_side
from connectors.salesforce.daily_requests import DailyRequests
from connectors.salesforce.numbers import decode
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.sign_in import sign_in
from connectors.salesforce.signed_in import SignedIn
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)

Row: TypeAlias = Mapping[str, Any]
"""One row of a query, or another object as Salesforce tells it."""

_Page = TypeVar("_Page")

_MOST_RESTARTS = 3
_PATIENCE_SECONDS = 0.2
_MOST_CURSORS = 10
"""So many Salesforce keeps open for a user (S16)."""
_MOST_WALKS = 8
"""Each may hold a cursor of its own and needs one more for a history at times: some must be left for that."""
_LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})
_BUSY = frozenset({"QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "OPERATION_TOO_LARGE"})
_GONE = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"})


class NotAllowedError(SourceAuthError):
    """We are signed in, but this is kept from us."""


class LocatorExpiredError(Exception):
    """The place in a half-read result is no longer known to Salesforce (S16)."""


class SalesforceClient:
    """Asks Salesforce for one run, for several threads at once.

    Every method raises SourceError when the answer is not what was asked for.
    """

    def __init__(self, source: str, options: SalesforceOptions, context: ReadContext) -> None:
        self._source = source
        self._options = options
        self._context = context
        self._began = time.monotonic()
        self.requests = DailyRequests(source, options)
        given = (options.client_secret, options.private_key, options.refresh_token, options.password)
        secrets = [secret.reveal() for secret in given if secret is not None]
        # 401 comes back to us: a token that ended mid-read is replaced. The only post is the sign-in.
        self._session = open_session(
            source,
            options.http,
            context,
            base_url=options.url,
            secrets=secrets,
            handled_statuses=frozenset({401}),
            retry_posts=True,
            on_response=self.requests.note,
        )
        # The library writes the header itself; without this a machine's .netrc would overwrite it.
        self._session.auth = _unchanged
        self._connection: _Connection | None = None
        self._refusal: SourceError | None = None
        self._sign_in_guard = threading.Lock()
        self._cursors = threading.BoundedSemaphore(_MOST_CURSORS)
        self.at_once = min(_MOST_WALKS, options.http.parallel)
        """How many walks, or other questions, may be under way."""

    def close(self) -> None:
        self._session.close()

    @property
    def instance(self) -> str:
        """Where the org's records are, without a trailing slash."""
        return self._connected()[1].instance

    def who(self) -> Row:
        """Who we are there. The user of a token without the right to ask is told by the sign-in's own answer."""
        if self._connected()[1].user:
            return self._connected()[1].user
        try:
            answer = self._call(lambda library: library.oauth2("userinfo"))
        except NotAllowedError:
            organization, _, user = self._connected()[1].identity_url.rpartition("/id/")[2].partition("/")
            answer = {"user_id": user, "organization_id": organization}
        if not isinstance(answer, dict) or not answer.get("user_id"):
            raise self.nonsense("no user for our token")
        return answer

    def fields(self) -> dict[str, Row]:
        """The fields of Opportunity that we may see, by API name (S14)."""
        answer = self._call(lambda library: library.restful("sobjects/Opportunity/describe"))
        if not isinstance(answer, dict) or not isinstance(answer.get("fields"), list):
            raise self.nonsense("a description without fields")
        return {field["name"]: field for field in answer["fields"] if isinstance(field, dict) and "name" in field}

    def versions(self) -> list[str]:
        """The versions of the API that the org serves."""
        address = f"{self.instance}/services/data"
        with self.requests.one():
            response = self._session.get(address)
        try:
            answer = response.json()
        except ValueError as error:
            raise self.nonsense("no list of API versions") from error
        if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
            raise self.nonsense("no list of API versions")
        return [str(row.get("version")) for row in answer]

    def count(self, soql: str = "SELECT COUNT() FROM Opportunity") -> int:
        """How many rows a query that counts finds: without one, how many opportunities we may see."""
        found = self._answer(soql).get("totalSize")
        if not isinstance(found, int):
            raise self.nonsense("a count that is no number")
        return found

    def counts(self, soql: str) -> list[Row]:
        """The rows of an aggregate query, which come at once or not at all."""
        answer = self._answer(soql)
        if not answer["done"]:
            raise self.nonsense("an aggregate query in parts")
        return list(answer["records"])

    def deleted(self, start: datetime, end: datetime) -> list[str]:
        """The ids of opportunities deleted in this span of time, as far as we may see them (S12)."""
        span = {"start": start, "end": end}
        params = {name: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S+00:00}" for name, moment in span.items()}
        answer = self._call(lambda library: library.restful("sobjects/Opportunity/deleted/", params=params))
        rows = answer.get("deletedRecords") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
            raise self.nonsense("no list of deletions")
        return [str(row["id"]) for row in rows]

    def ask_all(self, questions: Iterable[Callable[[], _Page]]) -> Iterator[_Page]:
        """Ask several questions at once; yield the answers in the order of the questions."""
        return in_parallel(questions, self._context, at_once=self.at_once)

    def walk_all(self, walks: Sequence[Iterator[_Page]]) -> Iterator[_Page]:
        """Walk several results side by side; yield their pages as they come."""
        return side_by_side(walks, self._context, at_once=self.at_once)

    def walk(self, soql: Callable[[Row | None], str], *, deleted_too: bool = False) -> Iterator[list[Row]]:
        """Yield the pages of a query to its end; who takes one may empty it.

        ``soql`` gives the query that begins at the last row seen (None: from the beginning); it is asked again when
        Salesforce has forgotten the place (S16), so rows may repeat.
        """
        last: Row | None = None
        asked, repeats = "", 0
        while True:
            query = soql(last)
            repeats = repeats + 1 if query == asked else 0
            if repeats > _MOST_RESTARTS:
                raise SourceUnavailableError(
                    f"{self._source} forgot the place in a result {repeats} times",
                    location=self._source,
                    hint="another program may use up the user's query cursors; give Driftline a user of its own",
                )
            asked = query
            try:
                for rows in self._pages(query, deleted_too=deleted_too):
                    last = rows[-1] if rows else last
                    yield rows
            except LocatorExpiredError:
                continue
            return

    def rows(self, soql: str, *, deleted_too: bool = False) -> list[Row]:
        """Every row of a query that selects Id; a walk that had to start again repeats rows, this does not."""
        pages = self.walk(lambda _: soql, deleted_too=deleted_too)
        return list({row["Id"]: row for page in pages for row in page}.values())

    def _pages(self, soql: str, *, deleted_too: bool) -> Iterator[list[Row]]:
        """Walk one cursor; what fits on a page holds none as soon as it came."""
        while not self._cursors.acquire(timeout=_PATIENCE_SECONDS):
            self._context.check()
        try:
            answer = self._answer(soql, deleted_too=deleted_too)
            seen: set[str] = set()
            while not answer["done"]:
                yield answer["records"]
                self._context.check()
                place = str(answer.get("nextRecordsUrl") or "").rpartition("/")[2]
                if not place or place in seen:
                    raise self.nonsense("a result that leads back to a page it already gave")
                seen.add(place)
                answer = self._more(place, deleted_too=deleted_too)
        finally:
            self._cursors.release()
        yield answer["records"]

    def _answer(self, soql: str, *, deleted_too: bool = False) -> Row:
        return self._checked(self._call(lambda library: library.query(soql, include_deleted=deleted_too)))

    def _more(self, place: str, *, deleted_too: bool) -> Row:
        return self._checked(self._call(lambda library: library.query_more(place, include_deleted=deleted_too)))

    def _checked(self, answer: Any) -> Row:
        if (
            not isinstance(answer, dict)
            or not isinstance(answer.get("records"), list)
            or not isinstance(answer.get("done"), bool)
            or not all(isinstance(row, dict) for row in answer["records"])
        ):
            raise self.nonsense("a query without rows")
        return answer

    def _call(self, ask: Callable[[Any], Any]) -> Any:
        """Ask through the library; sign in once more when the token has ended (S4)."""
        from simple_salesforce.exceptions import SalesforceError

        connection = self._connected()
        try:
            return self._ask(ask, connection)
        except SalesforceError as error:
            if not _session_ended(error):
                raise self._translated(error) from None
        try:
            return self._ask(ask, self._connected(ended=connection))
        except SalesforceError as error:
            raise self._translated(error) from None

    def _ask(self, ask: Callable[[Any], Any], connection: "_Connection") -> Any:
        with self.requests.one():
            try:
                return ask(connection[0])
            except (ValueError, RecursionError):
                raise self.nonsense("something that is not JSON") from None  # its error holds the whole answer

    def _connected(self, ended: "_Connection | None" = None) -> "_Connection":
        """The library with a token; a new one when the current one is the one that ended.

        One thread signs in while the others wait for its token (S4): a refresh token that rotates is good only once.
        A refused sign-in is not tried again: users who try too often are locked.
        """
        with self._sign_in_guard:
            if self._refusal is not None:
                raise self._refusal
            if self._connection is None or self._connection is ended:
                now = self._context.now + timedelta(seconds=time.monotonic() - self._began)
                try:
                    signed_in = sign_in(self._source, self._options, self._session, self._context, now)
                except SourceError as error:
                    self._refusal = error
                    raise
                library = _library_client(signed_in, self._options.api_version, self._session)
                self._connection = library, signed_in
            return self._connection

    def _translated(self, error: Any) -> Exception:
        """Our error for the library's, by Salesforce's error code: one class stands for many causes (S8).

        The library's error is not chained: its text holds the whole answer.
        """
        code, message = _code_of(error)
        where = self._source
        if code == "INVALID_QUERY_LOCATOR":
            return LocatorExpiredError()
        if code in _LIMITS:
            hint = "read the source less often (every), or ask the Salesforce admin who uses the org's API requests"
            return SourceRateLimitedError(f"{where} has no API requests left for today", location=where, hint=hint)
        if code in _BUSY:
            return SourceUnavailableError(
                f"{where} is too busy ({code})", location=where, hint="the next run tries again"
            )
        if code in _GONE or error.status == 404:
            hint = "give the integration user read access, or correct the name in the options of the source"
            return SourceGoneError(f"{where} does not show us what we ask for: {message}", location=where, hint=hint)
        if error.status == 401:
            hint = "check that the integration user is active and may use the API"
            return SourceAuthError(f"{where} does not accept its own new token", location=where, hint=hint)
        if error.status == 403:
            hint = "give the integration user API Enabled and View All on Opportunity"
            return NotAllowedError(f"{where} keeps this from us ({code})", location=where, hint=hint)
        hint = "check the options of the source; if they are right, this version of Driftline is too old"
        return SourceError(f"{where} refuses what we ask for ({code}): {message}", location=where, hint=hint)

    def nonsense(self, what: str) -> SourceContentError:
        """The error for an answer that is not one to our question."""
        return SourceContentError(
            f"{self._source} answered {what}",
            location=self._source,
            hint="check that url is the org's My Domain address and that no proxy answers in its place",
        )


_Connection: TypeAlias = tuple[Any, SignedIn]


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _library_client(signed_in: SignedIn, version: str, session: requests.Session) -> Any:
    from simple_salesforce.api import Salesforce

    library = Salesforce(
        session_id=signed_in.token,
        instance_url=signed_in.instance,
        session=session,
        version=version,
    )
    # Its own decoder reads what was decoded already once more, into ordered dictionaries.
    vars(library)["parse_result_to_json"] = decode
    # The library writes https whatever the instance's address says; plain http is allowed on this machine only.
    if urlsplit(signed_in.instance).scheme == "http":
        library.base_url = f"{signed_in.instance}/services/data/v{version}/"
        library.oauth2_url = f"{signed_in.instance}/services/oauth2/"
    return library


def _session_ended(error: Any) -> bool:
    return error.status == 401 or (error.status == 403 and "Bad_OAuth_Token" in str(error.content))


def _code_of(error: Any) -> tuple[str, str]:
    """Salesforce's error code and its words in one line; an answer of another form has the status as its code."""
    first = error.content[0] if isinstance(error.content, list) and error.content else error.content
    if not isinstance(first, dict):
        return str(error.status), "no reason given"
    words = " ".join(str(first.get("message") or "").split())
    return str(first.get("errorCode") or error.status), words[-200:]
