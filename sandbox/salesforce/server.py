"""A stand-in for Salesforce: sign-in, describe and queries with paging, over an org that a story can move."""

import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, unescape

from sandbox.http import Fault, Request, Response, StandIn
from sandbox.salesforce.org import ORG_ID, SalesforceOrg
from sandbox.salesforce.soql import Soql, SoqlError, value_of

VERSIONS = ("60.0", "61.0", "62.0", "63.0")
_DATA = r"/services/data/v(?P<version>\d+\.\d+)"
_LARGEST_REQUEST_BYTES = 16_384
MOST_CURSORS = 10
_KEPT_IN_BIN = timedelta(days=15)
_LAST_VERSION_WITH_LOGIN = 64.0
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HISTORY_FIELDS = frozenset(
    {
        "Id",
        "OpportunityId",
        "StageName",
        "Amount",
        "Probability",
        "CloseDate",
        "CreatedDate",
        "CreatedBy.Name",
        "CreatedBy.Email",
    }
)
_FIELD_HISTORY_FIELDS = frozenset(
    {"Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate", "CreatedBy.Name", "CreatedBy.Email"}
)
_PERMISSION_FIELDS = frozenset({"Id", "ParentId", "SobjectType", "PermissionsViewAllRecords"})
_ASSIGNMENT_FIELDS = frozenset({"Id", "AssigneeId", "PermissionSetId"})
_PERMISSION_SET = "0PSDm00000Integ"
_LINE_ITEM_FIELDS = frozenset({"Id", "OpportunityId", "Product2.Name", "Product2.ProductCode"})
_RELATED = {
    "AccountId": {"Account.Id", "Account.Name"},
    "OwnerId": {"Owner.Id", "Owner.Name", "Owner.Email", "Owner.IsActive"},
}


class SalesforceServer(StandIn):
    """Salesforce's REST API over an org; a query answers ``page_size`` rows and a locator for the rest."""

    def __init__(self, org: SalesforceOrg, page_size: int = 10) -> None:
        super().__init__()
        self.org = org
        self.page_size = page_size
        self._tokens: set[str] = set()
        self._signed_in = 0
        self.most_cursors = 0
        """The most query cursors that were open at once."""
        self._locators: dict[str, list[dict[str, Any]]] = {}
        self._locators_made = 0
        self._guard = threading.Lock()
        self.route("POST", "/services/oauth2/token", self._token)
        self.route("POST", r"/services/Soap/u/(?P<login>\d+\.\d+)", self._login)
        self.route("GET", "/services/oauth2/userinfo", self._userinfo)
        self.route("GET", "/services/data/?", self._versions)
        self.route("GET", rf"{_DATA}/sobjects/(?P<object>\w+)/describe", self._describe)
        self.route("GET", rf"{_DATA}/sobjects/(?P<object>\w+)/deleted/?", self._deleted)
        self.route("GET", rf"{_DATA}/(?P<kind>query|queryAll)/?", self._query)
        self.route("GET", rf"{_DATA}/(?:query|queryAll)/(?P<locator>[^/]+)", self._more)

    def expire_sessions(self) -> None:
        """Make every token that was handed out useless (S4)."""
        self._tokens.clear()

    def expire_locators(self) -> None:
        """Forget every half-read result (S16)."""
        with self._guard:
            self._locators.clear()

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Response, Fault | None]:
        """Refuse an address that is too long together with its headers (S17)."""
        size = len(target) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        if size > _LARGEST_REQUEST_BYTES:
            self.requests.append(f"{method} {target}")
            return _error(414, "URI_TOO_LONG", f"{size} bytes"), None
        return super().answer(method, target, headers, body)

    def authorise(self, request: Request) -> Response | None:
        if request.path in ("/services/oauth2/token", "/services/data", "/services/data/"):
            return None
        if "login" in request.match.groupdict():
            return None
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            if request.path.startswith("/services/oauth2/"):
                return Response(b"Bad_OAuth_Token", 403, content_type="text/plain")
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if request.match.groupdict().get("version", VERSIONS[0]) not in VERSIONS:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        return None

    def _token(self, request: Request) -> Response:
        form = request.form()
        refusal = self._refusal(form)
        if refusal is not None:
            return refusal
        answer = {
            "access_token": self._new_token(),
            "instance_url": self.url,
            "id": f"https://login.salesforce.com/id/{ORG_ID}/{self._user()['Id']}",
            "token_type": "Bearer",
            "issued_at": str(int(self.org.now().timestamp() * 1000)),
        }
        if form["grant_type"] == "refresh_token" and self.org.rotates_refresh_tokens:
            answer["refresh_token"] = f"5Aep861{self._signed_in:04d}"
            self.org.refresh_tokens.remove(form["refresh_token"])
            self.org.refresh_tokens.add(answer["refresh_token"])
        return Response(answer)

    def _new_token(self) -> str:
        self._signed_in += 1
        token = f"{ORG_ID[:15]}!AQ{self._signed_in:04d}{int(self.org.now().timestamp())}"
        self._tokens.add(token)
        return token

    def _login(self, request: Request) -> Response:
        """SOAP login(): user name, password with security token; gone from version 65 on (S1)."""
        if float(request.match["login"]) > _LAST_VERSION_WITH_LOGIN:
            return _soap_fault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        body = request.body.decode()
        username, password = (_element(body, name) for name in ("username", "password"))
        if not username or self.org.passwords.get(username) != password:
            return _soap_fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
        user = self._user()
        answer = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns="urn:partner.soap.sforce.com"><soapenv:Body><loginResponse><result>'
            f"<passwordExpired>false</passwordExpired><serverUrl>{self.url}{request.path}/{ORG_ID}</serverUrl>"
            f"<sessionId>{self._new_token()}</sessionId><userId>{user['Id']}</userId><userInfo>"
            f"<organizationId>{ORG_ID}</organizationId><userName>{escape(username)}</userName></userInfo>"
            "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
        )
        return Response(answer.encode(), content_type="text/xml;charset=UTF-8")

    def _refusal(self, form: Mapping[str, str]) -> Response | None:
        if form.get("grant_type") == "client_credentials":
            if (form.get("client_id"), form.get("client_secret")) == (self.org.client_id, self.org.client_secret):
                return None
            return _refused_sign_in("invalid_client", "invalid client credentials")
        if form.get("grant_type") == "refresh_token":
            if form.get("client_id") == self.org.client_id and form.get("refresh_token") in self.org.refresh_tokens:
                return None
            return _refused_sign_in("invalid_grant", "expired access/refresh token")
        if form.get("grant_type") == _JWT_GRANT:
            return self._assertion_refusal(form.get("assertion", ""))
        return _refused_sign_in("unsupported_grant_type", "grant type not supported")

    def _assertion_refusal(self, assertion: str) -> Response | None:
        import jwt

        try:
            user = jwt.decode(assertion, options={"verify_signature": False}).get("sub", "")
            claims = jwt.decode(
                assertion,
                self.org.trusted_keys.get(user, ""),
                algorithms=["RS256"],
                audience=["https://login.salesforce.com", "https://test.salesforce.com"],
                issuer=self.org.client_id,
                options={"verify_exp": False},
            )
        except (jwt.PyJWTError, ValueError):
            return _refused_sign_in("invalid_grant", "invalid assertion")
        seconds_left = claims["exp"] - self.org.now().timestamp()
        if not 0 < seconds_left <= 300:
            return _refused_sign_in("invalid_grant", "expired authorization code")
        return None

    def _user(self) -> dict[str, Any]:
        return {"Id": "005Dm00000IntegUSR", "Name": "Driftline Integration", "Email": "driftline@example.com"}

    def _userinfo(self, _request: Request) -> Response:
        user = self._user()
        return Response(
            {
                "sub": f"https://login.salesforce.com/id/{ORG_ID}/{user['Id']}",
                "user_id": user["Id"],
                "organization_id": ORG_ID,
                "preferred_username": user["Email"],
                "email": user["Email"],
                "name": user["Name"],
            }
        )

    def _versions(self, _request: Request) -> Response:
        return Response([{"version": one, "label": one, "url": f"/services/data/v{one}"} for one in VERSIONS])

    def _describe(self, request: Request) -> Response:
        if request.match["object"] != "Opportunity" or "Opportunity" in self.org.hidden_objects:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        return self._counted({"name": "Opportunity", "fields": list(self.org.fields().values())})

    def _query(self, request: Request) -> Response:
        try:
            soql = Soql.parse(request.query.get("q", "")).resolved(self._selected)
            found = soql.run(self._rows(soql, deleted_too=request.match["kind"] == "queryAll"))
            counts = soql.counts(found) if soql.groups else []
        except SoqlError as error:
            return _error(400, error.code, str(error))
        if soql.groups:
            return self._counted({"totalSize": len(counts), "done": True, "records": counts})
        if not soql.fields:
            return self._counted({"totalSize": len(found), "done": True, "records": []})
        return self._page(request.match["version"], self._kept([soql.shaped(row) for row in found]), 0)

    def _selected(self, inner: Soql) -> frozenset[Any]:
        """What an inner query selects."""
        rows = inner.run(self._rows(inner, deleted_too=False))
        return frozenset(value_of(row, inner.fields[0]) for row in rows)

    def _kept(self, rows: list[dict[str, Any]]) -> str:
        """Keep a result under a locator; a user has ten open ones, and the oldest gives way to the next (S16)."""
        with self._guard:
            locator = f"0r8Dm{self._locators_made:010d}"
            self._locators_made += 1
            self._locators[locator] = rows
            open_ones = [name for name, kept in self._locators.items() if len(kept) > self.page_size]
            self.most_cursors = max(self.most_cursors, len(open_ones))
            if len(open_ones) > MOST_CURSORS:
                del self._locators[open_ones[0]]
        return locator

    def _more(self, request: Request) -> Response:
        locator, _, start = request.match["locator"].partition("-")
        if locator not in self._locators or not start.isdigit():
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(request.match["version"], locator, int(start))

    def _page(self, version: str, locator: str, start: int) -> Response:
        """One page; the last one closes its cursor."""
        end = start + self.page_size
        with self._guard:
            rows = self._locators.get(locator)
            if rows is not None and end >= len(rows):
                del self._locators[locator]
        if rows is None:
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        answer: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[start:end]}
        if end < len(rows):
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
        return self._counted(answer)

    def _rows(self, soql: Soql, *, deleted_too: bool) -> list[dict[str, Any]]:
        known: dict[str, tuple[frozenset[str], list[dict[str, Any]]]] = {
            "Opportunity": (self._opportunity_fields(), list(self.org.opportunities.values())),
            "OpportunityHistory": (self._history_fields(), list(self.org.history)),
            "OpportunityFieldHistory": (_FIELD_HISTORY_FIELDS, list(self.org.field_history)),
            "OpportunityLineItem": (_LINE_ITEM_FIELDS, list(self.org.line_items)),
            "ObjectPermissions": (_PERMISSION_FIELDS, [_permission(self.org)]),
            "PermissionSetAssignment": (_ASSIGNMENT_FIELDS, [_assignment(self._user()["Id"])]),
        }
        if soql.object not in known or soql.object in self.org.hidden_objects:
            raise SoqlError("INVALID_TYPE", f"sObject type '{soql.object}' is not supported.")
        fields, rows = known[soql.object]
        for name in soql.names():
            if name not in fields:
                raise SoqlError("INVALID_FIELD", f"No such column '{name}' on entity '{soql.object}'.")
        return [row for row in rows if (deleted_too or not row.get("IsDeleted")) and self.org.sees(_subject(soql, row))]

    def _deleted(self, request: Request) -> Response:
        """What was deleted within a span of time that reaches back 15 days at most (S12)."""
        try:
            start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
        except (KeyError, ValueError):
            return _error(400, "INVALID_REPLICATION_DATE", "start and end must be dates with times")
        if start.tzinfo is None or start < self.org.now() - _KEPT_IN_BIN or end - start < timedelta(minutes=1):
            return _error(400, "INVALID_REPLICATION_DATE", "startDate before org's replication window")
        told = [(one, at) for one, at in self.org.delete_log if start <= at < end and self.org.sees(one)]
        shown = [{"id": one, "deletedDate": at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")} for one, at in told]
        return self._counted({"deletedRecords": shown, "latestDateCovered": request.query["end"]})

    def _opportunity_fields(self) -> frozenset[str]:
        names = set(self.org.fields())
        for reference, related in _RELATED.items():
            if reference in names:
                names |= related
        return frozenset(names)

    def _history_fields(self) -> frozenset[str]:
        """The currency stands in it in an org with several; what field-level security hides is hidden here too."""
        currency = {"CurrencyIsoCode"} & self.org.fields().keys()
        return (_HISTORY_FIELDS | currency) - self.org.hidden_fields

    def _counted(self, body: Any) -> Response:
        used = len(self.requests) + self.org.requests_of_others
        return Response(body, headers={"Sforce-Limit-Info": f"api-usage={used}/{self.org.daily_requests}"})


def _subject(soql: Soql, row: Mapping[str, Any]) -> str:
    """The opportunity that a row is, or belongs to."""
    return str(row["Id"] if soql.object == "Opportunity" else row.get("OpportunityId", ""))


def _permission(org: SalesforceOrg) -> dict[str, Any]:
    named = {"Id": "110Dm00000Integ", "ParentId": _PERMISSION_SET, "SobjectType": "Opportunity"}
    return {**named, "PermissionsViewAllRecords": org.views_all}


def _assignment(user: str) -> dict[str, Any]:
    return {"Id": "0PaDm00000Integ", "AssigneeId": user, "PermissionSetId": _PERMISSION_SET}


def _error(status: int, code: str, message: str) -> Response:
    return Response([{"message": message, "errorCode": code}], status)


def _element(xml: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>([^<]*)<", xml)
    return unescape(found[1]) if found else ""


def _soap_fault(code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:LoginFault>"
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    return Response(body.encode(), 500, content_type="text/xml;charset=UTF-8")


def _refused_sign_in(error: str, description: str) -> Response:
    return Response({"error": error, "error_description": description}, 400)
