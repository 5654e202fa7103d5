"""The mails beside the digest that ``driftline digest preview`` can show: a notice, and the to-do mail of an owner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.workspace import NOTHING_READ, START_READING, clock_of, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from digest.base import Digest
    from digest.language import Language


@dataclass(frozen=True, slots=True)
class Previewed:
    """A mail as it would go out, to whom, and why; without a digest nothing would."""

    digest: "Digest | None"
    recipients: tuple[str, ...]
    reason: str
    language: str
    gone: bool = False
    """It has gone out already."""


def preview_notice(configuration: "Configuration", audience: str, words: "Language") -> Previewed:
    """What an audience would be told at once now, or was told at once since its last digest."""
    from model.errors import UsageError
    from pipeline.notices import notice_now

    options = configuration.settings.digests[audience]
    if options.at_once is None:
        hint = f"add at_once: with minimum_money or decide_within_days under digests.{audience} in the settings"
        raise UsageError(f"the audience {audience} is told nothing at once", hint=hint)
    with read_store(configuration) as store:
        if store is None:
            return Previewed(None, options.addresses, f"{NOTHING_READ}; {START_READING}", words.code)
        digest, gone = notice_now(store, configuration, audience, words=words, now=clock_of(configuration).now())
    reason = digest.reason if digest is not None else "no news since the last digest crosses the threshold"
    return Previewed(digest, options.addresses, reason, words.code, gone)


def preview_to_do(configuration: "Configuration", address: str) -> Previewed:
    """What an owner would be asked to do now."""
    from pipeline.owners import to_do_of

    owners = configuration.settings.owners
    language = owners.language if owners is not None else "en"
    with read_store(configuration) as store:
        if store is None:
            return Previewed(None, (address,), f"{NOTHING_READ}; {START_READING}", language)
        digest = to_do_of(store, configuration, address, now=clock_of(configuration).now())
    return Previewed(None if digest.empty else digest, (address,), digest.reason, language)
