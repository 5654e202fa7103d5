"""A mapping that changed: what is recorded of it, and which findings come, change or go because of it."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from config.load import Configuration
from mapping.document import DocumentError, parse_mapping
from model.findings import Finding, TrackedFinding, Transition, TransitionKind
from model.keys import objective_node
from model.links import Link, Need
from model.mapping_changes import Inventory, MappingChange, Names
from model.spans import spanned
from pipeline.authors import authors_of
from pipeline.link import Linking, link_records
from pipeline.link_ahead import FirstLinking
from reconcile.lifecycle import Advance
from reconcile.wording import day_text
from state.store import Store

log = structlog.get_logger("driftline.mapping")

JUDGED_CHANGE_NOTE = "judged-mapping-change"
"""The number of the last change of the mapping that findings were judged after."""
NAMED_AT_MOST = 3
"""Causes that one reason names."""
_MOVED = frozenset(
    {
        *(TransitionKind.OPENED, TransitionKind.REOPENED, TransitionKind.RESOLVED),
        *(TransitionKind.WORSENED, TransitionKind.IMPROVED),
    }
)


@dataclass(frozen=True, slots=True)
class Picture:
    """The links and needs that findings rest on at one moment, and how many links each rule gives."""

    links: Mapping[str, frozenset[Link]]
    needs: Mapping[str, frozenset[Need]]
    counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Reach:
    """What the change of the mapping did to links and needs; None stands for what a killed process saw alone."""

    changes: tuple[MappingChange, ...]
    before: Picture | None = None
    after: Picture | None = None


@spanned("link")
def link_and_record(
    store: Store, configuration: Configuration, *, now: datetime, ahead: FirstLinking | None = None
) -> tuple[Linking, Reach]:
    """Link what is stored, and record what changed about the mapping since it was linked last.

    ``ahead`` is what the same run linked already.
    """
    mapping, sources = configuration.mapping, configuration.settings.sources
    today = now.astimezone(configuration.settings.business.zone).date()
    known = store.inventory()
    if known is not None and known.fingerprint == mapping.fingerprint:
        return link_records(store, mapping, sources, today=today, ahead=ahead), Reach(_pending(store))
    if known is None:  # there is nothing to compare with
        linking = link_records(store, mapping, sources, today=today, ahead=ahead)
        store.add_mapping_change(None, inventory_of(configuration))
        return linking, Reach(())
    before = picture(store)
    linking = link_records(store, mapping, sources, today=today)
    after = picture(store)
    inventory = inventory_of(configuration)
    recorded = store.add_mapping_change(_change(known, inventory, configuration.root, before, after, now), inventory)
    assert recorded is not None
    log.info(
        "mapping.changed",
        number=recorded.number,
        before=recorded.before,
        after=recorded.after,
        by=recorded.by or "unknown",
        rules=told(recorded.rules, "rule"),
        objectives=told(recorded.objectives, "objective"),
    )
    return linking, Reach(_pending(store), before, after)


def _pending(store: Store) -> tuple[MappingChange, ...]:
    """The changes that no judgement has seen yet, the newest first."""
    return tuple(store.mapping_changes(after=int(store.note(JUDGED_CHANGE_NOTE) or 0)))


def note_judged(store: Store, reach: Reach) -> None:
    """Note that findings were judged after these changes."""
    if reach.changes:
        store.set_note(JUDGED_CHANGE_NOTE, str(reach.changes[0].number))


def inventory_of(configuration: Configuration) -> Inventory:
    """What the loaded files hold, by name; the order, comments and layout of a file do not count for its entries."""
    files: dict[str, str] = {}
    entries: dict[str, dict[str, str]] = {"rules": {}, "objectives": {}}
    for path, source in configuration.texts.items():
        files[_relative(path, configuration.root)] = _hash(source.text)
        try:
            value = parse_mapping(source).value
        except DocumentError:  # it was sound when it was loaded
            continue
        for kind, name in (("rules", "name"), ("objectives", "id")):
            for entry in value.get(kind) or ():
                if isinstance(entry, dict) and name in entry:
                    entries[kind][str(entry[name])] = _hash(json.dumps(entry, sort_keys=True, default=str))
    files |= {_relative(path, configuration.root): _hash(content) for path, content in configuration.sheets.items()}
    return Inventory(configuration.mapping.fingerprint, files, entries["rules"], entries["objectives"])


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def names_changed(before: Mapping[str, str], after: Mapping[str, str]) -> Names:
    """Compare two parts of an inventory."""
    return Names(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )


def _change(
    known: Inventory, inventory: Inventory, root: Path, before: Picture, after: Picture, now: datetime
) -> MappingChange:
    files = names_changed(known.files, inventory.files)
    by, known_from = authors_of(root / name for name in (*files.added, *files.changed, *files.removed))
    rules = {rule for rule, _ in (*before.counts, *after.counts)}
    counted = {rule: (_links_of(rule, before), _links_of(rule, after)) for rule in sorted(rules)}
    return MappingChange(
        at=now,
        before=known.fingerprint,
        after=inventory.fingerprint,
        by=by,
        known_from=known_from,
        files=files,
        rules=names_changed(known.rules, inventory.rules),
        objectives=names_changed(known.objectives, inventory.objectives),
        links={rule: both for rule, both in counted.items() if both[0] != both[1]},
    )


def _links_of(rule: str, seen: Picture) -> int:
    return sum(number for (name, _), number in seen.counts.items() if name == rule)


def picture(store: Store) -> Picture:
    """Everything that a judgement would read of links and needs."""
    links: dict[str, set[Link]] = {}
    needs: dict[str, set[Need]] = {}
    with store.view() as view:
        for link in view.links():
            links.setdefault(link.record_id, set()).add(replace(link, location=""))
        for need in view.needs():
            needs.setdefault(need.dependent, set()).add(replace(need, location="", prerequisites=()))
    return Picture(
        {record: frozenset(found) for record, found in links.items()},
        {node: frozenset(found) for node, found in needs.items()},
        store.link_counts(),
    )


def told(names: Names, word: str) -> str:
    """``2 rules added, 1 rule changed``; empty when nothing changed."""
    parts = (("added", names.added), ("removed", names.removed), ("changed", names.changed))
    return ", ".join(f"{len(found)} {word}{'' if len(found) == 1 else 's'} {how}" for how, found in parts if found)


def with_causes(
    step: Advance, tracked: Mapping[str, TrackedFinding], reach: Reach, configuration: Configuration
) -> Advance:
    """Let what opened, moved or resolved because of the mapping say so in its reason; nothing else changes."""
    if not reach.changes:
        return step
    after = {entry.fingerprint: entry.finding for entry in step.tracked if entry.standing}
    zone = configuration.settings.business.zone
    causes = _Causes(reach, f"since the mapping changed {when_and_who(reach.changes[0], zone)}")
    return replace(
        step,
        transitions=tuple(
            causes.told(each, list(_findings(each, tracked, after))) if each.kind in _MOVED else each
            for each in step.transitions
        ),
    )


def when_and_who(change: MappingChange, zone: Any) -> str:
    """``on 21 Nov 2026 by Nadia``."""
    return f"on {day_text(change.at.astimezone(zone).date())}" + (f" by {change.by}" if change.by else "")


def _findings(
    step: Transition, tracked: Mapping[str, TrackedFinding], after: Mapping[str, Finding]
) -> Iterator[Finding]:
    if step.fingerprint in tracked:
        yield tracked[step.fingerprint].finding
    if step.fingerprint in after:
        yield after[step.fingerprint]


@dataclass(frozen=True, slots=True)
class _Causes:
    reach: Reach
    since: str

    def told(self, step: Transition, findings: Sequence[Finding]) -> Transition:
        if self.reach.before is None or self.reach.after is None:
            # The process that changed the links was killed before it judged: only the time is known.
            return replace(step, reason=_joined(step.reason, f"judged the first time {self.since}"))
        found = list(dict.fromkeys(self._of(findings, self.reach.before, self.reach.after)))
        if not found:
            return step
        more = len(found) - NAMED_AT_MOST
        causes = "; ".join(found[:NAMED_AT_MOST]) + (f"; and {more} more" if more > 0 else "")
        return replace(step, reason=_joined(step.reason, f"{causes}, {self.since}"))

    def _of(self, findings: Sequence[Finding], before: Picture, after: Picture) -> Iterator[str]:
        keys: dict[str, str] = {}
        for finding in findings:
            for subject in finding.subjects:
                keys.setdefault(subject, finding.commitment.key if finding.commitment else subject)
            keys.update((part.node, part.key) for part in finding.chain if part.node not in keys)
        for node, key in keys.items():
            old, new = before.links.get(node, frozenset()), after.links.get(node, frozenset())
            yield from _link_causes(key, old, new)
            told = _rules(old) ^ _rules(new)
            yield from _need_causes(key, *(_not_of(told, side.needs.get(node, ())) for side in (before, after)))
            yield from _count_causes(node, before.counts, after.counts)
        concerned = {objective for finding in findings for objective in finding.objective_ids}
        yield from self._objective_causes(concerned)

    def _objective_causes(self, concerned: set[str]) -> Iterator[str]:
        for change in self.reach.changes:
            for how, names in (("added", change.objectives.added), ("removed", change.objectives.removed)):
                yield from (f"the objective {name} was {how}" for name in names if name in concerned)
            changed = change.objectives.changed
            yield from (f"the objective {name} says something else" for name in changed if name in concerned)


def _joined(reason: str, cause: str) -> str:
    return f"{reason}: {cause}" if reason else cause


def _link_causes(key: str, before: Iterable[Link], after: Iterable[Link]) -> Iterator[str]:
    """What is said about one record by other rules than before, or otherwise."""
    gone = sorted(set(before) - set(after), key=lambda link: (link.role, link.objective_id))
    came = sorted(set(after) - set(before), key=lambda link: (link.role, link.objective_id))
    for link in gone:
        new = next((each for each in came if each.role is link.role), None)
        if new is None:
            yield f"the rule {link.rule} does not link {key} to {link.objective_id} any more"
        elif new.objective_id != link.objective_id:
            came.remove(new)
            yield f"the rule {new.rule} links {key} to {new.objective_id} instead of {link.objective_id}"
        else:
            came.remove(new)
    for link in came:
        yield f"the rule {link.rule} links {key} to {link.objective_id}"


def _rules(links: Iterable[Link]) -> set[str]:
    return {link.rule for link in links}


def _not_of(rules: Collection[str], needs: Iterable[Need]) -> list[Need]:
    """Needs but those of some rules: that a rule links a record, or does so no more, says enough about both."""
    return [need for need in needs if need.rule not in rules]


def _need_causes(key: str, before: Iterable[Need], after: Iterable[Need]) -> Iterator[str]:
    def said(needs: Iterable[Need]) -> dict[tuple[str, int, str], Need]:
        return {(need.wanted, need.lag_days, need.calendar): need for need in needs}

    old, new = said(before), said(after)
    gone, came = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    for wanted in gone:
        same = next((each for each in came if each[0] == wanted[0]), None)
        if same is None:
            yield f"{_who_says(old[wanted])} does not make {key} wait for {wanted[0]} any more"
            continue
        came.remove(same)
        lags = _lag_says(new[same]), _lag_says(old[wanted])
        yield f"{_who_says(new[same])} makes {key} wait for {wanted[0]} and {lags[0]} more, instead of {lags[1]}"
    for wanted in came:
        yield f"{_who_says(new[wanted])} makes {key} wait for {wanted[0]}"


def _lag_says(need: Need) -> str:
    words = "1 day" if need.lag_days == 1 else f"{need.lag_days:,} days"
    return f"{words} by the calendar {need.calendar}" if need.calendar else words


def _who_says(need: Need) -> str:
    return f"the rule {need.rule}" if need.rule else "the objectives file"


def _count_causes(
    node: str, before: Mapping[tuple[str, str], int], after: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    """For an objective on the chain: how many records its rules link now."""
    for rule, objective in sorted(before.keys() | after.keys()):
        if objective_node(objective) == node and before.get((rule, objective), 0) != after.get((rule, objective), 0):
            numbers = after.get((rule, objective), 0), before.get((rule, objective), 0)
            yield f"the rule {rule} links {numbers[0]} records to {objective} instead of {numbers[1]}"
