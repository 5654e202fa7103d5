"""The claims that a custom check may compare, by what it judges; each has a name, a type and a way to be read."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from model.links import Role
from model.money import Money
from model.records import Light
from reconcile.check import FORECAST_READS
from reconcile.custom.definition import ClaimType, DefinitionError, Reader, Reading, Subject, Term, Value
from reconcile.custom.gathering import (
    added,
    counted,
    delivery_counts,
    derived_light,
    earliest,
    first_target_of,
    gathered,
    latest,
    objective_reading,
    target_of,
    value_of,
    worst_light,
)
from reconcile.custom.readings import (
    custom_reading,
    field_reading,
    forecast_reading,
    part_counts,
    saving_light,
    saving_reading,
)
from reconcile.world import World

DATE, AMOUNT, NUMBER, LIGHT = ClaimType.DATE, ClaimType.AMOUNT, ClaimType.NUMBER, ClaimType.LIGHT
FIELDS = "fields."
"""Begins the name of a claim that is one of the extra fields of a source."""
LONGEST_NAME = 120

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TODAY = re.compile(r"today(?: ?([+-]) ?(\d{1,4})([dw]))?")
_MONEY = re.compile(r"(-?\d{1,15}(?:\.\d{1,4})?) ?([A-Z]{3})")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
_VALUE = re.compile(r"value\(([^()]+)\)")


def _field(name: str, claim_type: ClaimType, says: str) -> Term:
    reader = partial(field_reading, name=name, claim_type=claim_type)
    return Term(name, claim_type, _plain(reader), frozenset({name}), own=True, says=says)


def _plain(read: Callable[..., Reading]) -> Reader:
    return lambda world, node: read(world, node)


def _remembered(name: str, read: Reader) -> Reader:
    """The same, read once per record and world: each record is part of every objective above it."""

    def remembered(world: World, node: str) -> Reading:
        known: dict[str, Reading] = world.derived.setdefault(f"custom claim {name}", {})
        found = known.get(node)
        if found is None:
            found = known[node] = read(world, node)
        return found

    return remembered


def _forecast(name: str, says: str, waits_by: str = "") -> Term:
    """``waits_by`` is the field of a record that names what it waits for."""
    reads = FORECAST_READS | ({waits_by} if waits_by else frozenset())
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})
    return Term(name, DATE, forecast_reading, reads, roles, says=says)


def _series(name: str, says: str) -> Term:
    reads = {"plan": {"plan"}, "actual": {"actual"}, "forecast": {"plan", "forecast", "actual", "run_rate"}}[name]
    reader = partial(saving_reading, name=name)
    return Term(name, AMOUNT, _plain(reader), frozenset({*reads, "currency"}), own=True, says=says)


def _parts(name: str, says: str) -> Term:
    return Term(f"{name}_work", NUMBER, _plain(partial(part_counts, name=name)), FORECAST_READS, says=says)


def _stated(name: str, claim_type: ClaimType, of: Callable[..., object], says: str) -> Term:
    return Term(name, claim_type, _plain(partial(objective_reading, name=name, value_of=of)), says=says)


def _gathered(how: Callable[[list[Value]], Value], word: str, kind: str, term: Term) -> Term:
    role = Role.PROMISES if kind == "deal" else Role.SAVES
    reader = partial(gathered, role=role, read=_remembered(f"{kind}.{term.name}", term.read), how=how)
    name = f"{word}({kind}.{term.name})"
    says = f"{_HOW[word]} {term.name} of the {kind}s that serve it or an objective below it"
    more = {"outcome", "stage"} if kind == "deal" else set()
    return Term(name, term.type, _plain(reader), term.reads | more, frozenset({role}), says=says)


_HOW = {"sum": "the sum of", "earliest": "the earliest", "latest": "the latest"}
_OPEN = (
    ("open", "open work items"),
    ("undated", "open work items without a date"),
    ("overdue", "open work items whose date has passed"),
)
_DEAL = (
    _field("close_date", DATE, "the day on which the deal is to be closed"),
    _field("promised_date", DATE, "the day for which something was promised"),
    _forecast("forecast", "the day on which what was promised is there, as the work says", "promised"),
    _field("amount", AMOUNT, "the amount of the deal"),
    _field("probability", NUMBER, "the probability, between 0 and 1"),
)
_SAVING = (
    _field("planned_start", DATE, "the day from which the saving is planned"),
    _forecast("possible_start", "the day on which what it waits for is there, with the lag behind it", "enabler"),
    _series("plan", "the sum of the planned months"),
    _series("forecast", "the sum of the expected months; actuals stand in, a planned month without either is unknown"),
    _series("actual", "the sum of the months that were booked"),
    _field("run_rate", AMOUNT, "the yearly amount"),
    _field("baseline", AMOUNT, "the baseline, in the currency of the saving"),
    _field("one_time_cost", AMOUNT, "the one-time cost, in the currency of the saving"),
    _field("light", LIGHT, "the reported light"),
    Term(
        "derived_light",
        LIGHT,
        saving_light,
        frozenset({"plan", "forecast", "actual", "run_rate", "currency"}),
        says="the light by its own figures: yellow for a late effect, red for one that is not reached",
    ),
)
_MEASUREMENT = (
    _field("value", NUMBER, "the value that was read"),
    _field("target", NUMBER, "the value that is wanted"),
)
_RELEASE = (
    _field("start", DATE, "the first day"),
    _field("release_date", DATE, "the day that the release is announced for"),
    _forecast("forecast", "the day on which everything in it is there, as the work says"),
    *(_parts(name, says + " in it") for name, says in _OPEN),
)
_WORK = (
    _field("start", DATE, "the planned first day"),
    _field("due", DATE, "the due date"),
    _field("finished", DATE, "the day on which it was done"),
    _forecast("forecast", "the day on which it is done, as the work says"),
    *(_parts(name, says + " directly below it") for name, says in _OPEN),
)
_OBJECTIVE = (
    _stated("target", DATE, target_of, "the target date in force"),
    _stated("original_target", DATE, first_target_of, "the target date that was approved first"),
    _stated("review", DATE, lambda each: each.review, "the day of the next review"),
    _forecast("forecast", "the day on which the work that delivers it is done"),
    _stated("value", AMOUNT, value_of, "the money that it is to bring, of its only account; else value(ACCOUNT)"),
    _stated("budget", AMOUNT, lambda each: each.budget, "the money that it may cost"),
    _stated("light", LIGHT, lambda each: each.implementation, "the light that people report for the work"),
    _stated("potential_light", LIGHT, lambda each: each.potential, "the light that people report for the value"),
    Term(
        "derived_light",
        LIGHT,
        derived_light,
        FORECAST_READS,
        frozenset({Role.DELIVERS}),
        says="the light by the work: green in time, yellow within the tolerance, red beyond, grey without evidence",
    ),
    Term(
        "derived_potential_light",
        LIGHT,
        _plain(partial(worst_light, of=_remembered("saving.derived_light", saving_light))),
        frozenset({"plan", "forecast", "actual", "run_rate", "currency"}),
        frozenset({Role.SAVES}),
        says="the worst derived light of the savings that serve it or an objective below it",
    ),
    *(
        Term(
            f"{name}_work",
            NUMBER,
            _plain(partial(delivery_counts, name=name)),
            FORECAST_READS,
            frozenset({Role.DELIVERS}),
            says=f"{says} linked to it or to an objective below it",
        )
        for name, says in _OPEN
    ),
    *(
        _gathered(how, word, "deal", term)
        for term in _DEAL
        for word, how in (("sum", added), ("earliest", earliest), ("latest", latest))
        if term.type is (AMOUNT if word == "sum" else DATE)
    ),
    *(
        _gathered(how, word, "saving", term)
        for term in _SAVING
        for word, how in (("sum", added), ("earliest", earliest), ("latest", latest))
        if term.type is (AMOUNT if word == "sum" else DATE)
    ),
    *(
        Term(
            f"count({kind})",
            NUMBER,
            _plain(partial(counted, role=role)),
            frozenset({"outcome", "stage"}) if kind == "deal" else frozenset(),
            frozenset({role}),
            says=f"how many {kind}s serve it or an objective below it",
        )
        for kind, role in (("deal", Role.PROMISES), ("saving", Role.SAVES))
    ),
)

CLAIMS: Mapping[Subject, Mapping[str, Term]] = MappingProxyType(
    {
        subject: MappingProxyType({term.name: term for term in terms})
        for subject, terms in (
            (Subject.DEAL, _DEAL),
            (Subject.SAVING, _SAVING),
            (Subject.MEASUREMENT, _MEASUREMENT),
            (Subject.RELEASE, _RELEASE),
            (Subject.WORK_ITEM, _WORK),
            (Subject.OBJECTIVE, _OBJECTIVE),
        )
    }
)
"""The claims of each subject by name."""

ONLY: Mapping[Subject, tuple[str, ...]] = MappingProxyType(
    {
        Subject.DEAL: ("source", "key", "container", "owner", "stage", "outcome", "account"),
        Subject.SAVING: ("source", "key", "container", "owner", "controller", "stage_gate", "light"),
        Subject.MEASUREMENT: ("source", "key", "container", "owner", "metric", "unit", "reporter"),
        Subject.RELEASE: ("source", "key", "container"),
        Subject.WORK_ITEM: ("source", "key", "category"),
        Subject.OBJECTIVE: ("id", "level", "stage_gate", "owner", "business_unit", "function", "legal_entity"),
    }
)
"""The fields by which subjects may be chosen."""


def has_extra_fields(about: Subject) -> bool:
    """Whether extra fields of a source can be asked: few work items come whole, and objectives have none."""
    return about not in (Subject.WORK_ITEM, Subject.OBJECTIVE)


def term_of(text: str, about: Subject, wanted: ClaimType | None, extra: frozenset[str] | None) -> Term:
    """The claim of this name, or a fixed value.

    ``wanted`` is the type of the other side, which an extra field takes on. ``extra`` are the names of the configured
    extra fields, None where nobody told. Raise DefinitionError for what is neither.
    """
    name = re.sub(r"\s*([().])\s*", r"\1", " ".join(text.split()))
    known = CLAIMS[about]
    if name in known:
        return known[name]
    if fixed := _fixed(name):
        return fixed
    if about is Subject.OBJECTIVE and (found := _VALUE.fullmatch(name)):
        account = found[1].strip()
        return _stated(f"value({account})", AMOUNT, partial(value_of, account=account), "")
    if name.startswith(FIELDS):
        return _extra(name.removeprefix(FIELDS), about, wanted, extra)
    raise _unknown(name, about)


def _extra(name: str, about: Subject, wanted: ClaimType | None, extra: frozenset[str] | None) -> Term:
    if not has_extra_fields(about):
        raise DefinitionError(f"a check about {_a(about)} knows no extra fields", f"claims: {', '.join(CLAIMS[about])}")
    if extra is not None and name not in extra:
        near = _near(name, extra)
        hint = f"did you mean '{FIELDS}{near}'?" if near else "add it under fields: of the source"
        raise DefinitionError(f"no source has an extra field '{name}'", hint)
    if wanted is None:
        raise DefinitionError(
            f"it cannot be told what type {FIELDS}{name} is of", "compare it with a claim or a value of a known type"
        )
    reader = partial(custom_reading, name=name, claim_type=wanted)
    return Term(f"{FIELDS}{name}", wanted, _plain(reader), frozenset({name}), own=True)


def _unknown(name: str, about: Subject) -> DefinitionError:
    known = list(CLAIMS[about])
    if near := _near(name, [*known, *(light.value for light in Light)]):
        return DefinitionError(f"{_a(about, True)} has no claim '{name[:LONGEST_NAME]}'", f"did you mean '{near}'?")
    shown = ", ".join(known[:14]) + (" …" if len(known) > 14 else "")
    hint = f"claims: {shown}; or a value such as 2026-12-31, today, 250000 EUR, 3 or green"
    return DefinitionError(f"{_a(about, True)} has no claim '{name[:LONGEST_NAME]}'", hint)


def _near(name: str, known: object) -> str | None:
    found = difflib.get_close_matches(name[:LONGEST_NAME], [str(each) for each in known], n=1, cutoff=0.6)  # type: ignore[attr-defined]
    return found[0] if found else None


def _a(about: Subject, capital: bool = False) -> str:
    word = f"an {about.words}" if about is Subject.OBJECTIVE else f"a {about.words}"
    return word[0].upper() + word[1:] if capital else word


# --- fixed values -----------------------------------------------------------------------------------------------


def _fixed(text: str) -> Term | None:
    if found := _TODAY.fullmatch(text):
        days = int(found[2] or 0) * (7 if found[3] == "w" else 1)
        return Term(text, DATE, _today(-days if found[1] == "-" else days), fixed=True)
    if _DAY.fullmatch(text):
        return _constant(text, DATE, _day(text))
    if found := _MONEY.fullmatch(text):
        return Term(text, AMOUNT, _money(Money(Decimal(found[1]), found[2])), fixed=True)
    if _NUMBER.fullmatch(text):
        return _constant(text, NUMBER, Decimal(text))
    light = next((each for each in Light if each.value == text and each is not Light.GREY), None)
    return _constant(text, LIGHT, light) if light is not None else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DefinitionError(f"there is no such day: {text}", "write a day as 2026-09-30") from None


def _constant(text: str, claim_type: ClaimType, value: Value) -> Term:
    reading = Reading(value)
    return Term(text, claim_type, lambda world, node: reading, fixed=True)


def _today(days: int) -> Reader:
    return lambda world, node: Reading(world.today + timedelta(days))


def _money(money: Money) -> Reader:
    def read(world: World, node: str) -> Reading:
        known = world.rates.convert(money)
        return Reading(known) if known is not None else Reading(unknown=f"{money.currency} has no rate")

    return read
