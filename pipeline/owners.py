"""The story of the to-do mails: who owns what is wrong, where they can be reached, and one mail for each of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog

from config.load import Configuration
from config.settings import Settings
from digest.audiences.people_options import OwnersOptions
from digest.audiences.recipients import is_mail_address
from digest.base import Digest
from digest.causes import group, is_at_risk
from digest.to_do import Move, ToDo, compose_to_do
from model.causes import binding_step
from model.deliveries import Delivery
from model.errors import UsageError
from model.findings import Finding, TrackedFinding
from model.keys import normalise_key
from model.objectives import ObjectiveTree, Tolerance
from model.persons import no_single_person
from model.spans import spanned
from pipeline.budget import Budgets
from pipeline.judge import business_day
from pipeline.mail_row import mail_row
from pipeline.rhythm import OWNERS
from reconcile.authority import same_person
from state.store import Store

log = structlog.get_logger("driftline.owners")

_NO_TOLERANCE = Tolerance()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the owners of records and objectives can be reached."""

    people: Mapping[str, str]
    owners: OwnersOptions

    @classmethod
    def of(cls, settings: Settings, owners: OwnersOptions) -> "Addresses":
        return cls({normalise_key(name): address for name, address in settings.people.items()}, owners)

    def find(self, name: str | None) -> str | None:
        """The address of an owner in one of the allowed domains; None for everybody else, and for what is no person."""
        if name is None or not name.strip():
            return None
        plain = name.partition("(")[0].strip() or name
        address = self.people.get(normalise_key(name)) or self.people.get(normalise_key(plain))
        if address is None and no_single_person(name) is None:
            _, bracket, rest = name.strip().rpartition("<")
            address = rest.removesuffix(">") if bracket else name.strip()
        if address is None or not is_mail_address(address) or not self.owners.allows(address):
            return None
        return address.casefold()


@dataclass(frozen=True, slots=True)
class Owned:
    """Findings with the name and the address of who is to act on them."""

    owner: str
    address: str
    moves: tuple[TrackedFinding, ...]
    mends: tuple[TrackedFinding, ...]


def to_dos(store: Store, configuration: Configuration, *, now: datetime) -> dict[str, ToDo]:
    """What each owner is asked to do, by address."""
    settings = configuration.settings
    if settings.owners is None:
        return {}
    open_ones = [tracked for tracked in store.tracked().values() if tracked.standing and is_at_risk(tracked)]
    found = _owned(store, Addresses.of(settings, settings.owners), open_ones)
    return {address: _to_do(configuration, settings.owners, owned, now) for address, owned in sorted(found.items())}


def _owned(store: Store, addresses: Addresses, findings: Iterable[TrackedFinding]) -> dict[str, Owned]:
    findings = list(findings)
    starts = {tracked.fingerprint: _start(tracked.finding) for tracked in findings}
    with store.view() as view:
        records = view.records({node for node in starts.values() if node is not None})
    found: dict[str, Owned] = {}
    for tracked in findings:
        record = records.get(starts[tracked.fingerprint] or "")
        of_record, of_finding = record.owner if record is not None else None, tracked.finding.owner
        # What is wrong with the data is whose the finding says; what holds up money is whose record begins the chain.
        names = (of_finding, of_record) if tracked.finding.upkeep else (of_record, of_finding)
        for name in names:
            address = addresses.find(name)
            if name is not None and address is not None:
                known = found.get(address, Owned(name, address, (), ()))
                found[address] = _with(known, tracked)
                break
    return found


def _start(finding: Finding) -> str | None:
    """The record at the start of the chain; what a finding without one is about."""
    step = binding_step(finding)
    if step is not None and not finding.upkeep:
        return step.node
    return finding.subjects[0] if finding.subjects else None


def _with(owned: Owned, tracked: TrackedFinding) -> Owned:
    if tracked.finding.upkeep:
        return Owned(owned.owner, owned.address, owned.moves, (*owned.mends, tracked))
    return Owned(owned.owner, owned.address, (*owned.moves, tracked), owned.mends)


def _to_do(configuration: Configuration, owners: OwnersOptions, owned: Owned, now: datetime) -> ToDo:
    settings, tree = configuration.settings, configuration.mapping.tree
    zone = settings.business.zone
    moves = []
    for cause in group(owned.moves):
        limits = [_alone(settings, tree, tracked.finding, owned) for tracked in cause.findings]
        moves.append(Move(cause, _strictest(limits)))
    mends = sorted(owned.mends, key=lambda each: (-each.finding.severity, each.opened_at, each.fingerprint))
    waits = [each.opened_at + owners.grace for each in mends if each.opened_at + owners.grace > now]
    return ToDo(
        owner=owned.owner,
        moves=tuple(moves),
        mends=tuple(mends),
        now=now,
        zone=zone,
        currency=settings.business.currency,
        words=owners.words,
        leaders_from=business_day(min(waits), zone) if waits else None,
    )


def _alone(settings: Settings, tree: ObjectiveTree, finding: Finding, owned: Owned) -> Tolerance | None:
    """How far the owner may decide about a finding without asking, from the decision rights; None for not at all."""
    for objective_id in finding.objective_ids:
        path = tree.path(objective_id)
        right = tree.inherited_right(objective_id, "within_tolerance")
        who = right or next((each.owner for each in path if each.owner), None)
        tolerance = next((each.tolerance for each in path if each.tolerance != _NO_TOLERANCE), None)
        if tolerance is not None and _same_person(settings, who, owned):
            return tolerance
    return None


def _same_person(settings: Settings, name: str | None, owned: Owned) -> bool:
    """Whether a right is the owner's: by name or address, or as the table of people puts them together."""
    if name is None:
        return False
    if same_person(name, owned.owner) or same_person(name, owned.address):
        return True
    named = {address.casefold() for other, address in settings.people.items() if same_person(other, name)}
    return owned.address in named


def _strictest(limits: Iterable[Tolerance | None]) -> Tolerance | None:
    """What holds for all findings of a cause: none where one of them is beyond the owner's rights."""
    known = list(limits)
    if not known or any(limit is None for limit in known):
        return None
    return min(
        (limit for limit in known if limit is not None),
        key=lambda limit: (limit.days, str(limit.amount), str(limit.percent)),
    )


def with_owners(
    store: Store, configuration: Configuration, tracked: Iterable[TrackedFinding], *, now: datetime
) -> frozenset[str]:
    """What is wrong with the data and was told to its owners so lately that leaders are not told of it yet."""
    owners = configuration.settings.owners
    if owners is None:
        return frozenset()
    fresh = [each for each in tracked if each.standing and each.finding.upkeep and now - each.opened_at < owners.grace]
    if not fresh:
        return frozenset()
    found = _owned(store, Addresses.of(configuration.settings, owners), fresh)
    return frozenset(each.fingerprint for owned in found.values() for each in owned.mends)


def to_do_of(store: Store, configuration: Configuration, address: str, *, now: datetime) -> Digest:
    """The to-do mail that an owner would get now."""
    settings = configuration.settings
    if settings.owners is None:
        raise UsageError("no to-do mails are configured", hint="add owners: with domains to the settings")
    if not settings.owners.allows(address):
        hint = f"the domains are: {', '.join(settings.owners.domains)}"
        raise UsageError(f"{address} is in none of the domains that may get a to-do mail", hint=hint)
    found = to_dos(store, configuration, now=now).get(address.casefold())
    if found is None:
        found = ToDo(
            owner=address,
            moves=(),
            mends=(),
            now=now,
            zone=settings.business.zone,
            currency=settings.business.currency,
            words=settings.owners.words,
        )
    return compose_to_do(found)


@spanned("compose")
def prepare_to_dos(store: Store, configuration: Configuration, *, slot: str, now: datetime) -> list[Delivery]:
    """Commit the to-do mails of a slot to the outbox: to everybody whose list is another than when it last went out, or
    went out so long ago that it is time to ask again."""
    settings = configuration.settings
    if settings.owners is None or settings.mail is None:
        return []
    budgets = Budgets(store, configuration, now=now)
    rows = []
    for address, to_do in to_dos(store, configuration, now=now).items():
        allowance = budgets.allowance(address, audience=OWNERS, slot=slot)
        if allowance is not None and allowance.mails_used_up:
            continue
        if not _is_due(store, settings.owners, address, to_do, slot):
            continue
        digest = compose_to_do(to_do)
        rows.append(mail_row(digest, settings.mail, address, audience=OWNERS, slot=slot, now=now))
    added = store.add_deliveries(rows)
    log.info("to_do.composed", slot=slot, mails=len(added))
    return added


def _is_due(store: Store, owners: OwnersOptions, address: str, to_do: ToDo, slot: str) -> bool:
    """Whether the list is to go out, noting what is on it. A slot that a killed process began is judged as before."""
    noted: dict[str, Any] = json.loads(store.note(_note(address)) or "{}")
    last: dict[str, Any] = noted.get("before", {}) if noted.get("slot") == slot else noted
    known, today = set(last.get("tasks", ())), to_do.today
    changed = set(_tasks(to_do)) - known
    sent = date.fromisoformat(last["on"]) if "on" in last else None
    if not changed and sent is not None and today - sent < owners.repeat_after:
        return False
    before = {key: last[key] for key in ("on", "tasks") if key in last}
    store.set_note(
        _note(address), json.dumps({"slot": slot, "on": today.isoformat(), "tasks": _tasks(to_do), "before": before})
    )
    return True


def _tasks(to_do: ToDo) -> list[str]:
    """What is on the list, each with how late it is: a task that got later is another one."""
    moves = [f"{each.fingerprint} {each.finding.impact.days}" for move in to_do.moves for each in move.cause.findings]
    return sorted([*moves, *(each.fingerprint for each in to_do.mends)])


def _note(address: str) -> str:
    return f"to-do:{address}"
