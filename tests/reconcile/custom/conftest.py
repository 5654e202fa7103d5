"""The stored world that most tests of custom checks begin from."""

import pytest

from model.objectives import DecisionRights, Level, Objective
from tests.reconcile.custom.defining import NOV_16, SEP_30
from tests.reconcile.world import Stored


@pytest.fixture
def stored() -> Stored:
    """A deal that is to be closed on 30 September, and the release it promises, which comes on 16 November."""
    world = Stored()
    world.objectives = [
        Objective(
            id="ORG", name="Acme", level=Level.ORGANIZATION, sponsor="Bob", decision_rights=DecisionRights(stop="Sue")
        ),
        Objective(id="M-1", name="Aurora", level=Level.MEASURE, parent="ORG", owner="Lea", target=SEP_30),
    ]
    world.release("R1", NOV_16)
    deal = world.deal("D-1", "R1", SEP_30, 480_000, close_date=SEP_30, owner="Sam")
    world.link(deal, "M-1")
    for source in ("jira", "salesforce"):
        world.cover(source)
    return world
