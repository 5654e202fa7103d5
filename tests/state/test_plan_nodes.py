"""The lean nodes of the spine say what the whole records say."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.links import Need
from model.network import PlanWork
from model.records import Absence, StatusCategory, WorkItem
from state.store import Store
from tests.state.worlds import DAY_2, item, save

days = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))
ids = st.sampled_from(["1", "2", "3", "4", "5"])
work = st.builds(
    item,
    ids,
    category=st.none() | st.sampled_from(StatusCategory),
    start=days,
    due=days,
    finished=days,
    parent=st.none() | ids,
    sprint=st.none() | st.sampled_from(["s1", "s2"]),
    releases=st.lists(st.sampled_from(["r1", "r2", "r3"]), max_size=3).map(tuple),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(work, min_size=1, max_size=5, unique_by=lambda each: each.native_id))
def test_every_node_is_what_its_whole_record_says(store: Store, items: list[WorkItem]) -> None:
    save(store, *items)
    store.replace_links([each.id for each in items], [], [Need(each.id, "ELSEWHERE") for each in items])
    stored = {each.id: each for each in items}
    with store.view() as view:
        nodes = {node.id: node for node in view.spine() if node.id in stored}
        wholes = view.records(nodes)
    assert nodes.keys() == stored.keys()
    for id_, node in nodes.items():
        whole = PlanWork.of(wholes[id_])
        assert node._replace(releases=()) == whole._replace(releases=())
        assert set(node.releases) == set(whole.releases)


def test_work_that_is_gone_stays_a_node_with_what_it_said_last(store: Store) -> None:
    run = save(store, item("1", due=date(2026, 10, 1), releases=("r1",)))
    store.replace_links(["jira:1"], [], [Need("jira:1", "ELSEWHERE")])
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_2)
    with store.view() as view:
        (node,) = view.spine()
    assert (node.id, node.due, node.releases) == ("jira:1", date(2026, 10, 1), ("jira:r1",))


def test_nodes_of_the_same_day_and_releases_share_them(store: Store) -> None:
    """What memory the spine takes is what makes large plans possible."""
    alike = {"due": date(2026, 10, 1), "releases": ("r1", "r2")}
    save(store, item("1", **alike), item("2", **alike))
    store.replace_links(["jira:1", "jira:2"], [], [Need("jira:1", "X"), Need("jira:2", "X")])
    with store.view() as view:
        one, two = view.spine()
    assert one.due is two.due
    assert one.releases is two.releases
