"""The readers of one digest, one by one: each has a language, a budget, and news that was told or held back before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from config.load import Configuration
from digest.base import Digest, Edition, News
from digest.channels.options import PREFIX
from digest.compose import compose
from digest.language import Language
from pipeline.budget import Budgets, held_back, note_held_back
from pipeline.coming_due import note_asked
from pipeline.edition import grouped
from pipeline.notice_notes import told_by_notices
from state.store import Store


@dataclass(frozen=True, slots=True)
class Readers:
    """What each reader of one slot is told; equal readers share one digest."""

    digests: Mapping[str, Digest]
    held: Mapping[str, Mapping[str, int]]
    """Per address, what the budget holds back, with the last transition that was told before."""
    budgets: Budgets
    edition: Edition

    def commit(
        self, store: Store, audience: str, slot: str, in_channels: Mapping[Language, Digest] = MappingProxyType({})
    ) -> None:
        """Note what is told and held back, before the rows are added; ``in_channels`` is what the channels are told."""
        told = {address: digest.pieces for address, digest in self.digests.items() if not digest.empty}
        self.budgets.note_pieces(audience, slot, told)
        note_held_back(store, audience, slot, self.held)
        options = self.edition.options
        said = in_channels.get(options.words)
        channels = {f"{PREFIX}{name}": said for name in options.channels} if said is not None else {}
        note_asked(store, self.edition, slot, {**self.digests, **channels})


def readers_of(store: Store, configuration: Configuration, edition: Edition, *, slot: str) -> Readers:
    """Compose the digest once for all readers who are told the same, as far as everybody's budget allows."""
    audience, covered = edition.audience, store.covered(edition.audience)
    earlier = held_back(store, audience)
    budgets = Budgets(store, configuration, now=edition.now)
    notices = told_by_notices(store, configuration, audience, now=edition.now)
    digests: dict[str, Digest] = {}
    held: dict[str, Mapping[str, int]] = {}
    composed: list[tuple[tuple[object, ...], Digest]] = []
    for address, words in edition.options.readers.items():
        mine = earlier.get(address, {})
        allowance = budgets.allowance(address, audience=audience, slot=slot, earlier=mine)
        at_once = notices.at_once(address)
        key = (words, allowance, mine, at_once)
        known = [digest for other, digest in composed if other == key]
        if not known:
            own = replace(
                edition,
                language=words,
                news=_with_earlier(store, edition, mine),
                told_at_once=at_once,
                allowance=allowance,
            )
            known = [compose(own)]
            composed.append((key, known[0]))
        digests[address] = known[0]
        held[address] = {print_: mine.get(print_, covered) for print_ in known[0].held_back}
    return Readers(digests, held, budgets, edition)


def _with_earlier(store: Store, edition: Edition, held: Mapping[str, int]) -> tuple[News, ...]:
    """The news together with what was held back before."""
    if not held:
        return edition.news
    steps = [s for s in store.transitions(after=min(held.values())) if (s.sequence or 0) > held.get(s.fingerprint, 0)]
    earlier = grouped(store.tracked(), [step for step in steps if step.fingerprint in held])
    return (*(news for news in edition.news if news.tracked.fingerprint not in held), *earlier)
