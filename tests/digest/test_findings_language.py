"""What checks write is told in the reader's language: recognised by its template, or left as it was written."""

import re
from collections.abc import Iterator
from datetime import date
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.catalogues import finding_texts
from digest.findings_language import LONGEST, candidates, recognised, retold
from digest.language import ENGLISH, Language
from model.findings import Finding
from reconcile.checks import checks
from reconcile.options import field_name
from tests.examples import examples

GERMAN = Language("de", "de")
TODAY = date(2026, 9, 15)
ENGLISH_LEFT = re.compile(
    r"\b(the|is|has|which|not|by|to|for|from|with|its|days?|late|early|later|earlier|waits|nothing|says|are|have|be|nobody)\b"
)
NAMES = re.compile(
    r"driftline sync \w+|decision_rights: \w+|the token has expired|technicians take the app along|Same-day sorting"
)
"""English that belongs to names: what is typed, and what a person or a server wrote."""


def german(text: str) -> str:
    return retold(GERMAN, text, TODAY)


def texts_of(finding: Finding) -> Iterator[str]:
    yield finding.title
    yield finding.advice
    for claim in filter(None, (finding.commitment, finding.forecast)):
        says = claim.says
        for prefix in (f"{claim.system} {claim.key}", claim.system, claim.key):
            says = says.removeprefix(prefix).strip()
        yield says
    yield from (step.says for step in finding.chain)
    yield from (option.says for option in finding.options)


@pytest.mark.parametrize("name", sorted(checks()))
def test_the_example_of_each_check_is_told_in_german(name: str):
    module = import_module(f"tests.reconcile.checks.test_{field_name(name)}")
    example = module.story_world() if hasattr(module, "story_world") else module.example_world()
    found = example.judge(with_checks={name: checks()[name]}).findings
    texts = [text for finding in found for text in texts_of(finding) if text]
    assert texts
    assert [text for text in texts if not recognised(GERMAN, text)] == []
    left = [told for told in map(german, texts) if ENGLISH_LEFT.search(NAMES.sub("", told))]
    assert left == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Nordwind was promised Aurora 4.0 for 30 Sep 2026; the work now says 16 Nov 2026 (47 days later)",
            "Nordwind wurde Aurora 4.0 für 30. Sep zugesagt; nach Stand der Arbeit wird es 16. Nov (47 Tage später)",
        ),
        (
            "Bring A-1 forward by 1 day, to 30 Sep 2026: it is then 2 Oct 2026, 45 days earlier than now; R binds next",
            "A-1 um 1 Tag auf 30. Sep vorziehen: dann 2. Okt, 45 Tage früher als jetzt; danach bestimmt R den Termin",
        ),
        (
            "M-201 Bundles forecasts EUR 1,340,000 of EUR 1,840,000.50 planned: a value slip of 27.1 %",
            "M-201 Bundles erwartet 1.340.000 EUR von geplanten 1.840.000,50 EUR: Wertverlust 27,1 %",
        ),
        ("promised for 30 Sep 2026; waits for HW-9", "zugesagt für 30. Sep; wartet auf HW-9"),
        (
            "revenue 95,000, was 90,000; 2 days late, was 1 day late",
            "Umsatz 95.000, vorher 90.000; 2 Tage zu spät, vorher 1 Tag zu spät",
        ),
        ("Name one person for each: A, B and the objectives file.", "Je eine Person benennen: A, B und die Zieldatei."),
    ],
)
def test_figures_days_and_counts_in_the_places_are_written_as_the_reader_writes_them(text: str, told: str):
    assert german(text) == told


def test_the_figures_follow_the_place_and_the_words_the_language():
    swiss = Language("de", "de_CH")
    assert retold(swiss, "costs EUR 12,500.50 to finish", TODAY) == "kostet bis zum Ende 12’500.50 EUR"


def test_a_text_that_no_template_fits_stays_as_it_was_written_but_for_its_days():
    assert german("Vertrag endet vor dem Release 30 Sep 2026") == "Vertrag endet vor dem Release 30. Sep"
    assert german("Frei seit 2027-01-04") == "Frei seit 4. Jan 2027"
    assert german("Costs and benefits, was due") == "Costs and benefits, was due"


def test_of_several_parts_those_that_are_known_are_told():
    assert german("Wir zahlen nicht; was deleted") == "Wir zahlen nicht; wurde gelöscht"


def test_english_readers_get_the_words_of_the_check():
    assert retold(ENGLISH, "AUR-118 was due 30 Sep 2026", TODAY) == "AUR-118 was due 30 Sep"


def test_the_cut_comes_after_the_telling():
    assert retold(GERMAN, "Give AUR-118 a date that holds, or move the promise.", TODAY, 20) == "AUR-118 einen Termi…"


NAME = st.text(st.characters(exclude_categories=["C", "M", "Z"]), min_size=1, max_size=30).filter(
    lambda text: ";" not in text
)


@given(NAME)
@settings(max_examples=examples(100))
def test_a_name_in_a_text_stays_as_it_is(name: str):
    """M13: braces, quotes and patterns in a title are letters."""
    assert german(f"{name} was cancelled") == f"{name} wurde abgebrochen"


@pytest.mark.parametrize(
    "text",
    [
        "; " * (LONGEST // 2),
        ", was " * (LONGEST // 6),
        "x was promised " * (LONGEST // 15),
        " and ".join(["1,000 days"] * (LONGEST // 15)),
        "9," * (LONGEST // 2),
        "(" * LONGEST,
        "waits for x, which " * (LONGEST // 19),
        "{n} {0} {} }{ %s \\1 (?P<n>",
        "x" * 10 * LONGEST,
    ],
)
def test_no_text_makes_it_fail_or_try_without_end(text: str):
    assert german(text)


def test_a_text_is_looked_for_among_the_few_templates_that_share_its_words():
    """So that ten thousand findings are told in about a second."""
    of_checks = [
        "AUR-118 was due 1 Sep 2026 and is 14 days overdue",
        "M-201 is booked from 1 Oct 2026; ERP-100 makes it possible from 22 Oct 2026 (21 days later)",
        "Migration has spent 75 % of its budget and is 50 % done",
    ]
    assert len(finding_texts("de")) > 500
    assert max(len(candidates("de", text)) for text in of_checks) < 50
