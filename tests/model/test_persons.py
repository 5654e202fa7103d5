"""I2: which texts name one person, and which a list, a group or nobody."""

import pytest

from model.keys import normalise_key
from model.persons import names_nobody, no_single_person

SEVERAL = [
    *(
        "Anna Berg and Ben Meier",
        "Anna und Ben",
        "Anna Berg / Ben Meier",
        "Anna/Ben",
        "Anna Berg, Ben Meier",
        "Anna & Ben",
    ),
    *("a@example.com; b@example.com", "a@example.com, b@example.com", "Anna <a@example.com>, Ben <b@example.com>"),
    *("Anna Berg; Ben Meier", "Anna | Ben", "Anna\nBen", "Anna + Ben", "Anna, Ben, Carl, Dora", "Anna or Ben"),
    "Anna Berg, Ben Meier, Carl Adam",
]
GROUPS = [
    *("Steering committee Growth", "ERP team", "erp-team@example.com", "PMO", "Executive Board", "Everyone"),
    *("Lenkungsausschuss ERP", "Projektteam Nord", "Abteilung Einkauf", "info@example.com", "dl-erp@example.com"),
    *("Squad Blue", "Sales", "all", "IT@example.com", "Team Blue (Anna Berg)"),
]
NOBODY = ["TBD", "tbd (IT)", "N.N.", "n/a", "?", "--", "to be defined", "noch offen", "  ", "Unassigned", "TBD, IT"]
ONE = [
    *("anna.berg@example.com", "Anna Berg", "Berg, Anna", "van der Berg, Anna", "van der Berg, Anna Maria"),
    *("Anna & Co", "Berg & Söhne GmbH", "Karl von und zu Guttenberg", "Ortega y Gasset", "Fernanda Costa e Silva"),
    *("Head of Product", "Chief Financial Officer", "CFO", "Head of Sales and Marketing", "Leiterin Einkauf"),
    *("Paul Novak (VP Sales)", "Mira Lindholm (account management team)", "Anna Berg (IT/Operations; interim)"),
    *("Anna Berg <anna.berg@example.com>", "<anna.berg@example.com>", "anna+erp@example.com", "sales.anna@example.com"),
    *("Andrea Teambaum", "Oda Boardman", "Anderson Andersen", "Ola Nordmann", "M. Ruiz", "Jean-Luc Picard", "Li Na"),
    *("Anna Berg, Head of Sales", "Anna Berg, Sales EMEA", "Anna Berg, IT/Operations", "Anna Berg, Team Blue"),
    *("Anna Berg - Team Blue", "Team lead Anna Berg", "Berg, Anna, Dr.", "Smith, John, Jr.", "c/o Anna Berg"),
    *(
        "Anna Berg/DE/Meridian",
        "Tobias Open",
        "friedrich.list@example.com",
        "João Sales",
        "Nina Norman",
        "X. Yu",
        "N. N. Rao",
    ),
]


@pytest.mark.parametrize("text", SEVERAL)
def test_a_list_names_several_people(text: str) -> None:
    assert no_single_person(text) == "names several people"


@pytest.mark.parametrize("text", GROUPS)
def test_a_group_is_no_single_person(text: str) -> None:
    assert no_single_person(text) == "is no single person"


@pytest.mark.parametrize("text", NOBODY)
def test_what_stands_for_nobody_names_nobody_yet(text: str) -> None:
    assert names_nobody(text)
    assert no_single_person(text) == "names nobody yet"


@pytest.mark.parametrize("text", ONE)
def test_one_person_or_a_role_that_one_person_holds_is_left_alone(text: str) -> None:
    assert no_single_person(text) is None
    assert not names_nobody(text)


def test_a_team_of_a_name_of_its_own_is_known_when_it_is_told() -> None:
    assert no_single_person("Phoenix") is None
    assert no_single_person(" phoenix ", frozenset({normalise_key("Phoenix")})) == "is no single person"
