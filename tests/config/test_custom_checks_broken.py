"""Broken custom checks: each mistake at its line and column, with one thing to do, and all of them at once."""

from zoneinfo import ZoneInfo

import pytest

from config.custom_checks import LoadedChecks, load_checks
from mapping.document import SourceText
from model.errors import ConfigurationError, Problem

ZONE = ZoneInfo("Europe/Berlin")
SOUND = """\
version: 1
checks:
  - name: closes-early
    title: A deal closes before what it promises is there
    about: deal
    only: {outcome: open}
    claim: close_date
    must_be: not before
    against: forecast
    tolerance: 14d
    severity: major
    impact: revenue
    decider: sponsor
    text: "{key} closes on {claim}, {difference} too early ({money})"
    examples:
      - name: early
        today: 2026-09-15
        objectives: [{id: M-1}]
        records:
          - {kind: deal, key: D-1, close_date: 2026-09-30, promised: R1, serves: M-1}
          - {kind: release, key: R1, release_date: 2026-11-16}
        finds: true
"""
BROKEN = [
    ("version: 1", "version: 2", "1:10", "'2' is not an allowed value", "one of: 1"),
    ("name: closes-early", "name: Closes early", "3:11", "'Closes early' is no name of a check", "in lower case"),
    ("name: closes-early", "name: late-commitment", "3:11", "is the name of an installed check", "another name"),
    ("about: deal", "about: deals", "5:12", "'deals' is not an allowed value", "did you mean 'deal'?"),
    ("{outcome: open}", "{region: EMEA}", "6:12", "a deal cannot be chosen by 'region'", "fields: source, key"),
    ("{outcome: open}", "{stag: Won}", "6:12", "a deal cannot be chosen by 'stag'", "did you mean 'stage'?"),
    ("{outcome: open}", "{outcome: wonn}", "6:21", "no outcome is called 'wonn'", "did you mean 'won'?"),
    ("{outcome: open}", "{fields.Regio: X}", "6:12", "chosen by 'fields.Regio'", "did you mean 'fields.Region'?"),
    ("claim: close_date", "claim: closed_date", "7:12", "A deal has no claim 'closed_date'", "mean 'close_date'?"),
    ("claim: close_date", "claim: nonsense", "7:12", "A deal has no claim 'nonsense'", "claims: close_date, promised_"),
    ("claim: close_date", "claim: today", "7:12", "today is a fixed value, no claim", "such as close_date"),
    ("claim: close_date", "claim: fields.Golive", "7:12", "extra field 'Golive'", "did you mean 'fields.Go live'?"),
    ("claim: close_date", "clame: close_date", "7:5", "unknown key 'clame'", "did you mean 'claim'?"),
    ("    claim: close_date\n", "", "3:5", "'claim' is missing", "add claim: …"),
    ("must_be: not before", "must_be: not befor", "8:14", "'not befor' is not an allowed", "mean 'not before'?"),
    ("must_be: not before", "must_be: at least", "8:14", "does not compare two dates", "one of: not before, not after"),
    ("against: forecast", "against: amount", "9:14", "close_date is a date and amount is an amount", "promised_date"),
    ("against: forecast", "against: close_date", "9:14", "close_date is compared with itself", "name another"),
    ("against: forecast", "against: 2026-02-30", "9:14", "there is no such day: 2026-02-30", "as 2026-09-30"),
    ("tolerance: 14d", "tolerance: 14", "10:16", "'14' is no tolerance here", "14d or 2w"),
    ("tolerance: 14d", "tolerance: 5 %", "10:16", "'5 %' is no tolerance here", "14d or 2w"),
    ("severity: major", "severity: high", "11:15", "'high' is not an allowed value", "one of: notice, minor"),
    ("impact: revenue", "impact: savings", "12:13", "no savings is known of a deal", "remove it"),
    ("impact: revenue", "impact: cost", "12:13", "cost is only known where two amounts", "remove it"),
    ("decider: sponsor", "decider: sponsr", "13:14", "'sponsr' is neither a part", "did you mean 'sponsor'?"),
    ("{key} closes", "{kee} closes", "14:12", "there is no placeholder {kee} here", "placeholders: {key}, {title}"),
    ("({money})", "({money)", "14:61", "{ stands alone", "the bracket itself as {{"),
    ("{key} closes", "{key.__class__} closes", "14:12", "no placeholder {key.__class__}", "placeholders: {key}"),
    ("    impact: revenue\n", "", "13:61", "there is no placeholder {money} here", "placeholders: {key}"),
    ("kind: deal", "kind: dael", "20:20", "'dael' is not an allowed value", "did you mean 'deal'?"),
    ("kind: deal, ", "", "20:13", "'kind' is missing", "say which kind it is"),
    ("close_date: 2026-09-30", "close_dte: 2026-09-30", "20:36", "unknown key 'close_dte'", "mean 'close_date'?"),
    ("close_date: 2026-09-30", "close_date: 30.9.2026", "20:48", "a day is written as", ""),
    ("serves: M-1", "serves: M-2", "20:82", "the example has no objective 'M-2'", "did you mean 'M-1'?"),
    ("key: R1", "key: D-1", "21:34", "the example has two records 'D-1'", "rename one"),
    ("finds: true", "finds: maybe", "22:16", "expected true or false, found text", ""),
    (
        "finds: true",
        "finds: false\n        text: x",
        "23:15",
        "nothing is found here, so nothing is told",
        "remove the",
    ),
    ("        finds: true\n", "", "16:9", "'finds' is missing", "add finds: …"),
]


def loaded(*texts: str, extra: frozenset[str] | None = frozenset({"Go live", "Region"})) -> LoadedChecks:
    sources = [SourceText(f"{index}.yaml", text) for index, text in enumerate(texts)]
    return load_checks(sources, extra=extra, currency="EUR", zone=ZONE)


def problems_of(*texts: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        loaded(*texts)
    return caught.value.problems


def test_the_definition_that_is_broken_below_is_sound() -> None:
    checks = loaded(SOUND)
    assert list(checks.checks) == ["custom:closes-early"]
    assert len(checks.examples) == 1


@pytest.mark.parametrize(("sound", "broken", "place", "message", "hint"), BROKEN, ids=[each[1] for each in BROKEN])
def test_a_mistake_is_told_with_its_place_and_a_remedy(
    sound: str, broken: str, place: str, message: str, hint: str
) -> None:
    assert SOUND.count(sound) == 1
    problems = problems_of(SOUND.replace(sound, broken))
    [found] = [each for each in problems if each.location == f"0.yaml:{place}"]
    assert message in found.message
    assert hint in found.hint
    assert found.hint or not hint


def test_all_mistakes_of_all_files_come_at_once_in_the_order_of_the_lines() -> None:
    first = (
        SOUND.replace("tolerance: 14d", "tolerance: 14").replace("sponsor", "sponsr").replace("kind: deal", "kind: x")
    )
    second = SOUND.replace("close_date\n", "amount\n").replace("closes-early", "second")
    places = [each.location for each in problems_of(first, second)]
    assert places == ["0.yaml:10:16", "0.yaml:13:14", "0.yaml:20:20", "1.yaml:9:14"]


def test_what_is_wrong_in_one_key_does_not_hide_what_is_wrong_in_the_others() -> None:
    text = SOUND.replace("claim: close_date", "claim: nonsense").replace("14d", "14").replace("{claim}", "{clam}")
    text = text.replace("not before", "at least").replace("sponsor", "sponsr").replace("key: R1", "key: D-1")
    places = [each.location.removeprefix("0.yaml:").partition(":")[0] for each in problems_of(text)]
    assert places == ["7", "8", "10", "13", "14", "21"]


def test_a_name_is_declared_once_across_all_files() -> None:
    [problem] = problems_of(SOUND, SOUND)
    assert problem.location == "1.yaml:3:11"
    assert problem.message == "the check 'closes-early' is declared a second time; the first is at 0.yaml:3:11"


def test_an_extra_field_takes_on_the_type_of_the_other_side() -> None:
    text = SOUND.replace("against: forecast", "against: fields.Go live")
    [check] = loaded(text).checks.values()
    assert check.definition.against.type is check.definition.claim.type


def test_two_extra_fields_have_no_type() -> None:
    text = SOUND.replace("against: forecast", "against: fields.Go live").replace("close_date\n", "fields.Region\n")
    told = {each.location: each.message for each in problems_of(text)}
    assert told["0.yaml:7:12"] == "it cannot be told what type fields.Region is of"


def test_where_nobody_can_tell_the_extra_fields_any_name_is_taken() -> None:
    text = SOUND.replace("{outcome: open}", "{fields.Whatever: X}")
    assert loaded(text, extra=None).checks


def test_a_tolerance_is_written_in_the_money_of_the_business() -> None:
    text = SOUND.replace("close_date\n", "amount\n").replace("not before", "at least")
    text = text.replace("against: forecast", "against: 100000 EUR").replace("tolerance: 14d", "tolerance: 500 USD")
    [problem] = problems_of(text)
    assert (problem.location, problem.message) == ("0.yaml:10:16", "the tolerance is in USD")


def test_lights_have_neither_a_tolerance_nor_a_difference() -> None:
    text = SOUND.replace("about: deal", "about: saving").replace("    only: {outcome: open}\n", "")
    text = text.replace("close_date\n", "light\n").replace("not before", "not better than")
    text = text.replace("against: forecast", "against: derived_light").replace("impact: revenue", "impact: savings")
    messages = [each.message for each in problems_of(text)]
    assert messages == ["lights have no tolerance", "there is no placeholder {difference} here"]


def test_a_check_without_an_example_is_a_warning() -> None:
    without = SOUND[: SOUND.index("    examples:")].replace("{key} ", "A deal ")
    told = [(each.location, each.message) for each in loaded(without).warnings]
    assert told == [
        ("0.yaml:3:11", "nothing shows what the check closes-early finds"),
        ("0.yaml:14:11", "the text does not say which record it is about"),
    ]


def test_yaml_that_cannot_be_read_does_not_hide_the_mistakes_of_other_files() -> None:
    problems = problems_of("checks:\n\t- x", SOUND.replace("14d", "14"))
    assert [each.location for each in problems] == ["0.yaml:2:1", "1.yaml:10:16"]
