"""Work that contains nothing takes a short way through the forward pass; it leads where the long one leads."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from model.network import DateSource
from model.objectives import ObjectiveTree
from reconcile.below import Below, contained
from reconcile.network import build
from reconcile.propagation import _DATES, _Pass
from tests.reconcile.world import ORDER, TODAY, Stored


@given(
    due=st.none() | st.integers(-30, 30).map(lambda days: TODAY + timedelta(days)),
    sprint_end=st.none() | st.integers(-30, 30).map(lambda days: TODAY + timedelta(days)),
)
def test_a_work_item_alone_is_forecast_as_one_that_contains_nothing(due: date | None, sprint_end: date | None) -> None:
    stored = Stored()
    if sprint_end is not None:
        stored.sprint("S-1", sprint_end)
    node = stored.work("A-1", due, sprint="S-1" if sprint_end else None)
    stored.need(node, "nothing")
    network = build(stored, ObjectiveTree(()), (), ORDER, TODAY)
    walk, item = _Pass(network, TODAY, {}), network.work[node]
    short, long = walk._by_own_date(item), contained(node, walk._own_dates(item), Below(), source=item.source)
    said = [
        (each.node, each.state, each.day, each.because, each.next, each.counts, each.sources) for each in (short, long)
    ]
    assert said[0] == said[1]


def test_every_date_source_of_work_itself_has_its_reason() -> None:
    assert _DATES.keys() == {DateSource.DUE, DateSource.SPRINT}
