"""A digest as JSON: what a webhook gets. The form is a contract; ``version`` goes up when it breaks."""

import hashlib
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

import orjson

from digest.base import Digest, SectionBlocks
from digest.render import render_text

VERSION = 1


def message_id(audience: str, slot: str, channel: str) -> str:
    """The same for the same digest, whenever and wherever it is sent again (M2)."""
    named = "\x1f".join([audience, slot, channel]).encode("utf-8", "replace")
    return f"digest_{hashlib.sha256(named).hexdigest()[:32]}"


def payload(digest: Digest, *, audience: str, slot: str, now: datetime) -> bytes:
    """One JSON object: type, version, audience, slot, composed_at, subject, title, reason, language, sections, text.

    A section has name, heading and blocks; a block has its kind (paragraph, bullets, table, decision, small, divider)
    and its parts; a line is a list of pieces, each a text, a link or a chip.
    """
    return orjson.dumps(
        {
            "type": "driftline.digest",
            "version": VERSION,
            "audience": audience,
            "slot": slot,
            "composed_at": now.isoformat(),
            "subject": digest.subject,
            "title": digest.title,
            "reason": digest.reason,
            "language": digest.language,
            "sections": [_section(section) for section in digest.blocks],
            "text": render_text(digest),
        }
    )


def _section(section: SectionBlocks) -> dict[str, Any]:
    return {
        "name": section.name,
        "heading": section.heading,
        "blocks": [_plain(block) for block in section.blocks],
    }


def _plain(value: Any) -> Any:
    """Frozen values of digest/base.py as JSON; pictures go without their bytes, their words stay."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "__dataclass_fields__"):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return kind | {name: _plain(each) for name, each in named if not isinstance(each, bytes)}
    return value
