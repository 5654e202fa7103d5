"""Calendars as the settings describe them."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.calendars import CalendarOptions, calendars_of
from config.load import load
from model.calendars import Calendar
from model.errors import ConfigurationError

TODAY = date(2026, 9, 15)


def calendar(**options: object) -> Calendar:
    return calendars_of({"one": CalendarOptions.model_validate(options)}, TODAY)["one"]


def test_a_region_brings_its_own_holidays() -> None:
    """All Saints is a holiday in Bavaria and not in Berlin."""
    all_saints = date(2027, 11, 1)
    assert not calendar(region="DE-BY").works_on(all_saints)
    assert calendar(region="DE-BE").works_on(all_saints)
    assert not calendar(region="DE").works_on(date(2026, 12, 25))


def test_days_periods_and_days_of_every_year_are_off() -> None:
    one = calendar(off=["2026-10-05", "2026-10-07 to 2026-10-08", "12-24"], working_days=["monday", "wednesday"])
    assert not one.works_on(date(2026, 10, 5))
    assert not one.works_on(date(2026, 10, 7))
    assert not one.works_on(date(2029, 12, 24))
    assert one.after(date(2026, 10, 4), 1) == date(2026, 10, 12)


def test_years_beyond_those_that_are_known_count_by_the_week() -> None:
    one = calendar(region="DE-BY", off=["12-24"])
    assert one.works_on(date(2060, 12, 24))
    assert one.after(date(2060, 12, 23), 1) == date(2060, 12, 24)


def test_there_is_always_a_calendar_for_needs_that_name_none() -> None:
    assert calendars_of({}, TODAY) == {"default": Calendar()}
    saturdays = CalendarOptions(working_days=("saturday",))
    assert calendars_of({"default": saturdays}, TODAY) == {"default": Calendar(frozenset({5}))}


@pytest.mark.parametrize(
    "off", ["24.12.", "02-30", "2026-02-30", "2026-12-24 to 2026-12-20", "2026-01-01 to 2036-01-01"]
)
def test_days_off_that_cannot_be_meant_are_refused(off: str) -> None:
    with pytest.raises(ValidationError, match="days off are written"):
        calendar(off=[off])


def test_an_unknown_region_and_an_unknown_calendar_are_told_at_their_places(tmp_path: Path) -> None:
    (tmp_path / "objectives.yaml").write_text(
        "objectives:\n  - id: A\n    level: measure\n    name: A\n"
        "    needs: [{after: X-1, lag: 3 working days, calendar: de-bw}]\n"
    )
    (tmp_path / "mapping").mkdir()
    (tmp_path / "mapping" / "rules.yaml").write_text("rules: []\n")
    path = tmp_path / "driftline.yaml"
    path.write_text("version: 1\nsources: {}\ncalendars:\n  de-by: {region: DE-BI}\n")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    told = [(problem.location.rpartition("/")[2], problem.message) for problem in caught.value.problems]
    assert told == [
        ("driftline.yaml:4:19", "there are no holidays for the region 'DE-BI'"),
        ("objectives.yaml:5:57", "there is no calendar 'de-bw'"),
    ]
    assert {problem.hint for problem in caught.value.problems} >= {"did you mean 'de-by'?"}
