"""Signs in to Salesforce with one request: by client credentials or by a signed assertion (JWT bearer)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.http import PolicyAdapter
from connectors.salesforce.options import SalesforceOptions
from model.errors import SourceAuthError, SourceContentError

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_OF_ASSERTION = timedelta(minutes=3)
_SALESFORCE_HOSTS = (".salesforce.com", ".force.com", ".salesforce.mil", ".sfcrmproducts.cn")


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A token that was just given out, where it is good, and who Salesforce says it belongs to."""

    token: str
    instance: str
    identity_url: str


def sign_in(source: str, options: SalesforceOptions, session: requests.Session, now: datetime) -> SignedIn:
    """Get a token. Raise SourceAuthError when Salesforce refuses, SourceContentError when it answers no token."""
    response = session.post(f"{options.url.rstrip('/')}/services/oauth2/token", data=_form(source, options, now))
    answer = _object(response)
    if response.status_code >= 400:
        reason = answer.get("error_description") or answer.get("error") or f"status {response.status_code}"
        raise SourceAuthError(
            f"{source} does not let us sign in: {reason}",
            location=f"{source}: {options.url}",
            hint="check client_id and its secret or key, and that the app allows this flow and has an integration user",
        )
    instance, token = str(answer.get("instance_url") or "").rstrip("/"), answer.get("access_token")
    if not instance or not isinstance(token, str):
        raise SourceContentError(
            f"{source} answered a sign-in without a token",
            location=f"{source}: {options.url}",
            hint="check that url is the org's My Domain address",
        )
    _allow(source, options, session, instance)
    return SignedIn(token, instance, str(answer.get("id") or ""))


def _form(source: str, options: SalesforceOptions, now: datetime) -> dict[str, str]:
    if options.client_secret is not None:
        secret = options.client_secret.reveal()
        return {"grant_type": "client_credentials", "client_id": options.client_id, "client_secret": secret}
    return {"grant_type": _JWT_GRANT, "assertion": _assertion(source, options, now)}


def _assertion(source: str, options: SalesforceOptions, now: datetime) -> str:
    """Say who we are, signed; it is good for three minutes, so this machine's clock must be right (S3)."""
    import jwt

    claims = {
        "iss": options.client_id,
        "sub": options.username,
        "aud": options.audience,
        "exp": int((now + _LIFE_OF_ASSERTION).timestamp()),
    }
    key = options.private_key.reveal() if options.private_key else ""
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # The cause is left out: its text may quote the key.
        raise SourceAuthError(
            f"the private key of {source} cannot be read",
            location=source,
            hint="private_key must refer to an RSA key in PEM form, without a pass phrase",
        ) from None


def _allow(source: str, options: SalesforceOptions, session: requests.Session, instance: str) -> None:
    """Let the session call the instance, which may bear another name than My Domain, but only Salesforce's own."""
    host, configured = urlsplit(instance).hostname or "", urlsplit(options.url).hostname
    if host != configured and not host.endswith(_SALESFORCE_HOSTS):
        raise SourceContentError(
            f"{source} sends us to {host} after the sign-in, which is not Salesforce",
            location=f"{source}: {options.url}",
            hint="check that url is the org's My Domain address and that no proxy answers in its place",
        )
    adapter = session.get_adapter(instance)
    if isinstance(adapter, PolicyAdapter):
        adapter.allow(instance)


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
