"""Plan and forecast side by side: what is compared, what is unknown, and arithmetic without floats."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Slip, Triage
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective
from model.records import Light, Saving
from reconcile.values import Outlook, outlook, percent_of, reaches, value_triage
from tests.reconcile.checks import (
    test_crosses_period,
    test_edited_baseline,
    test_impossible_target,
    test_schedule_slip,
    test_value_slip,
)
from tests.reconcile.world import Stored


def cells(**months: int) -> tuple[MonthAmount, ...]:
    """``d11=5`` is November 2026; ``e01=5`` January 2027."""
    years = {"d": 2026, "e": 2027}
    return tuple(MonthAmount(Month(years[name[0]], int(name[1:])), Decimal(amount)) for name, amount in months.items())


def seen(plan: tuple[MonthAmount, ...], forecast: tuple[MonthAmount, ...]) -> Outlook:
    saving = Saving(source="s", native_id="S", key="S", title="S", currency="EUR", plan=plan, forecast=forecast)
    return outlook(saving)


def test_a_forecast_counts_in_the_years_that_the_plan_books_in() -> None:
    """January 2027 is another year's plan, and nobody knows it."""
    told = seen(cells(d11=100, d12=100), cells(d11=0, d12=150, e01=50))
    assert (told.planned, told.expected) == (Decimal(200), Decimal(150))
    both = seen(cells(d11=100, d12=100, e01=0), cells(d11=0, d12=150, e01=50))
    assert (both.planned, both.expected) == (Decimal(200), Decimal(200))


def test_several_cells_of_one_month_add_up_and_a_blank_month_is_unknown() -> None:
    told = seen((*cells(d10=40, d11=9), *cells(d10=60)), cells(d10=80))
    assert (told.planned, told.expected, told.unknown) == (Decimal(100), Decimal(80), (Month(2026, 11),))


@pytest.mark.parametrize(
    ("forecast", "light"),
    [
        (cells(d10=100, d11=100, e01=100), Light.GREEN),
        (cells(d10=0, d11=100, e01=100), Light.YELLOW),
        (cells(d10=0, d11=0, e01=300), Light.RED),
    ],
)
def test_a_late_effect_is_yellow_and_one_that_its_year_never_reaches_is_red(
    forecast: tuple[MonthAmount, ...], light: Light
) -> None:
    assert seen(cells(d10=100, d11=100, e01=100), forecast).light is light


def test_a_slip_is_judged_exactly_and_shown_rounded_down() -> None:
    assert reaches(Decimal(15), Decimal(100), Decimal(15))
    assert not reaches(Decimal("14.9999999999999999999"), Decimal(100), Decimal(15))
    assert percent_of(Decimal("14.9999999999999999999"), Decimal(100)) == Decimal("14.9")
    assert value_triage(Decimal("0.15"), Decimal(1), Decimal(15)) == Triage(Slip.VALUE, Decimal("15.0"))


@pytest.mark.parametrize("planned", [Decimal(0), Decimal(-5)])
def test_a_plan_that_is_not_positive_never_slips(planned: Decimal) -> None:
    assert value_triage(Decimal(10), planned, Decimal(15)) is None


def test_no_more_is_lost_than_planned_less_forecast() -> None:
    told = seen(cells(d10=100, d11=100, d12=100), cells(d10=50, d11=50, d12=180))
    assert told.lost() == cells(d10=20)


def test_a_run_rate_without_any_forecast_cannot_be_compared() -> None:
    saving = Saving(
        source="s",
        native_id="S",
        key="S",
        title="S",
        run_rate=Money(Decimal(365), "EUR"),
        planned_start=date(2026, 10, 2),
    )
    assert outlook(saving).undefined == "S has no forecast"


@pytest.mark.parametrize(
    "world",
    [
        test_value_slip.two_savings,
        test_schedule_slip.example_world,
        test_impossible_target.example_world,
        test_crosses_period.example_world,
        test_edited_baseline.example_world,
    ],
)
def test_the_order_of_what_is_stored_never_matters(world: Callable[[], Stored]) -> None:
    def turned(values: list[object]) -> list[object]:
        return list(reversed(values))

    assert world().judge().findings == world().shuffled(turned).judge().findings


def test_a_saving_that_serves_two_objectives_counts_once_above_them() -> None:
    stored = Stored()
    stored.objectives = [Objective(id="TOP", name="Top", level=Level.PORTFOLIO)]
    stored.objectives += [Objective(id=each, name=each, level=Level.MEASURE, parent="TOP") for each in ("A", "B")]
    for key in ("S-1", "S-2"):
        stored.saving(key, None, None, {"2026-10": 100}, forecast=cells(d10=50))
        for objective in ("A", "B"):
            stored.link(f"savings:{key}", objective, Role.SAVES)
    titles = {each.subjects[0]: each.title for each in stored.judge().findings if each.check == "value-slip"}
    assert "its 2 savings together forecast EUR 100 of EUR 200 planned" in titles["objective:A"]
    assert "its 2 savings together forecast EUR 100 of EUR 200 planned" in titles["objective:B"]
    assert "objective:TOP" not in titles
