"""J34: credentials end on a day that only the settings know, and somebody hears of it before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from digest.compose import compose
from digest.render import render_text
from model.credentials import Credentials
from pipeline.expiry import credentials_of, expiry_problems
from pipeline.notify import edition_for
from state.store import Store
from tests.pipeline.company import Company

TODAY = date(2026, 9, 14)


def ending_in(company: Company, source: str = "crm", **days: int) -> None:
    company.settings["sources"][source]["expires_on"] = TODAY + timedelta(**days)
    company.write()


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (31, None),
        (30, "the credentials of crm end in 30 days (2026-10-14)"),
        (2, "the credentials of crm end in 2 days (2026-09-16)"),
        (1, "the credentials of crm end tomorrow (2026-09-15)"),
        (0, "the credentials of crm end today (2026-09-14)"),
        (-1, "the credentials of crm ended yesterday (2026-09-13)"),
        (-12, "the credentials of crm ended 12 days ago (2026-09-02)"),
    ],
)
def test_credentials_that_end_within_thirty_days_are_a_problem_of_any_kind_of_source(
    company: Company, days: int, said: str | None
) -> None:
    """J34."""
    ending_in(company, days=days)
    problems = expiry_problems(company.configuration.settings.sources, TODAY)
    assert [problem.message for problem in problems] == ([said] if said else [])
    assert all(problem.hint and problem.location == "crm: expires_on" for problem in problems)


def test_the_first_to_end_comes_first_and_a_source_that_tells_nothing_is_left_out(company: Company) -> None:
    ending_in(company, "crm", days=90)
    assert credentials_of(company.configuration.settings.sources) == (Credentials("crm", date(2026, 12, 13)),)
    ending_in(company, "jira", days=3)
    assert [each.source for each in credentials_of(company.configuration.settings.sources)] == ["jira", "crm"]


def test_the_last_day_is_one_of_the_business(company: Company) -> None:
    """A day begins in Berlin while it is still the day before in UTC."""
    late = datetime(2026, 9, 14, 22, 30, tzinfo=UTC).astimezone(company.configuration.settings.business.zone)
    assert Credentials("crm", date(2026, 9, 15)).when(late.date()) == "end today"


def test_the_digest_of_an_audience_tells_it(store: Store, tuesday: Company) -> None:
    ending_in(tuesday, days=6)
    edition, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    text = " ".join(render_text(compose(edition)).split())
    assert "[access ends] crm's credentials end in 5 days (Sun 20 Sep); then its numbers stop." in text
