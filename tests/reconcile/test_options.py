"""Options of the room: strict, composed from the checks, with the documented defaults."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from model.network import DateSource
from reconcile.checks import checks
from reconcile.options import ReconcileOptions


def test_the_defaults_are_the_documented_ones():
    options = ReconcileOptions()

    assert options.date_order == (DateSource.RELEASE, DateSource.DUE, DateSource.SPRINT)
    assert (options.tolerance_days, options.materiality_percent) == (0, Decimal(1))
    assert options.materiality_floor == Decimal(1000)
    assert (options.severity.major_from, options.severity.critical_from) == (Decimal(100_000), Decimal(1_000_000))
    assert options.of(checks()["late-commitment"]).notice_days == 14


def test_each_check_takes_its_own_options_under_its_own_name():
    options = ReconcileOptions.model_validate(
        {"checks": {"late-commitment": {"notice_days": 3}, "early-saving": {"enabled": False}}}
    )

    assert options.of(checks()["late-commitment"]).notice_days == 3
    assert not options.of(checks()["early-saving"]).enabled
    assert options.of(checks()["unsupported-commitment"]).enabled


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"checks": {"late-comitment": {}}}, ("checks", "late-comitment")),
        ({"checks": {"late-commitment": {"notice": 3}}}, ("checks", "late-commitment", "notice")),
        ({"checks": {"late-commitment": {"notice_days": -1}}}, ("checks", "late-commitment", "notice_days")),
        ({"date_order": ["due", "due"]}, ("date_order",)),
        ({"date_order": []}, ("date_order",)),
        ({"materiality_floor": -1}, ("materiality_floor",)),
    ],
)
def test_a_mistake_is_told_at_its_place(value, place):
    with pytest.raises(ValidationError) as caught:
        ReconcileOptions.model_validate(value)

    assert [error["loc"] for error in caught.value.errors()] == [place]


def test_amounts_are_decimals():
    assert ReconcileOptions.model_validate({"materiality_floor": "0.10"}).materiality_floor == Decimal("0.10")
