"""What can be set about channels: where they lead and with which secret."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from model.options import Options
from model.secret import Secret

PREFIX = "channel:"
"""How a channel stands in the outbox where mails have an address; no address holds a colon."""


class WebhookOptions(Options):
    """A program of yours that takes digests as signed JSON."""

    kind: Literal["webhook"]
    """webhook"""
    url: Annotated[Secret, Field(examples=["env:BOARD_WEBHOOK_URL"])]
    """Its https address, as a reference, because such addresses often hold a key; http on this machine only."""
    secret: Annotated[Secret, Field(examples=["env:BOARD_WEBHOOK_SECRET"])]
    """The shared secret that signs what is sent, as a reference; at least 24 characters."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How long to wait for the connection and for the answer."""


class ChatOptions(Options):
    """Slack, Microsoft Teams or another of the services that Apprise covers."""

    kind: Literal["chat"]
    """chat"""
    url: Annotated[Secret, Field(examples=["env:LEADERS_SLACK_URL"])]
    """Its Apprise address, as a reference, because it holds the key: slack://…, workflows://… (Teams), or another."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How long to wait for the connection and for the answer."""


ChannelOptions: TypeAlias = Annotated[WebhookOptions | ChatOptions, Field(discriminator="kind")]
"""A channel by its kind."""
