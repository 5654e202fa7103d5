"""Signs in with a user's password through SOAP login, which Salesforce ends in Summer '27 (S1)."""

from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import requests

from connectors.base import ReadContext
from connectors.http import open_session
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.signed_in import SignedIn
from model.errors import Problem, SourceAuthError, SourceContentError, SourceError, SourceUnavailableError

_ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">
<soapenv:Body><urn:login><urn:username>{username}</urn:username><urn:password>{password}</urn:password></urn:login>
</soapenv:Body></soapenv:Envelope>"""
_HEADERS = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"}


def warning_about_passwords(source: str) -> Problem:
    return Problem(
        f"{source} signs in with a password, through SOAP login: Salesforce ends it in Summer '27",
        source,
        "make an external client app and sign in with client_id and client_secret, or username and private_key",
    )


def by_password(source: str, options: SalesforceOptions, context: ReadContext) -> SignedIn:
    """Call login() once. A refused password is not tried again: Salesforce locks users who try too often."""
    secrets = [secret.reveal() for secret in (options.password, options.security_token) if secret is not None]
    # A refusal comes as status 500, which must not be repeated; so this call has a session of its own.
    session = open_session(
        source, options.http, context, base_url=options.url, secrets=secrets, handled_statuses=frozenset({500})
    )
    address = f"{options.url.rstrip('/')}/services/Soap/u/{options.api_version}"
    body = _ENVELOPE.format(username=escape(options.username or ""), password=escape("".join(secrets)))
    with session:
        response = session.post(address, data=body.encode(), headers=_HEADERS)
    answer = _elements(response)
    if response.status_code >= 400:
        raise _refused(source, options, answer, response.status_code)
    return _signed_in(source, options, answer)


def _signed_in(source: str, options: SalesforceOptions, answer: dict[str, str]) -> SignedIn:
    where = f"{source}: {options.url}"
    server, token = urlsplit(answer.get("serverUrl", "")), answer.get("sessionId")
    if not token or not server.netloc:
        hint = "check that url is the org's My Domain address"
        raise SourceContentError(f"{source} answered a sign-in without a token", location=where, hint=hint)
    if answer.get("passwordExpired") == "true":
        hint = "set a new password for the user, and better sign in with an app"
        raise SourceAuthError(f"the password of {source} has expired", location=where, hint=hint)
    names = {"userId": "user_id", "organizationId": "organization_id", "userName": "preferred_username"}
    user = {ours: answer[theirs] for theirs, ours in names.items() if theirs in answer}
    return SignedIn(token, f"{server.scheme}://{server.netloc}", user=user if "user_id" in user else {})


def _refused(source: str, options: SalesforceOptions, answer: dict[str, str], status: int) -> SourceError:
    where = f"{source}: {options.url}"
    reason = answer.get("exceptionMessage") or answer.get("faultstring")
    if reason is None and status >= 500:
        return SourceUnavailableError(f"{source} answers {status}", location=where, hint="the next run tries again")
    return SourceAuthError(
        f"{source} does not let us sign in: {' '.join((reason or f'status {status}').split())[-200:]}",
        location=where,
        hint="check username, password and security_token, and that the user's profile allows SOAP login",
    )


def _elements(response: requests.Response) -> dict[str, str]:
    """The text of every element by its name without a prefix; empty when the answer is no XML."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Any = fromstring(response.content)
    except (ParseError, DefusedXmlException, ValueError):
        return {}
    return {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}
