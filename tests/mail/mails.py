"""The mails that are checked: one of each kind, by name, in English and where it matters in German."""

from collections.abc import Mapping
from dataclasses import replace

from digest.base import Digest, Edition
from digest.compose import compose
from digest.language import Language
from digest.render import render_html
from digest.to_do import compose_to_do
from tests.digest import pictured, test_notice, test_to_do
from tests.digest.editions import edition, failed_source, three_causes, two_causes
from tests.digest.test_render import PAYLOADS, poisoned

GERMAN = Language("de", "de")


def editions() -> Mapping[str, Edition]:
    """Editions that use every section and every state of a source."""
    return {
        "two causes": two_causes(),
        "three causes": three_causes(),
        "a failed source": failed_source(),
        "in German": replace(three_causes(), language=GERMAN),
        "no news": edition(heartbeat=True),
        "a triage with pictures": pictured.triage(),
        "hostile titles": poisoned(" ".join(PAYLOADS)),
    }


def others() -> Mapping[str, Digest]:
    """The mails beside the digest, as full as they can be."""
    return {
        "a notice": test_notice.notice(test_notice.crowded()),
        "a notice of last days": test_notice.last_days(),
        "a to-do mail": compose_to_do(test_to_do.full()),
        "a to-do mail in German": compose_to_do(test_to_do.to_do(words=GERMAN)),
    }


def mails() -> Mapping[str, str]:
    """The HTML of each."""
    composed = {name: compose(each) for name, each in editions().items()} | dict(others())
    return {name: render_html(each) for name, each in composed.items()}
