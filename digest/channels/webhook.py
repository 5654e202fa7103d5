"""Hands a digest to a program of yours: one POST of JSON, signed in the form of the Standard Webhooks.

The signature covers the id, the time and the body. The id is the same when the same message goes again, so that the
receiver can drop a double; the time is that of the sending, so that an old message cannot be played back.
"""

import base64
import hashlib
import hmac
import socket
from datetime import datetime
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from digest.channels.options import WebhookOptions
from digest.hostile import clean
from model.errors import DeliveryError
from model.loopback import is_loopback

SHORTEST_SECRET = 24
"""Characters; shorter keys can be guessed."""
_AGAIN_LATER = {408, 425, 429}
_NEVER_ARRIVED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, socket.gaierror)


class WebhookSender:
    """Sends to one webhook. Certificates are verified, and no redirect is followed: it could lead the digest away."""

    def __init__(self, name: str, options: WebhookOptions) -> None:
        self._name = name
        self._options = options

    def send(self, message_id: str, body: bytes, *, now: datetime) -> None:
        """Return when the receiver has answered 2xx; raise DeliveryError otherwise."""
        url, secret = self._options.url.reveal(), self._options.secret.reveal()
        self._check(url, secret)
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "driftline",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(secret, message_id, stamp, body),
        }
        try:
            with requests.Session() as session:
                # What the environment names as proxy or password is not this channel's business.
                session.trust_env = False
                answer = session.post(
                    url, data=body, headers=headers, timeout=self._options.timeout_seconds, allow_redirects=False
                )
                status = answer.status_code
        except requests.RequestException as error:
            raise self._broken(error) from None
        if not 200 <= status < 300:
            self._refused(status)

    def _check(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
            raise self._error(
                "its address is neither https nor on this machine; nothing was sent",
                permanent=True,
                hint="write the whole address with https:// into the secret that channels names",
            )
        if len(secret) < SHORTEST_SECRET:
            raise self._error(
                f"its secret is shorter than {SHORTEST_SECRET} characters; nothing was sent",
                permanent=True,
                hint="make one with: openssl rand -base64 32",
            )

    def _refused(self, status: int) -> None:
        if 300 <= status < 400:
            raise self._error(
                f"answered with a redirect ({status}), which is not followed",
                permanent=True,
                hint="write the address it leads to into the secret, if it is yours",
            )
        permanent = 400 <= status < 500 and status not in _AGAIN_LATER
        hint = "look into the receiver's log; the address or the secret may be wrong" if permanent else ""
        raise self._error(f"answered {status}", permanent=permanent, hint=hint or "it is tried again later")

    def _broken(self, error: requests.RequestException) -> DeliveryError:
        """A link that broke before anything was sent can be tried again; after that nobody knows (M3).

        The error's own words are not told: they hold the address, and the address may hold a key (X1).
        """
        if isinstance(error, requests.exceptions.SSLError):
            return self._error(
                "its certificate is not trusted", permanent=True, hint="the address must have a valid certificate"
            )
        reason = error.args[0] if error.args else None
        cause = getattr(reason, "reason", reason)
        if isinstance(error, requests.ConnectTimeout) or isinstance(cause, _NEVER_ARRIVED):
            return self._error("cannot be reached", permanent=False, hint="check that it can be reached from here")
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return self._error("its address is no address", permanent=True, hint="correct the secret behind url")
        return self._error(
            "broke off before it answered",
            permanent=False,
            unknown=True,
            hint="it is sent again with the same webhook-id",
        )

    def _error(self, what: str, *, permanent: bool, unknown: bool = False, hint: str = "") -> DeliveryError:
        name = clean(self._name, 60)
        return DeliveryError(f"the webhook {name}: {what}", permanent=permanent, unknown=unknown, hint=hint)


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 over ``id.time.body``."""
    signed = b".".join([message_id.encode(), stamp.encode(), body])
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
