"""How rules and objectives write when something may follow what comes first, and who looks after that."""

import pytest

from mapping.facts import Names
from mapping.match import Matcher
from model.errors import MappingError
from model.links import Need
from tests.mapping.samples import OBJECTIVES, RULES, deal, loaded


def needs(terms: str, **given: object) -> list[tuple[str, int, str, str | None]]:
    rules = RULES.replace("{field: promised, lag: 2w}", "{field: promised, " + terms + "}")
    found = Matcher(loaded(rules, **given), Names()).match(deal(custom={"Region": "EMEA"}, promised="A-1, A-2"))
    return [_said(need) for need in found.needs if need.wanted != "ERP-100"]


def _said(need: Need) -> tuple[str, int, str, str | None]:
    return need.wanted, need.lag_days, need.calendar, need.owner


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("lag: 14d", (14, "", None)),
        ("lag: 1 working day", (1, "default", None)),
        ("lag: 10 working days, calendar: de-by, owner: dana", (10, "de-by", "dana")),
        ("lag: 10 working days, calendar: default", (10, "default", None)),
        ("owner: dana", (0, "", "dana")),
    ],
)
def test_each_name_in_a_field_is_needed_on_the_same_terms(terms: str, said: tuple[int, str, str | None]) -> None:
    assert needs(terms, calendars={"de-by"}) == [("A-1", *said), ("A-2", *said)]


def test_objectives_need_each_other_by_working_days_too() -> None:
    objectives = OBJECTIVES.replace("after: ERP-100, lag: 14d", "after: m-save, lag: 5 working days, calendar: de-by")
    [need] = loaded(objectives=objectives, calendars={"de-by"}).needs
    assert _said(need) == ("M-SAVE", 5, "de-by", "m.ruiz@aurora.example")


@pytest.mark.parametrize(
    ("terms", "message", "hint"),
    [
        ("lag: 3 working days, calendar: de-bx", "there is no calendar 'de-bx'", "did you mean 'de-by'?"),
        ("lag: 14d, calendar: de-by", "a calendar counts working days", "write lag: 14 working days"),
        ("calendar: de-by", "a calendar counts working days", "write lag: 10 working days"),
        ("lag: 3 workdays", "a lag is a number of days, weeks or working days", ""),
        ("lag: -3 working days", "a lag is a number of days, weeks or working days", ""),
    ],
)
def test_terms_that_cannot_be_meant_are_told_at_their_place(terms: str, message: str, hint: str) -> None:
    with pytest.raises(MappingError) as by_rule:
        needs(terms, calendars={"de-by"})
    with pytest.raises(MappingError) as by_objective:
        loaded(objectives=OBJECTIVES.replace("lag: 14d, owner", terms + ", owner"), calendars={"de-by"})
    for caught, path in ((by_rule, "rules.yaml"), (by_objective, "objectives.yaml")):
        [problem] = caught.value.problems
        assert problem.message.startswith(message)
        assert problem.hint.startswith(hint)
        assert problem.location.startswith(path)
