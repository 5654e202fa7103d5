"""The mails that are checked: one of each kind, by name, in English and where it matters in German."""

from collections.abc import Mapping
from dataclasses import replace

from digest.base import Edition
from digest.compose import compose
from digest.language import Language
from digest.render import render_html
from tests.digest import pictured
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


def mails() -> Mapping[str, str]:
    """The HTML of each."""
    return {name: render_html(compose(each)) for name, each in editions().items()}
