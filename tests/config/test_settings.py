"""What the settings give to the rooms: rates, the database's URL, options."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from config.settings import BusinessOptions, Settings, StateOptions
from model.money import Money, RateTable
from model.options import parse_duration
from model.secret import Secret


def test_rates_come_as_decimals_with_their_day():
    business = BusinessOptions.model_validate({"rates": {"as_of": "2026-01-02", "USD": 0.92, "CHF": 1}})
    table = business.rate_table()
    assert table == RateTable("EUR", (("CHF", Decimal(1)), ("USD", Decimal("0.92"))), date(2026, 1, 2))
    assert table.convert(Money(Decimal(100), "USD")) == Money(Decimal(92), "EUR")


def test_without_rates_nothing_but_the_business_currency_converts():
    table = BusinessOptions(currency="USD").rate_table()
    assert table == RateTable("USD")
    assert table.convert(Money(Decimal(1), "EUR")) is None


def test_the_password_joins_the_url_only_for_the_driver():
    state = StateOptions(
        url="postgresql://driftline@db:5432/driftline", password=Secret("env:P").resolved("p@ss/w:rd?")
    )
    assert state.connection_url() == "postgresql://driftline:p%40ss%2Fw%3Ard%3F@db:5432/driftline"
    assert "p@ss" not in repr(state)
    assert "p%40ss" not in repr(state)


def test_a_database_without_a_password_is_reached_by_its_url():
    assert StateOptions().connection_url() == "sqlite:///driftline.db"


@pytest.mark.parametrize("url", ["driftline.db", "sqlite", "mysql://localhost/x", "postgresql:/x", "http://[", ""])
def test_other_databases_are_refused(url):
    with pytest.raises(ValidationError):
        StateOptions(url=url)


def test_a_version_is_all_that_must_be_said():
    settings = Settings(version=1)
    assert settings.business.zone.key == "Europe/Berlin"
    assert settings.business.currency == "EUR"
    assert settings.sources == {}
    assert settings.mail is None
    assert settings.clock is None
    assert settings.log.level == "info"


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        Settings(version=1).log = None


def test_the_shortest_and_the_longest_duration():
    assert parse_duration("1s") == timedelta(seconds=1)
    assert parse_duration("36500d") == timedelta(days=36_500)
    for text in ("36501d", "9" * 300 + "w"):
        with pytest.raises(ValueError, match="a duration is at most 36500d"):
            parse_duration(text)
