"""Access tokens for mail servers that take no passwords any more (M5): Microsoft 365 and Gmail."""

import requests
import urllib3.exceptions

from digest.hostile import clean
from digest.options import OauthOptions
from model.errors import DeliveryError

_HINTS = {
    "invalid_client": "the client secret is wrong or has ended: make a new one for smtp.oauth.client_secret",
    "invalid_grant": "the refresh token has ended or was taken back: sign in anew and store the new one",
    "invalid_scope": "check smtp.oauth.scope with the provider's documentation",
    "unauthorized_client": "have the administrator consent to the application's permission to send mail",
}


def access_token(options: OauthOptions, *, timeout: float) -> str:
    """Ask for an access token, by the refresh token where there is one, else by the client's own credentials.

    Raise DeliveryError: permanent where the provider refuses who we are, else it is tried again later.
    """
    form = {
        "client_id": options.client_id,
        "grant_type": "refresh_token" if options.refresh_token else "client_credentials",
        "client_secret": options.client_secret.reveal(),
    }
    if options.refresh_token is not None:
        form["refresh_token"] = options.refresh_token.reveal()
    if options.scope:
        form["scope"] = options.scope
    answer, status = _asked(options.token_url, form, timeout)
    token = answer.get("access_token")
    if status == 200 and isinstance(token, str) and token and token.isascii() and token.isprintable():
        return token
    code = clean(str(answer.get("error", "")), 60)
    said = f": {code}" if code else ""
    raise DeliveryError(
        f"{options.token_url} gave no access token ({status}{said})",
        permanent=400 <= status < 500 and status != 429,
        hint=_HINTS.get(code, "check smtp.oauth with the provider's documentation"),
    )


def _asked(url: str, form: dict[str, str], timeout: float) -> tuple[dict[str, object], int]:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, data=form, timeout=timeout, allow_redirects=False)
            told = answer.json() if len(answer.content) < 100_000 else {}
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise DeliveryError(
            f"{url} gave no access token: {type(error).__name__}",
            permanent=isinstance(error, requests.exceptions.SSLError),
            hint="check that it can be reached from here",
        ) from None
    return (told if isinstance(told, dict) else {}), answer.status_code
