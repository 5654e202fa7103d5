"""I18: the same metric, two values beyond tolerance after the closing offset, classified where the facts allow it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Measurement
from reconcile.checks.conflicting_number import ConflictingNumber, ConflictingNumberOptions
from reconcile.engine import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.pasts import september, was
from tests.reconcile.world import TODAY, Stored

OPS, SALES = "kpis:OPS", "sales:SALES"


def objective(id_: str = "O", **more: Any) -> Objective:
    return Objective(id=id_, name=f"Delivery {id_}", level=Level.MEASURE, owner="Lena", sponsor="Martin", **more)


def reading(source: str, key: str, value: str | None, **more: Any) -> Measurement:
    fields = {"metric": "On-time delivery", "unit": "%", "period": "2026-08", **more}
    number = Decimal(value) if value is not None else None
    return Measurement(source=source, native_id=key, key=key, title=key, value=number, **fields)


def example_world() -> Stored:
    """91 % in operations and 95.5 % in sales: 4.5 of 95.5 are 4.7 % apart."""
    stored = Stored(objectives=[objective(controller="Renate")])
    stored.link(stored.add(reading("kpis", "OPS", "91")), "O", Role.MEASURES)
    stored.link(stored.add(reading("sales", "SALES", "95.5", reporter="Paul")), "O", Role.MEASURES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, *, today: date = TODAY, **options: Any) -> Judgement:
    own = {"conflicting_number": ConflictingNumberOptions(**options)}
    of_checks = ReconcileOptions().checks.model_copy(update=own)
    return stored.judge(
        today=today,
        options=ReconcileOptions(checks=of_checks),
        with_checks={"conflicting-number": ConflictingNumber()},
    )


def found(stored: Stored, *, today: date = TODAY, **options: Any) -> list[Finding]:
    return list(judge(stored, today=today, **options).findings)


def why(stored: Stored, **options: Any) -> str:
    """What stands in brackets behind the difference."""
    (finding,) = found(stored, **options)
    return finding.title.partition(" % apart")[2].strip(" ()")


def test_two_values_of_one_metric_and_period_are_found(stored: Stored) -> None:
    (finding,) = found(stored)

    assert finding.subjects == ("objective:O", "kpis:OPS")
    assert finding.title == (
        "On-time delivery of Delivery O for 2026-08 is 91 % in kpis OPS and 95.5 % in sales SALES, 4.7 % apart"
    )
    assert finding.forecast is not None
    assert finding.forecast.says == "says 95.5 %, reported by Paul"
    assert finding.advice == "Let Renate say which figure is valid and why they differ."
    assert (finding.owner, finding.decider, finding.severity) == ("Lena", "Renate", Severity.MINOR)
    assert (finding.sources, finding.upkeep) == (("kpis", "sales"), False)
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("OPS", "value", "91 %"),
        ("OPS", "period", "2026-08"),
        ("SALES", "value", "95.5 %"),
        ("SALES", "period", "2026-08"),
    ]


def test_until_ten_days_after_the_period_figures_are_provisional(stored: Stored) -> None:
    assert found(stored, today=september(10)) == []
    assert len(found(stored, today=september(11))) == 1
    assert found(stored, today=september(11), closing_days=11) == []


def test_up_to_one_percent_of_the_larger_they_agree(stored: Stored) -> None:
    """1 % of 1,000 is 10."""
    stored.change(SALES, value=Decimal(1000), unit="")
    for value, told in ((990, 0), (989, 1)):
        stored.change(OPS, value=Decimal(value), unit="")
        assert len(found(stored)) == told
    assert found(stored, tolerance_percent=Decimal(2)) == []
    assert found(stored, tolerance_value=Decimal(11)) == []


def test_a_figure_that_is_the_other_one_rounded_agrees(stored: Stored) -> None:
    stored.change(OPS, value=Decimal("4.4"))
    stored.change(SALES, value=Decimal(4))
    assert found(stored) == []
    stored.change(OPS, value=Decimal("4.6"))
    assert len(found(stored)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"period": "2026-07"},
        {"metric": "Delivery in full"},
        {"metric": ""},
        {"value": None},
        {"period": "Q3 FY26"},
    ],
)
def test_another_period_or_metric_and_a_blank_are_no_conflict(stored: Stored, fields: dict[str, Any]) -> None:
    stored.change(SALES, **fields)
    assert found(stored) == []


def test_one_period_may_be_written_in_two_ways(stored: Stored) -> None:
    stored.change(SALES, period="2026-08-01 to 2026-08-31", metric=" on-time  DELIVERY")
    assert len(found(stored)) == 1


def test_two_currencies_are_compared_at_the_rate_and_other_units_not_at_all(stored: Stored) -> None:
    """USD 1,000 at 0.9 are EUR 900."""
    stored.change(OPS, value=Decimal(900), unit="EUR")
    stored.change(SALES, value=Decimal(1000), unit="USD")
    assert found(stored) == []
    stored.change(OPS, value=Decimal(1000), unit="EUR")
    assert "is USD 1,000 in sales SALES and EUR 1,000 in kpis OPS, 10.0 % apart" in found(stored)[0].title
    stored.change(SALES, unit="pieces")
    judgement = judge(stored)
    assert judgement.findings == ()
    assert list(judgement.unjudged.values()) == ["On-time delivery is told in EUR and pieces, which cannot be compared"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("91000", "error: one is 1,000 times the other"),
        ("-91", "error: one has the other sign"),
        ("0.91", "error: one is 100 times the other"),
        ("95.5", ""),
    ],
)
def test_a_factor_or_a_sign_is_an_error(stored: Stored, value: str, says: str) -> None:
    stored.change(SALES, value=Decimal(value))
    assert why(stored) == says


def test_what_the_other_one_showed_earlier_is_timing(stored: Stored) -> None:
    was(stored, OPS, "value", (september(1), Decimal("95.5")), (september(9), Decimal(91)))
    assert why(stored) == "timing: kpis OPS showed 95.5 % until 9 Sep 2026"


def test_a_figure_from_before_the_closing_is_timing(stored: Stored) -> None:
    stored.change(OPS, changed=datetime(2026, 9, 3, tzinfo=UTC))
    stored.change(SALES, changed=datetime(2026, 9, 12, tzinfo=UTC))
    assert why(stored) == "timing: kpis OPS was last changed on 3 Sep 2026, before figures closed on 10 Sep 2026"
    stored.change(SALES, changed=datetime(2026, 9, 10, tzinfo=UTC))
    assert why(stored) == ""


def test_what_covers_something_else_is_scope(stored: Stored) -> None:
    stored.change(OPS, custom={"region": "Europe"})
    stored.change(SALES, custom={"region": "World"})
    assert why(stored) == ""
    assert why(stored, scope_fields=("region",)) == "scope: region is Europe in kpis OPS and World in sales SALES"
    stored.objectives.append(objective("P"))
    stored.link(OPS, "P", Role.MEASURES)
    assert why(stored) == "scope: kpis OPS tells of P as well"


def test_another_target_unit_or_wording_is_definition(stored: Stored) -> None:
    stored.change(OPS, target=Decimal(96))
    stored.change(SALES, target=Decimal(98))
    assert why(stored) == "definition: the targets differ, 96 % and 98 %"
    stored.change(SALES, target=None, unit="")
    assert why(stored) == "definition: sales SALES names no unit"
    stored.change(SALES, unit="%", custom={"definition": "first date"})
    stored.change(OPS, custom={"definition": "last date"})
    told = "definition: definition is last date in kpis OPS and first date in sales SALES"
    assert why(stored, definition_field="definition") == told


def test_two_figures_that_serve_two_objectives_are_told_once(stored: Stored) -> None:
    stored.objectives.insert(0, objective("P"))
    for node in (OPS, SALES):
        stored.link(node, "P", Role.MEASURES)
    assert [each.subjects for each in found(stored)] == [("objective:O", OPS)]


def test_of_three_the_two_farthest_apart_are_shown(stored: Stored) -> None:
    stored.link(stored.add(reading("board", "ALL", "80")), "O", Role.REPORTS)
    (finding,) = found(stored)
    assert finding.subjects == ("objective:O", "board:ALL")
    assert "is 80 % in board ALL and 95.5 % in sales SALES, 16.2 % apart" in finding.title


def test_an_objective_at_rest_is_not_judged(stored: Stored) -> None:
    stored.objectives = [objective(stage_gate=StageGate.CANCELLED)]
    assert found(stored) == []


def test_while_a_figure_is_out_of_sight_or_its_source_is_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(SALES, Absence.UNOBSERVED)
    assert judge(stored).findings == ()
    assert judge(stored).unjudged[finding.fingerprint] == "SALES was not seen in the last reading"

    stored = example_world()
    stored.change(SALES, value=Decimal(91))
    stored.cover("sales", complete=False)
    hold = judge(stored).hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: sales")


def test_a_source_without_metric_or_period_is_blind(stored: Stored) -> None:
    assert judge(stored).blind == {}
    stored.change(SALES, period="soon")
    assert [(each.reason, each.sources) for each in judge(stored).blind["conflicting-number"]] == [
        ("no measurement of sales has a metric and a period that can be read", ("sales",))
    ]


def test_the_order_of_what_is_stored_changes_nothing(stored: Stored) -> None:
    assert found(stored.shuffled(lambda each: list(reversed(each)))) == found(stored)


def test_the_reason_of_a_resolution_says_what_changed(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(SALES, value=Decimal(91))
    told = "the figures of On-time delivery for 2026-08 agree within the tolerance"
    assert judge(stored).gone_because(finding) == told
    stored.remove(OPS)
    assert judge(stored).gone_because(finding) == "OPS is not told any more"
