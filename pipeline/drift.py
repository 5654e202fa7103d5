"""Schema drift: a configured field that vanished, became ambiguous or changed its type, and what needs it (S9).

What each field was is noted when a source was read to its end, and compared before anything is read the next time.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import structlog

from config.load import Configuration
from connectors.base import Connector, SourceOptions
from mapping.uses import rules_reading
from model.errors import SchemaDriftError
from model.runs import SourceOutcome, SourceResult
from pipeline.trust import approving
from reconcile.check import FAMILIES, Check
from state.store import Store

log = structlog.get_logger("driftline.drift")

NAMED_AT_MOST = 4
"""How many rules or checks a message names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Dependents:
    """What reads a field: rules with the ``file:line`` of each, and checks, installed ones and those of the files."""

    rules: Mapping[str, str]
    checks: tuple[str, ...]

    def __str__(self) -> str:
        named = [_named("rule", self.rules), _named("check", self.checks)]
        return " and ".join(part for part in named if part) or "no rule and no check"


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is remembered of a source's fields.

    ``kept``: what each was at the last complete read. ``settings``: what the configuration said about each then.
    ``drifted``: the fields that were found to be something else at the time ``at``, and ``seen`` what all were then,
    None where that could not be told. ``accepted``: what somebody approved of that. ``left_out``: fields that some
    stored records lack or only have from before, because the source was read without them; ``goes_on``: it is read to
    its end so, and only what rests on those fields is held.
    """

    kept: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] | None = None
    drifted: tuple[str, ...] = ()
    at: str = ""
    accepted: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    goes_on: bool = False


def hold_drifted(store: Store, connector: Connector) -> None:
    """Raise SchemaDriftError before anything is read of a source with a field that is not what it was.

    A field that was configured since, or configured otherwise, is no drift; nor is what ``accept_shape`` let through.
    """
    noted = _noted(store, connector.name)
    try:
        now = connector.shape()
    except SchemaDriftError as gone:
        _note_drift(store, connector, noted, gone.fields, None)
        raise _unreadable(connector.name, gone, noted.kept) from gone
    drifted = _drifted(noted, now, connector.options)
    if drifted:
        _note_drift(store, connector, noted, drifted, now)
        raise _changed(connector.name, drifted, noted.kept, now)


def keep_shape(store: Store, connector: Connector) -> None:
    """Note what the fields are, after the last page of a source."""
    now = connector.shape()
    settings = {name: _setting(connector.options, name) for name in now}
    if (kept := _Noted(kept=dict(now), settings=settings)) != _noted(store, connector.name):
        _note(store, connector.name, kept)


def shape_is_new(store: Store, connector: Connector) -> bool:
    """Whether fields are others than those of the last complete read, or were left out since then, so that what did
    not change lacks them too."""
    noted = _noted(store, connector.name)
    return bool(noted.left_out) or dict(connector.shape()) != dict(noted.kept)


def note_left_out(store: Store, source: str, fields: Collection[str]) -> None:
    """Note that a source was read to its end without these fields."""
    noted = _noted(store, source)
    _note(store, source, replace(noted, left_out=tuple(sorted({*noted.left_out, *fields})), goes_on=True))


def forget_left_out(store: Store, source: str) -> None:
    """Note that a source was not even read without the fields that drifted: all that rests on it is held again."""
    noted = _noted(store, source)
    if noted.goes_on:
        _note(store, source, replace(noted, goes_on=False))


def goes_on(store: Store, source: str) -> bool:
    """Whether a source that is not completely read is read all the same, without the fields that drifted."""
    return _noted(store, source).goes_on


def held_checks(store: Store, configuration: Configuration, source: str) -> frozenset[str] | None:
    """The checks whose findings are held while a source is not completely read; None: those of all checks."""
    noted = _noted(store, source)
    return frozenset(dependents(configuration, source, noted.left_out).checks) if noted.goes_on else None


def accept_shape(store: Store, source: str) -> tuple[str, ...]:
    """Let through the change of type that holds a source, exactly as it was found; the next read is then a full one.

    Give the names of the fields; none when no change of type holds it. What is missing or ambiguous cannot be let
    through: the settings have to name something else.
    """
    noted = _noted(store, source)
    if noted.seen is None:
        return ()
    _note(store, source, replace(noted, accepted=noted.seen, seen=None, drifted=(), at=""))
    return noted.drifted


def waits_for_approval(store: Store, source: str) -> bool:
    """Whether a change of type, and nothing that is missing, holds a source: ``accept_shape`` would let it through."""
    return _noted(store, source).seen is not None


def drift_of(store: Store | None, connector: Connector) -> SchemaDriftError | None:
    """What would hold the source if it were read now; nothing is noted. Raise another SourceError as it comes."""
    noted = _noted(store, connector.name) if store else _Noted()
    try:
        now = connector.shape()
    except SchemaDriftError as gone:
        return _unreadable(connector.name, gone, noted.kept)
    drifted = _drifted(noted, now, connector.options)
    return _changed(connector.name, drifted, noted.kept, now) if drifted else None


def explain_drift(store: Store, run_id: int, result: SourceResult, configuration: Configuration) -> SourceResult:
    """Name in the result of a source that drifted the rules and checks that need the fields; store the error so."""
    noted = _noted(store, result.source)
    if result.outcome is not SourceOutcome.FAILED or noted.at != result.started_at.isoformat():
        return result
    needed_by = dependents(configuration, result.source, noted.drifted)
    log.warning("source.drifted", source=result.source, fields=noted.drifted, needed_by=str(needed_by))
    error, hint = told(result.source, result.error, result.hint, needed_by, goes_on=noted.goes_on)
    store.fail_source(run_id, result.source, error, now=result.started_at)
    return replace(result, error=error, hint=hint)


def told(source: str, error: str, hint: str, needed_by: Dependents, *, goes_on: bool = False) -> tuple[str, str]:
    """The error and the hint of a drift with what depends on it; ``goes_on``: the rest of the source was read."""
    places = _few([f"{name} ({location})" for name, location in needed_by.rules.items()])
    rules = f"; rules to look at: {places}" if places else ""
    held = f"until then nothing that rests on {source} is judged"
    if goes_on:
        named = _named("check", needed_by.checks)
        held = f"the rest of {source} is read"
        held += f"; until then nothing that rests on it is judged by {named}" if named else " and judged as ever"
    return f"{error}; needed by {needed_by}", f"{hint}{rules}; {held}"


def dependents(configuration: Configuration, source: str, fields: Collection[str]) -> Dependents:
    """The rules that read these fields of a source, and the checks that do or that rest on what those rules link.

    A check that is switched off needs nothing.

    ``fields`` are named as in the settings, where an option such as ``start_field`` fills the field ``start``.
    """
    filled = {name.removesuffix("_field") for name in fields}
    rules = rules_reading(configuration.mapping.rules, source, filled | set(fields))
    roles = {rule.role for rule in rules}
    options = configuration.settings.reconcile
    running = (check for check in configuration.checks.values() if options.of(check).enabled)
    needing = sorted((check for check in running if check.rests_on(filled, roles)), key=_family)
    return Dependents({rule.name: rule.location for rule in rules}, tuple(check.name for check in needing))


def _family(check: Check[Any]) -> tuple[int, str]:
    """The order of the catalogue; those that belong to no family, as the files' own, last."""
    return (FAMILIES.index(check.family) if check.family in FAMILIES else len(FAMILIES), check.name)


def _drifted(noted: _Noted, now: Mapping[str, str], options: SourceOptions) -> tuple[str, ...]:
    """Fields that are something else, or nothing any more, although the configuration says the same about them.

    A field that the connector reports as empty may be absent: the configuration says so.
    """
    changed = [name for name, before in noted.kept.items() if before and now.get(name) not in (before, "")]
    accepted = noted.accepted
    return tuple(
        name
        for name in changed
        if noted.settings.get(name) == _setting(options, name)
        and (accepted is None or accepted.get(name) != now.get(name))
    )


def _setting(options: SourceOptions, name: str) -> str:
    """All that the configuration says about a field, as one text: an option, an entry of a mapping or of a list."""
    values = options.model_dump(mode="json")
    found: list[Any] = [values.get(name)]
    for value in values.values():
        if isinstance(value, dict):
            found.append(value.get(name))
        elif isinstance(value, list):
            found += [each for each in value if isinstance(each, dict) and name in each.values()]
    return json.dumps([each for each in found if each is not None], sort_keys=True)


def _unreadable(source: str, gone: SchemaDriftError, kept: Mapping[str, str]) -> SchemaDriftError:
    since = " any more" if any(name in kept for name in gone.fields) else ""
    return SchemaDriftError(
        f"{_few(gone.fields)} cannot be read{since}: {gone.summary}",
        fields=gone.fields,
        location=source,
        hint=gone.problems[0].hint if gone.problems else "",
    )


def _changed(
    source: str, drifted: tuple[str, ...], kept: Mapping[str, str], now: Mapping[str, str]
) -> SchemaDriftError:
    changes = [f"{name} was {kept[name]} and is now {now.get(name) or 'not there'}" for name in drifted]
    return SchemaDriftError(
        f"{source} changed its fields: {_few(changes)}",
        fields=drifted,
        location=source,
        hint=f"if that is meant: {approving(source)}; otherwise correct {_few(drifted)} in the settings",
    )


def _named(word: str, names: Collection[str]) -> str:
    return f"the {word}{'' if len(names) == 1 else 's'} {_few(names)}" if names else ""


def _few(names: Collection[str]) -> str:
    listed = list(names)
    more = len(listed) - NAMED_AT_MOST
    return ", ".join(listed[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _note_drift(
    store: Store, connector: Connector, noted: _Noted, fields: tuple[str, ...], seen: Mapping[str, str] | None
) -> None:
    """Note what drifted; a field that was not left out before holds the whole source until it is read without it."""
    at = connector.context.now.isoformat()
    goes_on = noted.goes_on and set(fields) <= set(noted.left_out)
    _note(store, connector.name, replace(noted, seen=seen, drifted=fields, at=at, goes_on=goes_on))


def _key(source: str) -> str:
    return f"shape:{source}"


def _noted(store: Store, source: str) -> _Noted:
    text = store.note(_key(source))
    if text is None:
        return _Noted()
    values = json.loads(text)
    return _Noted(**{**values, "drifted": tuple(values["drifted"]), "left_out": tuple(values.get("left_out", ()))})


def _note(store: Store, source: str, noted: _Noted) -> None:
    store.set_note(_key(source), json.dumps(asdict(noted), sort_keys=True))
