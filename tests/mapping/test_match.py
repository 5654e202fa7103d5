"""Which objectives a record serves, which rule wins, and what the record waits for."""

from datetime import date
from decimal import Decimal

import pytest

from mapping.match import Match, Matcher, Names
from model.links import Ambiguity, Link, Need, NeedOrigin, Role
from model.money import Money
from model.records import NeedClaim, Record, Release, Saving, Sprint
from tests.mapping.samples import deal, loaded, with_rules, work


def match(record: Record, *rules: str, others: tuple[Record, ...] = ()) -> Match:
    return Matcher(with_rules(*rules), Names.of([record, *others])).match(record)


def hits(record: Record, condition: str, others: tuple[Record, ...] = ()) -> bool:
    return bool(match(record, f"role: delivers, objective: ORG, match: {{{condition}}}", others=others).links)


EPIC = work("AUR-1", former_keys=("OLD-9",), type="Epic")
STORY = work("AUR-5", native_id="5", parent="1")
RELEASE = Release(source="jira", native_id="77", key="Aurora 4.0", title="Aurora 4.0")
SPRINT = Sprint(source="jira", native_id="8", key="8", title="Sprint 12")
TASK = work(
    "AUR-7",
    parent="5",
    title="Prepare the [EU] roll-out",
    type="Task",
    status="In Progress",
    labels=("launch", "Q3"),
    components=("Billing",),
    releases=("77",),
    sprint="8",
    owner="a.berg@aurora.example",
    container="AUR",
    due=date(2026, 9, 30),
    estimate=Decimal("5.0"),
    custom={"Region": "EMEA", "Board\u00a0approved": True, "Markets": ("DE", "FR"), "Score": Decimal("1.5E+3")},
)
WORLD = (EPIC, STORY, RELEASE, SPRINT)


@pytest.mark.parametrize(
    "condition",
    [
        "kind: work_item",
        "kind: [deal, work_item]",
        "key: AUR-7",
        "key: [X-1, aur-7]",
        "container: aur",
        "type: TASK",
        "status: in  progress",
        "label: [other, q3]",
        "component: billing",
        "release: aurora 4.0",
        "sprint: Sprint 12",
        "parent: AUR-5",
        "parent: AUR-1",
        "parent: old-9",
        "owner: A.Berg@aurora.example",
        'title: "*roll-out"',
        'title: "prepare the [eu] ROLL?OUT"',
        "fields: {Region: emea}",
        "fields: {board approved: true}",
        "fields: {Markets: [US, FR]}",
        "fields: {Score: 1500}",
        "fields: {estimate: 5}",
        "fields: {due: 2026-09-30}",
        "kind: work_item, label: launch, component: Billing, fields: {Region: EMEA}",
    ],
)
def test_a_condition_holds_for_what_the_record_says(condition: str) -> None:
    assert hits(TASK, condition, WORLD)


@pytest.mark.parametrize(
    "condition",
    [
        "kind: deal",
        "key: AUR-70",
        "container: AURORA",
        "label: laun",
        "release: Aurora 4",
        "parent: AUR-7",
        'title: "roll-out"',
        'title: "*roll-out"',
        'title: "*[e]u*"',
        "fields: {Region: EM}",
        "fields: {nothing: x}",
        "fields: {due: 2026-10-01}",
        "label: launch, component: Shipping",
    ],
)
def test_a_condition_does_not_hold_for_anything_else(condition: str) -> None:
    task = TASK if condition != 'title: "*roll-out"' else work("AUR-8", title="The roll-out plan")
    assert not hits(task, condition, WORLD)


@pytest.mark.parametrize("others", [0, 40])
def test_a_pattern_is_found_among_few_and_among_many(others: int) -> None:
    """With few patterns their parts are looked for in the title, with many the title is taken apart."""
    rules = [f'role: delivers, objective: ORG, match: {{title: "*part{number:03}*"}}' for number in range(others)]
    assert [link.rule for link in match(TASK, *rules, BY_PATTERN).links] == [f"rule {others}"]
    assert match(work("AUR-8", title="ro"), *rules, BY_PATTERN).links == ()


def test_a_former_key_matches() -> None:
    assert hits(EPIC, "key: OLD-9")


def test_a_record_is_not_below_itself() -> None:
    assert not hits(EPIC, "parent: AUR-1", WORLD)


def test_a_circle_of_parents_in_the_source_ends() -> None:
    one, two = work("A-1", parent="2"), work("A-2", parent="1")
    below = work("A-3", parent="1")
    for record in (one, below):
        assert hits(record, "parent: A-2", (one, two))
        assert not hits(record, "parent: A-9", (one, two))


def test_the_same_native_id_in_another_source_is_another_parent() -> None:
    elsewhere = work("XX-1", source="asana", native_id="1")
    assert not hits(STORY, "parent: XX-1", (EPIC, elsewhere))


def test_a_rule_for_a_source_leaves_other_sources_alone() -> None:
    assert match(deal(), "role: promises, objective: ORG, source: crm, match: {kind: deal}").links
    assert not match(deal(), "role: promises, objective: ORG, source: jira, match: {kind: deal}").links


def test_money_matches_by_amount_and_by_amount_with_currency() -> None:
    big = deal(amount=Money(Decimal("250000.00"), "EUR"))
    assert hits(big, "fields: {amount: 250000}")
    assert hits(big, "fields: {amount: 250000 EUR}")
    assert not hits(big, "fields: {amount: 250000 USD}")


def test_a_link_carries_role_rule_weight_and_place() -> None:
    found = match(TASK, "role: delivers, objective: [mp-aurora, ORG], weight: 0.25, match: {label: launch}")
    assert found.links == (
        Link("jira:7", "MP-AURORA", Role.DELIVERS, "rule 0", Decimal("0.25"), "rules.yaml:3"),
        Link("jira:7", "ORG", Role.DELIVERS, "rule 0", Decimal("0.25"), "rules.yaml:3"),
    )


BY_KEY = "role: delivers, objective: ORG, match: {key: AUR-7}"
BY_VALUE = "role: delivers, objective: ORG, match: {label: launch}"
BY_PATTERN = 'role: delivers, objective: ORG, match: {title: "*roll-out*", container: AUR}'
BY_PLACE = "role: delivers, objective: ORG, match: {container: AUR, kind: work_item}"


@pytest.mark.parametrize(
    ("stronger", "weaker"), [(BY_KEY, BY_VALUE), (BY_VALUE, BY_PATTERN), (BY_PATTERN, BY_PLACE), (BY_KEY, BY_PLACE)]
)
def test_the_more_specific_rule_wins_without_ambiguity(stronger: str, weaker: str) -> None:
    """Design 5.9: key, then value, then pattern, then place; the order in the file does not matter."""
    for rules, winner in (((stronger, weaker), "rule 0"), ((weaker, stronger), "rule 1")):
        found = match(TASK, *rules)
        assert [link.rule for link in found.links] == [winner]
        assert found.ambiguities == ()


def test_equally_specific_rules_are_decided_by_order_and_reported() -> None:
    found = match(TASK, BY_VALUE, "role: delivers, objective: M-SAVE, match: {component: Billing}")
    assert [link.rule for link in found.links] == ["rule 0"]
    assert found.ambiguities == (Ambiguity("jira:7", "rule 0", ("rule 1",)),)


def test_a_rule_that_asks_the_same_and_more_wins_and_is_not_ambiguous() -> None:
    found = match(
        TASK,
        "role: delivers, objective: ORG, match: {label: [launch, other]}",
        "role: delivers, objective: M-SAVE, match: {label: launch, component: Billing}",
    )
    assert [link.objective_id for link in found.links] == ["M-SAVE"]
    assert found.ambiguities == ()


def test_more_conditions_of_another_sort_win_but_are_reported() -> None:
    found = match(TASK, BY_VALUE, "role: delivers, objective: M-SAVE, match: {component: Billing, type: Task}")
    assert [link.objective_id for link in found.links] == ["M-SAVE"]
    assert found.ambiguities == (Ambiguity("jira:7", "rule 1", ("rule 0",)),)


def test_each_role_has_its_own_winner() -> None:
    found = match(TASK, BY_KEY, "role: reports, objective: M-SAVE, match: {container: AUR}")
    assert [(link.role, link.objective_id) for link in found.links] == [
        (Role.DELIVERS, "ORG"),
        (Role.REPORTS, "M-SAVE"),
    ]


def need_names(record: Record, *needs: str) -> list[tuple[str, int]]:
    found = match(record, f"role: promises, objective: ORG, match: {{key: {record.key}}}, needs: [{', '.join(needs)}]")
    return [(need.wanted, need.lag_days) for need in found.needs]


def test_a_field_that_names_several_keys_is_several_needs() -> None:
    sold = deal(promised="ERP-100, Aurora 4.0;\n erp-100\nM-SAVE")
    assert need_names(sold, "{field: promised, lag: 2w}") == [("ERP-100", 14), ("Aurora 4.0", 14), ("M-SAVE", 14)]


@pytest.mark.parametrize("blank", [None, "", "  ", " ,;\n", "\u00a0"])
def test_a_blank_field_is_no_need(blank: str | None) -> None:
    assert need_names(deal(promised=blank), "{field: promised}") == []
    assert need_names(deal(custom={"Launch": blank}), "{field: Launch}") == []


def test_a_custom_field_and_a_fixed_name_are_needs() -> None:
    sold = deal(custom={"Launch release": ("ERP-1", "ERP-2"), "Number": Decimal(1204567890123)})
    assert need_names(sold, "{field: launch release}", "{field: Number}", "{after: ERP-100, lag: 3d}") == [
        ("ERP-1", 0),
        ("ERP-2", 0),
        ("1204567890123", 0),
        ("ERP-100", 3),
    ]


def test_an_enabler_is_a_need_only_through_a_rule() -> None:
    saving = Saving(source="crm", native_id="1", key="S-1", title="x", enabler="ERP-100")
    assert match(saving, "role: saves, objective: ORG, match: {kind: saving}").needs == ()
    assert need_names(saving, "{field: enabler, lag: 14d}") == [("ERP-100", 14)]


def test_a_rule_that_does_not_win_brings_no_needs() -> None:
    found = match(
        TASK,
        BY_KEY,
        "role: delivers, objective: ORG, match: {label: launch}, needs: [{after: ERP-1}]",
    )
    assert found.needs == ()


def test_what_the_source_says_is_a_need_even_without_a_link() -> None:
    item = work("AUR-3", needs=(NeedClaim("AUR-9", 3),))
    found = match(item, "role: delivers, objective: ORG, match: {key: X-1}")
    assert found.links == ()
    assert found.needs == (Need("jira:3", "AUR-9", 3, NeedOrigin.SOURCE_LINK),)


def test_a_need_says_which_rule_and_line_it_comes_from() -> None:
    found = Matcher(loaded(), Names()).match(deal(custom={"Region": "EMEA"}, promised="Aurora 4.0"))
    assert found.needs[0] == Need(
        "crm:OPP-1", "Aurora 4.0", 14, NeedOrigin.RULE, "deals that were sold", "rules.yaml:3"
    )


def test_a_release_that_is_not_known_by_name_is_matched_by_its_id() -> None:
    assert hits(work("AUR-7", releases=("77",)), 'release: "77"')
