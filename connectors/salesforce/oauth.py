"""Signs in through an app: by client credentials, by a signed assertion (JWT bearer) or by a refresh token."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import requests

from connectors.base import ReadContext
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.signed_in import SignedIn
from connectors.salesforce.token_file import TokenFile
from model.errors import SourceAuthError, SourceContentError

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_OF_ASSERTION = timedelta(minutes=3)


def by_oauth(
    source: str, options: SalesforceOptions, session: requests.Session, context: ReadContext, now: datetime
) -> SignedIn:
    """Ask the org's token endpoint in the way that the options name."""
    if options.refresh_token_file is not None:
        file = TokenFile(source, options.refresh_token_file, context.stop)
        return _by_token_of(file, source, options, session)
    if options.refresh_token is not None:
        token = options.refresh_token.reveal()
        answer = _answer(source, options, session, _refresh(options, token))
        if _rotated(answer, token):
            raise SourceAuthError(
                f"{source} replaced its refresh token, and there is no file in which the new one can be kept",
                location=source,
                hint="switch refresh token rotation off in the app, or put a new token into a refresh_token_file",
            )
        return _signed_in(source, options, answer)
    return _signed_in(source, options, _answer(source, options, session, _form(source, options, now)))


def _by_token_of(file: TokenFile, source: str, options: SalesforceOptions, session: requests.Session) -> SignedIn:
    """Sign in with the token of a file; a new one replaces it before the sign-in is used (S5)."""
    with file.alone():
        file.require_writable()
        token = file.read()
        answer = _answer(source, options, session, _refresh(options, token))
        rotated = _rotated(answer, token)
        if rotated:
            file.keep(rotated)
    return _signed_in(source, options, answer)


def _answer(
    source: str, options: SalesforceOptions, session: requests.Session, form: Mapping[str, str]
) -> Mapping[str, Any]:
    response = session.post(f"{options.url.rstrip('/')}/services/oauth2/token", data=form)
    answer = _object(response)
    if response.status_code < 400:
        return answer
    reason = answer.get("error_description") or answer.get("error") or f"status {response.status_code}"
    hint = (
        "check client_id and its secret or key, and that the app allows this flow and has an integration user;"
        " docs/how-to/salesforce-external-client-app.md tells how such an app is made"
    )
    if form["grant_type"] == "refresh_token":
        hint = "the refresh token has ended, was revoked or was replaced: authorise the app anew for another one"
    raise SourceAuthError(f"{source} does not let us sign in: {reason}", location=f"{source}: {options.url}", hint=hint)


def _signed_in(source: str, options: SalesforceOptions, answer: Mapping[str, Any]) -> SignedIn:
    instance, token = str(answer.get("instance_url") or "").rstrip("/"), answer.get("access_token")
    if not instance or not isinstance(token, str):
        raise SourceContentError(
            f"{source} answered a sign-in without a token",
            location=f"{source}: {options.url}",
            hint="check that url is the org's My Domain address",
        )
    return SignedIn(token, instance, str(answer.get("id") or ""))


def _form(source: str, options: SalesforceOptions, now: datetime) -> dict[str, str]:
    if options.client_secret is None:
        return {"grant_type": _JWT_GRANT, "assertion": _assertion(source, options, now)}
    return {"grant_type": "client_credentials", **_app(options)}


def _refresh(options: SalesforceOptions, token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, **_app(options)}


def _app(options: SalesforceOptions) -> dict[str, str]:
    named = {"client_id": options.client_id or ""}
    return named if options.client_secret is None else named | {"client_secret": options.client_secret.reveal()}


def _rotated(answer: Mapping[str, Any], token: str) -> str | None:
    """The new refresh token, when the org took the old one away; without rotation the answer names none."""
    new = answer.get("refresh_token")
    return new if isinstance(new, str) and new.strip() and new != token else None


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


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
