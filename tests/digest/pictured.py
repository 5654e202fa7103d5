"""An edition with everything that an option adds: pictures, a triage with its entry and paper, the workbook."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from digest.base import Edition, News
from digest.brief import sort_edition
from digest.meetings.triage import planned
from model.findings import DecisionOption, OptionKind, Slip, Transition, TransitionKind, Triage
from model.records import Move
from tests.digest.editions import NOW, aurora, edition, erp, opened, tracked

OPTIONS = (
    DecisionOption(kind=OptionKind.MOVE_PROMISE, says="Move the promise to 16 Nov 2026", acts="Dana Petrov", days=47),
    DecisionOption(kind=OptionKind.BRING_FORWARD, says="Bring AUR-118 forward by 47 days", acts="Ben Kuhn", days=47),
)


def triage() -> Edition:
    """Aurora slipped beyond the trigger, after it had moved twice before, and money came to be at risk week by week."""
    over = Triage(Slip.SCHEDULE, Decimal("18.4"))
    found = [*(replace(each, triage=over, options=OPTIONS) for each in aurora()), *erp()]
    days = (date(2026, 8, 31), date(2026, 9, 15), date(2026, 9, 30), date(2026, 11, 16))
    moves = tuple(
        Move("due", days[number], days[number + 1], NOW - timedelta(days=ago)) for number, ago in enumerate((97, 40, 1))
    )
    given = edition([*map(opened, found)], triage={"weekday": "tue"}, workbook=True)
    given = replace(given, moves={"jira:10118": moves}, organizer="driftline@acme.example")
    given = replace(given, past=tuple(_opened(number) for number in range(len(found))))
    return replace(given, meeting=planned(sort_edition(given), None))


def _opened(number: int) -> News:
    life = tracked([*aurora(), *erp()][number])
    at = NOW - timedelta(days=80 - 7 * number)
    step = Transition(
        fingerprint=life.fingerprint, kind=TransitionKind.OPENED, at=at, after=life.finding.impact, reason="found"
    )
    return News(life, (step,))
