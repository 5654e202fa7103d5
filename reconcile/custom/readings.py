"""How claims are read from the world of a run, each from one subject on by look-ups alone.

Unknown is a value: a blank field says nothing, and a sum with a part that is not known is not known.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from model.findings import Evidence
from model.money import Money
from model.network import PlanWork
from model.records import Deal, Light, Record, Saving
from reconcile.custom.definition import ClaimType, Reading, Value
from reconcile.forecast import Forecast, ForecastState, only_source
from reconcile.story import evidence_of, says_of
from reconcile.values import NONE, outlook
from reconcile.wording import amount_text, day_text
from reconcile.world import World

_ORDER = (Light.GREEN, Light.YELLOW, Light.RED)


def rank(light: Light) -> int | None:
    """The better the smaller; None for grey, which says that the evidence is missing."""
    return _ORDER.index(light) if light in _ORDER else None


def shown(value: Value | None) -> str:
    """A value as people read it; money is in the base currency."""
    match value:
        case None:
            return "nothing"
        case Money():
            return amount_text(value.amount, value.currency)
        case Light():
            return value.value
        case Decimal():
            plain = format(value.normalize(), "f") if value else "0"
            return plain if len(plain) < 30 else str(value)
        case _:
            return day_text(value)


def converted(world: World, money: Money, key: str) -> Money | str:
    """The money in the base currency, or why it is not known there."""
    known = world.rates.convert(money)
    return known if known is not None else f"{key} is in {money.currency}, which has no rate"


# --- records ----------------------------------------------------------------------------------------------------


def subject_record(world: World, node: str) -> Record | PlanWork | None:
    """A record as far as the network has it: of work only its dates, without a look at the store."""
    return world.network.work.get(node) or world.record(node)


def field_reading(world: World, node: str, name: str, claim_type: ClaimType) -> Reading:
    """A field of the record itself."""
    record = subject_record(world, node)
    value = getattr(record, name, None)
    return _own(world, node, name, value, claim_type)


def custom_reading(world: World, node: str, name: str, claim_type: ClaimType) -> Reading:
    """One of the extra fields that the source was asked for; a value of another type says nothing here."""
    record = world.record(node)
    value = record.custom.get(name) if record is not None else None
    return _own(world, node, name, value, claim_type)


def _own(world: World, node: str, name: str, value: object, claim_type: ClaimType) -> Reading:
    record = subject_record(world, node)
    if record is None or value is None:
        return Reading()
    typed = _typed(value, claim_type, record)
    if typed is None:
        return Reading(unknown=f"{name} of {record.key} is no {claim_type.value}")
    if isinstance(typed, Money):
        money = converted(world, typed, record.key)
        if isinstance(money, str):
            return Reading(unknown=money)
        typed = money
    said = typed
    return Reading(said, lambda: _field_proof(world, node, name, said), only_source(record.source))


def _field_proof(world: World, node: str, name: str, value: Value) -> Iterator[Evidence]:
    record = world.record(node)
    key = record.key if record is not None else node
    yield Evidence(node, key, world.field_name(node, name), shown(value), world.where(node, name))


def _typed(value: object, claim_type: ClaimType, record: Record | PlanWork) -> Value | None:
    """The value as the claim's type; None where it is of another."""
    match claim_type, value:
        case ClaimType.DATE, date():
            return date(value.year, value.month, value.day)
        case ClaimType.AMOUNT, Money():
            return value
        case ClaimType.AMOUNT, Decimal() if value.is_finite():
            currency = _currency_of(record)
            return Money(value, currency) if currency else None
        case ClaimType.NUMBER, Decimal() if value.is_finite():
            return value
        case ClaimType.LIGHT, Light():
            return value
        case ClaimType.LIGHT, str():
            return next((each for each in Light if each.value == value.strip().casefold()), None)
    return None


def _currency_of(record: Record | PlanWork) -> str:
    """In what a bare number of a record counts; a deal without an amount has no currency, and none is guessed."""
    if isinstance(record, Saving):
        return record.currency
    return record.amount.currency if isinstance(record, Deal) and record.amount is not None else ""


def saving_reading(world: World, node: str, name: str) -> Reading:
    """What a saving plans, is expected to bring or has brought, over all its months."""
    saving = world.network.savings.get(node)
    if saving is None:
        return Reading()
    found = _series(saving, name)
    if isinstance(found, str):
        return Reading(unknown=found)
    if found is None:
        return Reading()
    money = converted(world, found, saving.key)
    if isinstance(money, str):
        return Reading(unknown=money)
    return Reading(money, lambda: _field_proof(world, node, name, money), only_source(saving.source))


def _series(saving: Saving, name: str) -> Money | str | None:
    """The sum of a series in the saving's currency; in words why it is not known; None where it has none."""
    if name == "forecast":
        expected = outlook(saving)
        if not expected.cells and (saving.forecast or not saving.plan):
            cells = saving.forecast
            return Money(sum((cell.amount for cell in cells), NONE), saving.currency) if cells else None
        if not expected.cells:
            return None
        if expected.unknown:
            return f"{saving.key} has no forecast for {expected.unknown[0]}"
        return Money(expected.expected, expected.currency)
    cells = saving.plan if name == "plan" else saving.actual
    return Money(sum((cell.amount for cell in cells), NONE), saving.currency) if cells else None


def saving_light(world: World, node: str) -> Reading:
    """The potential of a saving as its own figures say; grey where they say nothing."""
    saving = world.network.savings.get(node)
    if saving is None:
        return Reading()
    expected = outlook(saving)
    light = Light.GREY if expected.undefined else expected.light
    return Reading(light, lambda: _field_proof(world, node, "derived light", light), only_source(saving.source))


# --- forecasts and counts ---------------------------------------------------------------------------------------


def forecast_reading(world: World, node: str) -> Reading:
    """The day that the work implies. What is finished is not awaited any more, and what supports nothing has no day:
    that is a finding of its own."""
    forecast = world.forecasts.get(node)
    if forecast is None:
        return Reading()
    if forecast.state is ForecastState.UNKNOWN:
        return Reading(unknown=unseen(world, forecast))
    day = forecast.day if forecast.state is ForecastState.DATED else None
    return Reading(day, lambda: evidence_of(world, forecast), forecast.sources, forecast=forecast)


def unseen(world: World, forecast: Forecast) -> str:
    """Why a forecast is not known: what cannot be seen, in words."""
    return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}"


def part_counts(world: World, node: str, name: str) -> Reading:
    """How many open parts a release or a parent has, of which ``undated`` or ``overdue``."""
    forecast = world.forecasts.get(node)
    record = subject_record(world, node)
    if forecast is None or record is None:
        return Reading()
    if forecast.state is ForecastState.UNKNOWN:
        return Reading(unknown=unseen(world, forecast))
    number = Decimal(getattr(forecast.counts, name))
    return Reading(number, lambda: _field_proof(world, node, f"{name} work", number), forecast.sources)
