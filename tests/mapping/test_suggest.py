"""Proposals: each strategy finds what it should and keeps its hands off what it should not; always in one order."""

import random

from mapping.facts import Names
from mapping.suggest import Suggesting, Suggestion
from model.links import Link, Role
from model.objectives import Level, Objective, ObjectiveTree
from model.records import Deal, Record, Saving, WorkItem


def objective(id_: str, name: str, parent: str | None = None, level: Level = Level.MEASURE) -> Objective:
    return Objective(id=id_, name=name, level=level, parent=parent)


TREE = ObjectiveTree(
    [
        objective("COST", "Lower cost base", level=Level.PORTFOLIO),
        objective("M-1", "Automate invoices", "COST"),
        objective("M-2", "DACH live", "COST"),
        objective("M-3", "Close the old warehouse", "COST"),
    ]
)


def work(key: str, title: str = "Something", **values: object) -> WorkItem:
    return WorkItem(source="jira", native_id=key, key=key, title=title, **values)  # type: ignore[arg-type]


def proposed(
    unlinked: list[Record], linked: list[tuple[Record, str]] | None = None, tree: ObjectiveTree = TREE
) -> tuple[Suggestion, ...]:
    pairs = linked or []
    names = Names.of([*unlinked, *(record for record, _ in pairs)])
    suggesting = Suggesting(tree, names, unlinked)
    roles = {WorkItem: Role.DELIVERS, Deal: Role.PROMISES, Saving: Role.SAVES}
    for record, objective_id in pairs:
        suggesting.learn(record, [Link(record.id, objective_id, roles[type(record)], "rule")])  # type: ignore[index]
    return suggesting.suggestions()


def test_work_below_something_that_serves_an_objective_is_proposed_for_it():
    [found] = proposed([work("A-2", parent="A-1"), work("A-3", parent="A-1")], [(work("A-1"), "M-3")])
    assert (found.condition, found.values, found.objective_id, found.keys) == (
        "parent",
        ("A-1",),
        "M-3",
        ("A-2", "A-3"),
    )
    assert found.reason == "A-1 above it serves M-3"


def test_what_others_with_the_same_label_serve_is_proposed_and_a_divided_label_is_not():
    others = [(work(f"B-{number}", labels=("erp",)), "M-3") for number in range(4)]
    [found] = proposed([work("A-1", labels=("erp",))], others)
    assert (found.condition, found.values, found.objective_id) == ("label", ("erp",), "M-3")
    assert found.reason == "4 of 4 others with label erp serve M-3"
    divided = [(record, "M-3" if index % 2 else "M-1") for index, (record, _) in enumerate(others)]
    assert proposed([work("A-1", labels=("erp",))], divided) == ()


def test_an_owner_says_something_only_in_the_same_container():
    others = [(work(f"B-{number}", owner="ann", container="P"), "M-3") for number in range(6)]
    others += [(work(f"C-{number}", owner="ben", container="P"), "M-1") for number in range(6)]
    [found] = proposed([work("A-1", owner="ann", container="P")], others)
    assert (found.condition, found.values, found.container, found.objective_id) == ("owner", ("ann",), "P", "M-3")
    assert proposed([work("A-1", owner="ann", container="Q")], others) == ()


def test_a_key_that_is_the_id_of_an_objective_is_proposed_for_it():
    [found] = proposed([Saving(source="s", native_id="1", key="m-1", title="Rechnungen")])
    assert (found.condition, found.values, found.objective_id, found.role) == ("key", ("m-1",), "M-1", Role.SAVES)
    assert found.confidence >= 95


def test_a_text_that_names_the_id_of_an_objective_is_proposed_for_it_whatever_the_id_looks_like():
    tree = ObjectiveTree([objective("M-1", "Automate invoices"), objective("ROLL-OUT", "Three regions")])
    found = proposed([work("A-1", "What M-1 asks for"), work("A-2", "Brief for ROLL-OUT")], tree=tree)
    assert [(each.keys, each.objective_id, each.confidence) for each in found] == [
        (("A-1",), "M-1", 88),
        (("A-2",), "ROLL-OUT", 88),
    ]
    assert found[0].reason == "its text names M-1"
    assert proposed([work("A-3", "Order a carpet")], tree=tree) == ()


def test_a_text_that_names_the_key_of_linked_work_is_proposed_for_the_same_objective():
    [found] = proposed([work("A-1", "Follow-up of BB-7")], [(work("BB-7"), "M-3")])
    assert (found.condition, found.objective_id) == ("key", "M-3")
    assert found.reason == "its text names BB-7, which serves M-3"


def test_what_a_deal_or_saving_waits_for_is_not_what_it_serves():
    saving = Saving(source="s", native_id="1", key="S-1", title="Etwas", enabler="BB-7")
    assert proposed([saving], [(work("B-7"), "M-3")]) == ()


def test_a_field_that_is_called_like_an_objective_is_proposed_for_it():
    [found] = proposed([work("A-1", custom={"region": "DACH"}), work("A-2", custom={"region": "DACH"})])
    assert (found.condition, found.values, found.objective_id) == ("fields.region", ("DACH",), "M-2")


def test_a_title_that_says_the_name_of_an_objective_is_proposed_for_it_and_so_is_the_work_below():
    found = proposed([work("A-1", "Close old warehouse"), work("A-2", "Sell racks", parent="A-1")])
    assert {(each.condition, each.values, each.objective_id) for each in found} == {
        ("key", ("A-1",), "M-3"),
        ("parent", ("A-1",), "M-3"),
    }


def test_what_is_named_after_the_whole_belongs_to_the_only_objective_below_that_has_nothing():
    others = [(work("B-1"), "M-1"), (work("B-2"), "M-2")]
    [found] = proposed([work("A-1", "Lower the cost base")], others)
    assert found.objective_id == "M-3"
    assert "below which only M-3 has nothing yet" in found.reason


def test_a_rule_that_would_take_linked_records_over_is_not_proposed():
    """Region DACH is called like M-2, but the others with that region serve M-1: a rule on it would move them."""
    others = [(work(f"B-{number}", custom={"region": "DACH"}), "M-1") for number in range(3)]
    others += [(work(f"C-{number}", custom={"region": "DACH"}), "M-3") for number in range(3)]
    assert proposed([work("A-1", custom={"region": "DACH"})], others) == ()


def test_nothing_is_proposed_where_nothing_speaks_for_it():
    assert proposed([work("A-1", "Tidy up the cellar")]) == ()


def test_each_record_stands_in_one_proposal_and_the_order_of_the_records_does_not_matter():
    unlinked: list[Record] = [
        work(
            f"A-{number}",
            ("Automate invoices", "Warehouse racks", "x")[number % 3],
            parent=f"A-{number // 3}",
            labels=("l",),
        )
        for number in range(30)
    ]
    others = [(work(f"B-{number}", labels=("l",)), "M-1") for number in range(5)]
    first = proposed(list(unlinked), others)
    mixed = list(unlinked)
    random.Random(7).shuffle(mixed)
    assert proposed(mixed, list(reversed(others))) == first
    ids = [each for suggestion in first for each in suggestion.record_ids]
    assert len(ids) == len(set(ids))


def test_only_the_objectives_that_share_a_word_are_compared_so_that_many_take_no_longer(monkeypatch):
    from rapidfuzz import fuzz

    compared = []
    real = fuzz.token_set_ratio
    monkeypatch.setattr(fuzz, "token_set_ratio", lambda *texts: compared.append(texts) or real(*texts))
    many = ObjectiveTree(
        [objective(f"M-{number}", f"alpha{number} beta{number} gamma{number % 90}") for number in range(5000)]
    )
    proposed([work(f"A-{number}", f"alpha{number} beta{number}") for number in range(200)], tree=many)
    assert 200 <= len(compared) <= 200 * 40
