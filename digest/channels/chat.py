"""Hands a digest to Slack, Microsoft Teams or another chat service, through Apprise, which knows their ways."""

from typing import Any

from digest.channels.options import ChatOptions
from digest.hostile import clean
from model.errors import DeliveryError

_HINT = "install it beside Driftline: pip install 'driftline[chat]'"


class ChatSender:
    """Sends to one chat service. What it takes is CommonMark; Apprise turns it into the service's own form."""

    def __init__(self, name: str, options: ChatOptions) -> None:
        self._name = name
        self._options = options

    def send(self, subject: str, body: str) -> None:
        """Return when the service has taken it; raise DeliveryError otherwise.

        Apprise tells neither whether a refusal is for good nor what the service said, and its log may hold the key:
        every refusal is tried again until the mail server's usual five days are over.
        """
        service = self._service()
        taken = service.notify(title=clean(subject, 150), body=body, body_format="markdown")
        if not taken:
            raise self._error(
                "the service did not take the message",
                permanent=False,
                hint="check the key behind url, and that the service can be reached from here",
            )

    def _service(self) -> Any:
        try:
            import apprise
        except ImportError:
            raise self._error("the library Apprise is not installed", permanent=True, hint=_HINT) from None
        asset = apprise.AppriseAsset(
            app_id="Driftline", app_desc="Driftline", storage_mode="memory", plugin_paths=[], async_mode=False
        )
        service = apprise.Apprise.instantiate(self._options.url.reveal(), asset=asset, suppress_exceptions=True)
        if service is None:
            raise self._error(
                "its address is none that Apprise knows",
                permanent=True,
                hint="the addresses of all services: https://github.com/caronc/apprise/wiki",
            )
        if not service.verify_certificate:
            raise self._error(
                "its address asks for certificates not to be verified; nothing was sent",
                permanent=True,
                hint="take verify=no out of the address",
            )
        service.redirects = False
        service.overflow_mode = apprise.OverflowMode.SPLIT
        service.socket_connect_timeout = service.socket_read_timeout = self._options.timeout_seconds
        return service

    def _error(self, what: str, *, permanent: bool, hint: str) -> DeliveryError:
        return DeliveryError(f"the chat {clean(self._name, 60)}: {what}", permanent=permanent, hint=hint)
