"""How claims are compared and weighed. Every default is the one of the documented meaning of the numbers."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model, field_validator

from model.findings import OptionKind
from model.network import DateSource
from model.options import Options
from reconcile.check import Check, CheckOptions, OptionsT
from reconcile.checks import checks
from reconcile.flapping import FlappingOptions
from reconcile.metrics import MetricNames
from reconcile.throughput import ThroughputOptions

Amount = Annotated[Decimal, Field(ge=0)]


class SeverityOptions(Options):
    """From which money, nearness, number and age on a finding counts as how grave."""

    major_from: Amount = Decimal(100_000)
    """Money in the business currency from which a finding is major."""
    critical_from: Amount = Decimal(1_000_000)
    """Money in the business currency from which a finding is critical."""
    urgent_days: Annotated[int, Field(ge=0)] = 7
    """So many days before the last day of the decision, a finding counts one degree more."""
    many_records: Annotated[int, Field(ge=2)] = 10
    """A finding that hits so many records counts one degree more."""
    raise_after_days: tuple[Annotated[int, Field(ge=1)], ...] = (30, 90)
    """After so many days open, a finding counts one degree more, each time."""


class LeadDays(Options):
    """How many days it takes to carry out what was decided; an option closes so many days before it must be done."""

    move_promise: Annotated[int, Field(ge=0)] = 14
    """To tell a customer of another day, or to book a saving anew; the notice_days of a check go before it."""
    bring_forward: Annotated[int, Field(ge=0)] = 5
    """To bring work forward: people and priorities change."""
    cut_scope: Annotated[int, Field(ge=0)] = 5
    """To take work out of a release or a parent."""
    fund: Annotated[int, Field(ge=0)] = 14
    """To approve a budget and get it to those who need it."""

    def of(self, kind: OptionKind) -> int:
        """The lead time of an option; accepting and stopping need none."""
        days: int = getattr(self, kind.value, 0)
        return days


def _options_of_checks() -> type[Options]:
    """One field per installed check, under its own name."""
    fields: dict[str, Any] = {
        field_name(name): (check.options_type, Field(check.options_type(), alias=name, description=f"{check.title}."))
        for name, check in checks().items()
    }
    return create_model(
        "ChecksOptions", __base__=Options, __doc__="Each check by its name, with its own options.", **fields
    )


def field_name(check_name: str) -> str:
    return check_name.replace("-", "_")


if TYPE_CHECKING:

    class ChecksOptions(Options):
        """Each check by its name, with its own options."""
else:
    ChecksOptions = _options_of_checks()


class ReconcileOptions(Options):
    """How claims are compared and weighed."""

    date_order: tuple[DateSource, ...] = (DateSource.RELEASE, DateSource.DUE, DateSource.SPRINT)
    """Where a work item's own date comes from: the first of these that it has."""
    tolerance_days: Annotated[int, Field(ge=0)] = 0
    """How many days late still count as kept, for objectives that set no tolerance; the same day is always on time."""
    materiality_days: Annotated[int, Field(ge=1)] = 1
    """By how many days a finding must move to be told again."""
    materiality_percent: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    """By how many percent of its money a finding must move to be told again; the floor must be passed as well."""
    materiality_floor: Amount = Decimal(1_000)
    """By how much money, in the business currency, a finding must move to be told again."""
    recurring_field: Annotated[str | None, Field(examples=["recurring"])] = None
    """Which of the extra fields of a deal (fields: of its source) holds its yearly recurring amount, in the deal's
    currency. Deferred revenue and what a week of delay costs are calculated from it; without it they are unknown."""
    lead_days: LeadDays = LeadDays()
    """How long it takes to carry out each kind of decision."""
    severity: SeverityOptions = SeverityOptions()
    """From when on a finding counts as how grave."""
    flapping: FlappingOptions = FlappingOptions()
    """When a finding counts as one that comes and goes, so that it is told once and not each time."""
    incremental_up_to: Annotated[int, Field(ge=0)] = 5000
    """The daemon, or a worker, keeps in memory what it judged, and after at most so many changed records judges only
    what these can reach; 0 makes every run judge everything, and keeps nothing. The first run of each day, and one
    after any change of files or of what could be read, judges everything anyway; so does a worker when another one
    judged last."""
    silence_below_stopped: bool = True
    """Whether findings below an objective that is on hold or cancelled are kept, but not told. What is found about that
    objective itself and about promises to customers is always told."""
    approved_date_field: Annotated[str | None, Field(examples=["approved"])] = None
    """Which of the extra fields of work and releases (fields: of their source) holds the date that was approved last.
    Every day that it ever had is a baseline; baselines of objectives stand in the objectives file."""
    throughput: ThroughputOptions = ThroughputOptions()
    """How the pace of the last weeks is turned into a second forecast."""
    metrics: MetricNames = MetricNames()
    """Which measurements tell what an objective has spent, how far it is, and what it still costs and brings."""
    checks: ChecksOptions = ChecksOptions()
    """Each check by its name, with its own options."""

    @field_validator("date_order")
    @classmethod
    def _each_once(cls, value: tuple[DateSource, ...]) -> tuple[DateSource, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name at least one of release, due and sprint, and each of them once")
        return value

    def of(self, check: Check[OptionsT]) -> OptionsT:
        """The options of one check; its defaults when it was installed after this process began."""
        options = getattr(self.checks, field_name(check.name), None)
        return options if isinstance(options, check.options_type) else check.options_type()


__all__ = ["CheckOptions", "ChecksOptions", "LeadDays", "ReconcileOptions", "SeverityOptions"]
