"""The official Jira client under our HTTP policy, asked for raw JSON. Raises SourceError only."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import orjson
import requests
from jira import JIRA
from jira.exceptions import JIRAError

from connectors.base import ReadContext
from connectors.http import PolicyAdapter
from connectors.http.decoded import take
from connectors.jira.answers import Json, mapping, rows
from connectors.jira.options import JiraOptions
from model.errors import SourceAuthError, SourceContentError, SourceError, SourceGoneError

AGILE = JIRA.AGILE_BASE_URL
CLOUD = "Cloud"

_API_VERSIONS = {CLOUD: "3", "Server": "2"}
"""By what a site says it is. A Data Center calls itself Server."""
_LONGEST_QUOTE = 200


class WithheldError(SourceAuthError):
    """Jira says that something exists and is kept from us."""


class NotThereError(SourceGoneError):
    """The site, or a proxy before it, does not have what is asked for."""


class JiraClient:
    """Asks one site during one run. Every method asks anew; nothing is remembered.

    Several threads may ask; never more than ``at_once`` requests are under way, whoever asks.
    """

    def __init__(self, name: str, options: JiraOptions, context: ReadContext) -> None:
        self.name = name
        self.context = context
        self.at_once = options.http.parallel
        self.ahead = self.at_once + self.at_once // 2
        """How many answers may be under way, being read or waiting for their turn: so that requests do not wait for
        that."""
        self._room = threading.BoundedSemaphore(self.at_once)
        self._options = options
        adapter = PolicyAdapter(
            name,
            options.http,
            context,
            base_url=options.url,
            secrets=(options.token.reveal(),),
            retry_posts=True,  # Jira's searches are posts that only read
            on_response=self._refuse_strangers,
        )
        self._jira = _FastJira(
            server=options.url,
            options={
                # The one that answers everywhere what the site is.
                "rest_api_version": "2",
                # Error texts are localised otherwise (J30).
                "headers": {"Accept-Language": "en", "X-Force-Accept-Language": "true"},
            },
            get_server_info=False,  # it would be asked before the policy is in place
            max_retries=0,
            logging=False,
            **_credentials(options),
        )
        adapter.govern(self._jira._session)
        # Without this the client asks for all fields and rewrites the list that we pass (J24).
        self._jira._fields_cache_value = {"id": "id"}

    def open(self) -> Json:
        """Learn what the server is, without which nothing is asked (J3), and whether we may sign in that way (J32)."""
        server = mapping(self.ask("what the server is", self._jira.server_info), self.complaint)
        kind = server.get("deploymentType")
        if kind not in _API_VERSIONS:
            raise SourceContentError(
                f"{self.name} is a Jira {kind or 'of an unknown kind'}, neither Jira Cloud nor Jira Data Center",
                location=self.name,
                hint="give the url of a Jira Cloud site or of a Jira Data Center; a proxy may hide what it is",
            )
        self._require_fitting_credentials(cloud=kind == CLOUD)
        self._jira.deploymentType = kind
        self._jira._options["rest_api_version"] = _API_VERSIONS[kind]
        return server

    def _require_fitting_credentials(self, *, cloud: bool) -> None:
        if cloud and not self._options.email:
            raise SourceAuthError(
                f"{self.name} is Jira Cloud, which is read with an e-mail address and an API token",
                location=f"{self.name}: email",
                hint="write the e-mail address of the account in email, and leave out user",
            )
        if not cloud and self._options.email:
            raise SourceAuthError(
                f"{self.name} is Jira Data Center, where an account does not sign in with its e-mail address",
                location=f"{self.name}: email",
                hint="leave out email: token is then a personal access token, or with user: its password",
            )

    def values(self, what: str, path: str, params: Mapping[str, Any], base: str = JIRA.JIRA_BASE_URL) -> Iterator[Json]:
        """Walk a list that is paged by position."""
        start = 0
        while True:
            page = mapping(
                self.get(what, path, {**params, "startAt": start, "maxResults": 50}, base=base), self.complaint
            )
            values = rows(page.get("values"), self.complaint)
            yield from values
            start += len(values)
            if page.get("isLast", start >= page.get("total", 0)):
                return
            if not values:
                raise self.complaint("ended a list in the middle")

    def get(
        self, what: str, path: str, params: Mapping[str, Any] | None = None, *, base: str = JIRA.JIRA_BASE_URL
    ) -> Any:
        return self.ask(what, lambda: self._jira._get_json(path, dict(params or {}), base))

    def find(self, what: str, path: str, params: Mapping[str, Any]) -> Json | None:
        """One thing, or None when Jira itself says that there is none. Raise WithheldError when it is kept from us."""
        try:
            return mapping(self.ask(what, lambda: self._found(path, params)), self.complaint)
        except _MissingError:
            return None

    def _found(self, path: str, params: Mapping[str, Any]) -> Any:
        try:
            return self._jira._get_json(path, dict(params))
        except JIRAError as error:
            if error.status_code == 404 and _is_word_of_jira(error.response):
                raise _MissingError from None
            raise

    def post(self, what: str, path: str, body: Json) -> Any:
        return self.ask(what, lambda: self._jira._get_json(path, body, use_post=True))

    def search_cloud(self, what: str, asked: Mapping[str, Any]) -> Any:
        """One page of Cloud's search, through the client's own method."""
        return self.ask(what, lambda: self._jira.enhanced_search_issues(**asked, json_result=True, use_post=True))

    def count_cloud(self, jql: str) -> int:
        return int(self.ask("how many issues there are", lambda: self._jira.approximate_issue_count(jql)))

    def close(self) -> None:
        self._jira.close()  # type: ignore[no-untyped-call]

    def ask(self, what: str, question: Callable[[], Any]) -> Any:
        """Ask, unless somebody wants us to stop; say in our errors what was asked."""
        try:
            with self._room:
                self.context.check()
                return question()
        except JIRAError as error:
            # Not chained: the text of a JIRAError holds headers with session cookies (J37).
            raise self._refused(what, error) from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self.complaint("answered something that cannot be read") from error

    def _refused(self, what: str, error: JIRAError) -> SourceError:
        status = error.status_code
        said = " ".join(str(error.text or "").split())[:_LONGEST_QUOTE]
        message = f"{self.name} does not tell {what} ({status}): {said}"
        if status == 403:
            hint = "give the account permission to browse the configured projects"
            kind = WithheldError if _is_word_of_jira(error.response) else SourceAuthError
            return kind(message, location=self.name, hint=hint)
        if status in (404, 405):
            hint = "check url, and whether the site has what is asked for (sprints: false without Jira Software)"
            return NotThereError(message, location=self.name, hint=hint)
        return SourceContentError(message, location=self.name, hint="check projects and fields of the source")

    def _refuse_strangers(self, response: requests.Response) -> None:
        """Notice an account that is locked (J39), a token whose scopes are too narrow (J31) or one that is not known.

        Jira answers 200 and nothing to a token that expired, and says so in a header only (J23).
        """
        denied = response.headers.get("X-Authentication-Denied-Reason", "")
        if "CAPTCHA" in denied:
            raise SourceAuthError(
                f"{self.name} wants our account to solve a CAPTCHA after too many failed sign-ins",
                location=self.name,
                hint="sign in once in a browser with the account, then correct user and token of the source",
            )
        if response.status_code == 401 and b"scope" in response.content[:1000]:
            raise SourceAuthError(
                f"{self.name} says that the scopes of our token do not allow {_path(response)}",
                location=self.name,
                hint="make a token with the scopes read:jira-work and read:jira-user, and for boards and sprints "
                "read:board-scope:jira-software, read:sprint:jira-software and read:project:jira",
            )
        reason = response.headers.get("x-seraph-loginreason", "")
        nobody = response.headers.get("X-AUSERNAME", "").lower() == "anonymous"
        if "FAILED" in reason or "DENIED" in reason or nobody:
            raise self.stranger("answers as to a stranger")

    def stranger(self, what: str) -> SourceAuthError:
        return SourceAuthError(
            f"{self.name} {what}: it does not accept our token",
            location=self.name,
            hint="make a new API token for the account (on Data Center a personal access token) and put it where the "
            "token of the source points to",
        )

    def complaint(self, what: str) -> SourceContentError:
        """The error for an answer that is not Jira's data."""
        return SourceContentError(
            f"{self.name} {what}",
            location=self.name,
            hint="try again; if it stays, look for a proxy that changes answers, or report it with the time",
        )


class _FastJira(JIRA):
    """The client, but for how it reads JSON, which took more than half of its time."""

    def _get_json(
        self,
        path: str,
        params: dict[str, Any] | None = None,
        base: str = JIRA.JIRA_BASE_URL,
        use_post: bool = False,
    ) -> Any:
        url = self._get_url(path, base)
        if use_post:
            return decode(self._session.post(url, data=json.dumps(params)))
        return decode(self._session.get(url, params=params))


def decode(response: requests.Response) -> Any:
    """Read JSON. Raise ValueError when it is none; a lone surrogate spoils one record and not the answer (S10)."""
    try:
        return take(response)
    except orjson.JSONDecodeError:
        return json.loads(response.content, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _MissingError(Exception):
    """Jira says that what was asked for does not exist, or that we may not know of it."""


def _credentials(options: JiraOptions) -> dict[str, Any]:
    """An API token goes with an e-mail address, a password with a user name, a personal access token alone (J32)."""
    token = options.token.reveal()
    name = options.email or options.user
    return {"basic_auth": (name, token)} if name else {"token_auth": token}


def _is_word_of_jira(response: requests.Response | None) -> bool:
    """Whether a refusal has Jira's form: a 404 of a proxy would make everything look deleted."""
    try:
        said = None if response is None else response.json()
    except ValueError:
        return False
    return isinstance(said, dict) and bool(said.get("errorMessages"))


def _path(response: requests.Response) -> str:
    return str(response.request.path_url).partition("?")[0]
