"""The order of the pass, and cycles that are named and survived."""

from hypothesis import given
from hypothesis import strategies as st

from reconcile.arrangement import arrange


def test_every_node_comes_after_what_it_waits_for():
    arranged = arrange({"deal": ["release"], "release": ["a", "b"], "a": ["b"], "b": []})

    assert arranged.order.index("b") < arranged.order.index("a") < arranged.order.index("release")
    assert arranged.cycles == ()


def test_a_cycle_is_named_by_its_smallest_node_and_one_way_around():
    arranged = arrange({"c": ["a"], "a": ["b"], "b": ["c"], "after": ["b"], "apart": []})

    assert [cycle.nodes for cycle in arranged.cycles] == [("a", "b", "c")]
    assert arranged.cycles[0].loop == ("a", "b", "c")
    assert set(arranged.order) == {"a", "b", "c", "after", "apart"}
    assert arranged.order.index("after") > arranged.order.index("b")


def test_a_node_that_waits_for_itself_is_a_cycle():
    assert arrange({"a": ["a"], "b": ["a"]}).cycles[0].loop == ("a",)


def test_what_lies_between_two_cycles_is_not_part_of_one():
    arranged = arrange({"a": ["b"], "b": ["a"], "between": ["a"], "x": ["y", "between"], "y": ["x"]})

    assert [cycle.nodes for cycle in arranged.cycles] == [("a", "b"), ("x", "y")]


def test_what_a_node_waits_for_outside_the_pass_does_not_hold_it_up():
    assert arrange({"a": ["finished"]}).order == ("a",)


def test_a_chain_of_twenty_thousand_nodes_and_a_ring_of_as_many_end():
    count = 20_000
    chain = {str(n): [str(n - 1)] if n else [] for n in range(count)}
    ring = {str(n): [str((n + 1) % count)] for n in range(count)}

    assert len(arrange(chain).order) == count
    assert len(arrange(ring).cycles[0].nodes) == count


graphs = st.integers(1, 12).flatmap(
    lambda count: st.dictionaries(
        st.integers(0, count - 1).map(str), st.lists(st.integers(0, count - 1).map(str), max_size=4), min_size=1
    )
)


@given(graphs)
def test_any_graph_is_arranged_completely_and_in_order_apart_from_its_cycles(graph):
    arranged = arrange(graph)

    assert sorted(arranged.order) == sorted(graph)
    group = {node: cycle.nodes for cycle in arranged.cycles for node in cycle.nodes}
    place = {node: position for position, node in enumerate(arranged.order)}
    for node, before in graph.items():
        for each in before:
            if each in graph and (node not in group or group.get(each) != group[node]):
                assert place[each] < place[node]
    for cycle in arranged.cycles:
        for node, following in zip(cycle.loop, (*cycle.loop[1:], cycle.loop[0]), strict=True):
            assert following in graph[node]
