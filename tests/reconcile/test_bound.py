"""What could be left out of a release so that a promise is kept: found without looking through all of it each time."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from reconcile.bound import MOST_LEAVES, Bounds, Input, plain
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.world import World

DAY = date(2026, 11, 2)
RELEASE = Forecast("jira:R1", ForecastState.DATED, DAY, Because.CHILD)
INPUTS = st.lists(
    st.builds(
        Input,
        node=st.sampled_from([f"{kind}jira:{number}" for kind in ("", "work ") for number in range(9)]),
        day=st.integers(-5, 5).map(lambda days: DAY + timedelta(days)),
        below=st.booleans(),
        alone=st.sampled_from([False, False, False, True]),
    ),
    max_size=14,
)


class Holding(Bounds):
    """Bounds of which a test says what a node is the latest of; it counts how often that is asked."""

    __slots__ = ("asked", "given")

    def __init__(self, inputs: Sequence[Input]) -> None:
        super().__init__(cast(World, None))
        self.given, self.asked = inputs, 0

    def inputs(self, forecast: Forecast) -> Sequence[Input]:
        self.asked += 1
        return self.given


def all_looked_through(inputs: Sequence[Input], day: date) -> tuple[set[str], date | None]:
    """The same by its definition."""
    late = {plain(each.node) for each in inputs if each.below and each.day > day}
    unsure = any(each.alone and each.day > day for each in inputs)
    if unsure or len(late) >= MOST_LEAVES:
        return set(), None
    return late, max((each.day for each in inputs if plain(each.node) not in late), default=None)


@given(INPUTS)
def test_what_comes_late_is_what_looking_through_everything_finds(inputs: list[Input]) -> None:
    late, kept = Holding(inputs).late_below(RELEASE, DAY)
    assert (set(late), kept) == all_looked_through(inputs, DAY)
    assert len(late) == len(set(late))


def test_a_release_that_many_promises_rest_on_is_looked_through_once() -> None:
    """S13."""
    inputs = [Input(f"jira:{number}", DAY + timedelta(number % 30), below=True) for number in range(1_000)]
    bounds = Holding(inputs)
    for number in range(100):
        bounds.late_below(RELEASE, DAY + timedelta(number))
    assert bounds.asked == 1
