"""What a change of the rules can touch, told from the outline of those that linked last."""

from mapping.match import Names
from mapping.reach import outline, reach
from tests.mapping.samples import OBJECTIVES, RULES, deal, loaded, work


def test_the_same_rules_touch_nothing_and_a_remark_further_down_neither() -> None:
    assert reach(outline(loaded()), loaded()).nothing
    assert reach(outline(loaded()), loaded(RULES + "# a remark\n")).nothing
    assert not reach(outline(loaded()), loaded("# a remark\n" + RULES)).nothing, "links show the line of their rule"


def test_a_changed_rule_touches_what_it_could_match_and_what_it_can_match() -> None:
    touched = reach(outline(loaded()), loaded(RULES.replace("EMEA", "APAC")))
    said = [deal(custom={"Region": region}) for region in ("EMEA", "APAC", "DACH")]
    assert [touched.touches(each, Names()) for each in said] == [True, True, False]
    assert not touched.touches(work(custom={"Region": "EMEA"}), Names()), "the rule is about another source"


def test_a_table_or_the_objectives_that_a_rule_looks_into_count_as_the_rule() -> None:
    head = "version: 1\nlookups: {t: {EMEA: ORG, APAC: %s}}\nrules:\n"
    rules = head + (
        "  - {name: a, role: delivers, objective: {lookup: t, by: Region}, match: {label: x}}\n"
        "  - {name: b, role: reports, objective: {field: Goal}, match: {label: y}}\n"
    )
    before = outline(loaded(rules % "ORG"))
    by_table = reach(before, loaded(rules % "M-SAVE"))
    assert [by_table.touches(work(labels=(each,)), Names()) for each in "xyz"] == [True, False, False]
    more = OBJECTIVES + "  - {id: NEW, level: measure, name: x}\n"
    by_objectives = reach(before, loaded(rules % "ORG", more))
    assert [by_objectives.touches(work(labels=(each,)), Names()) for each in "xyz"] == [False, True, False]


def test_where_objectives_are_inherited_any_change_can_touch_everything() -> None:
    heir = RULES + "  - {name: heir, role: delivers, objective: {parent: true}, match: {kind: work_item}}\n"
    assert reach(outline(loaded()), loaded(heir)).everything
    assert reach(outline(loaded(heir)), loaded()).everything
