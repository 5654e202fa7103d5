"""What objectives files and rule files may contain. The JSON Schemas for editors are generated from these models."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from mapping.lookup_schema import LookupTable
from mapping.notation import (
    Amount,
    Currency,
    Day,
    DayOrToday,
    FieldTexts,
    Lag,
    Line,
    MoneyText,
    MonthText,
    NeedLag,
    OneOrMany,
    Text,
    Texts,
    not_empty,
)
from model.calendars import DEFAULT_CALENDAR, EVERY_DAY
from model.links import Role
from model.objectives import Level, StageGate
from model.options import Options
from model.records import Light, RecordKind


class BaselineEntry(Options):
    """A target date that was approved."""

    target: Day
    """The approved date."""
    approved_by: Line | None = None
    """Who approved it."""
    approved_on: Day | None = None
    """When it was approved."""


class ToleranceEntry(Options):
    """How much variance the owner may absorb alone."""

    days: Annotated[int, Field(ge=0, strict=True)] = 0
    """Calendar days; 0 means that one day late is late."""
    amount: MoneyText | None = None
    """Money, as 50000 EUR."""
    percent: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    """Percent of the planned value."""


class ValueEntry(Options):
    """Money that an objective is to bring in one account."""

    account: Line
    """What is counted: EBITDA, revenue, cash."""
    currency: Currency
    """The ISO code of the amounts, as EUR."""
    plan: dict[MonthText, Decimal] = Field(default_factory=dict)
    """Amounts by month, as 2026-10: 310000."""
    validated_by: Line | None = None
    """The controller who confirmed the plan."""


class DecisionRightsEntry(Options):
    """Who may decide what. What is left out is taken from the nearest objective above."""

    within_tolerance: Line | None = None
    """Who decides while the variance is inside the tolerance."""
    beyond: Line | None = None
    """Who decides beyond the tolerance."""
    across_measures: Line | None = None
    """Who decides between measures that compete."""
    stop: Line | None = None
    """Who may stop the objective."""


class NeedTerms(Options):
    """How long after what comes first, and who looks after it."""

    lag: NeedLag | None = None
    """Days that must lie between the two, as 14d or 2w, or working days, as 10 working days."""
    calendar: Line | None = None
    """By which of the settings' calendars working days count; left out: ``default``, or Monday to Friday."""
    owner: Line | None = None
    """Who looks after this need and answers for the hand-over."""

    @property
    def lag_days(self) -> int:
        return self.lag.days if self.lag else 0

    @property
    def counts_by(self) -> str:
        """The calendar that the lag counts by."""
        return (self.calendar or DEFAULT_CALENDAR) if self.lag and self.lag.working else EVERY_DAY


class ObjectiveNeedEntry(NeedTerms):
    """Something that must be finished before the objective can be."""

    after: Text
    """What comes first: a record's key, a release's name or another objective's id."""


class ObjectiveEntry(Options):
    """One objective: an organization, portfolio, program, project, measure package or measure."""

    id: Text
    """A short name that never changes; rules refer to it."""
    level: Level
    """Where it stands in the tree. Any level may be missing between it and its parent."""
    name: Line
    """What people call it."""
    parent: Text | None = None
    """The id of the objective above; left out at the top."""
    intent: Line | None = None
    """What it is for, in one line."""
    owner: Line | None = None
    """The one person who answers for delivery."""
    sponsor: Line | None = None
    """Who holds the authority over it."""
    controller: Line | None = None
    """Who confirms its value."""
    business_unit: Line | None = None
    """The business unit it belongs to."""
    function: Line | None = None
    """The function it belongs to: IT, Sales, Operations."""
    legal_entity: Line | None = None
    """The company it belongs to."""
    steering_committee: Line | None = None
    """The committee that it reports to."""
    stage_gate: StageGate | None = None
    """How far it has come."""
    stage_reason: Line | None = None
    """Why it is on hold or cancelled."""
    target: Day | None = None
    """When it must be reached."""
    baselines: tuple[BaselineEntry, ...] = ()
    """Approved target dates, the original first, the one in force last."""
    tolerance: ToleranceEntry = ToleranceEntry()
    """How much variance is tolerated; none when it is left out."""
    values: tuple[ValueEntry, ...] = ()
    """Money that it is to bring, by account and month."""
    budget: MoneyText | None = None
    """Money that it may cost, as 900000 EUR."""
    decision_rights: DecisionRightsEntry = DecisionRightsEntry()
    """Who may decide what."""
    needs: tuple[ObjectiveNeedEntry, ...] = ()
    """What must be finished before it can be."""
    review: Day | None = None
    """When it is looked at next."""
    assumption: Line | None = None
    """What must stay true for it to make sense."""
    implementation: Light | None = None
    """The light that people report for the work."""
    potential: Light | None = None
    """The light that people report for the value."""


class ObjectivesFile(Options):
    """An objectives file of Driftline."""

    version: Literal[1, 2] = 1
    """The version of the file's format; 2 is today's. An older file is read as it was meant."""
    objectives: tuple[ObjectiveEntry, ...]
    """The objectives; a file may refer to objectives of other files."""


class ComparisonEntry(Options):
    """What a number or a date must be. All words must hold; a field that says nothing meets none but ``known``."""

    above: Amount | None = None
    """A number that it is greater than, as 3, or money, as 250000 EUR; a bare number compares any currency."""
    at_least: Amount | None = None
    """A number that it is equal to or greater than."""
    below: Amount | None = None
    """A number that it is less than."""
    at_most: Amount | None = None
    """A number that it is equal to or less than."""
    before: DayOrToday | None = None
    """A day that it lies before, as 2026-12-31, today or today + 30d."""
    until: DayOrToday | None = None
    """The last day on which it may lie."""
    after: DayOrToday | None = None
    """A day that it lies after."""
    since: DayOrToday | None = None
    """The first day on which it may lie."""
    within: Lag | None = None
    """It lies between today and so many days on, as 30d or 4w."""
    last: Lag | None = None
    """It lies between so many days back and today."""
    known: bool | None = None
    """true: the field says something, whatever it is; false: it is blank."""


def _how_written(value: Any) -> str:
    return "comparison" if isinstance(value, (dict, ComparisonEntry)) else "values"


FieldCondition = Annotated[
    Annotated[FieldTexts, Tag("values")] | Annotated[ComparisonEntry, Tag("comparison")], Discriminator(_how_written)
]
"""Values, of which the field must have one, or a comparison."""


Groups = Annotated[
    tuple["MatchEntry", ...], BeforeValidator(not_empty), Field(json_schema_extra={"type": "array", "minItems": 1})
]
"""Groups of conditions; a list, so that nobody wonders whether two conditions of one group stand together."""


class MatchEntry(Options):
    """Which records a rule is about. All conditions must hold; a list holds when any of its values does.

    What a record does not say matches neither a condition nor its opposite.
    """

    kind: Annotated[tuple[RecordKind, ...], OneOrMany()] = ()
    """The kind of record."""
    key: Texts = ()
    """The key that people say, as AUR-1; former keys count."""
    container: Texts = ()
    """The project, object or sheet."""
    type: Texts = ()
    """The type of work item, as Epic."""
    status: Texts = ()
    """The status of a work item."""
    label: Texts = ()
    """A label of a work item."""
    component: Texts = ()
    """A component of a work item."""
    release: Texts = ()
    """A release of a work item, by name."""
    sprint: Texts = ()
    """The sprint of a work item, by name."""
    parent: Texts = ()
    """The key of a work item above, at any depth."""
    owner: Texts = ()
    """The person the record is assigned to."""
    title: Texts = ()
    """A pattern for the whole title: * stands for any text, ? for one character; case does not count."""
    fields: dict[Line, FieldCondition] = Field(default_factory=dict)
    """Further fields of the record, built-in or custom, by name, with the value they must have or a comparison."""
    where: Line | None = None
    """An expression for what the conditions cannot say, as: due < today + 30d and labels contains 'erp'."""
    all: Groups = ()
    """Groups of conditions, each of which must hold."""
    any: Groups = ()
    """Groups of conditions, at least one of which must hold. All conditions of one group stand together."""
    none: Groups = ()
    """Groups of conditions, none of which may hold. Each must be known not to hold: a blank field is not enough."""


class RuleNeedEntry(NeedTerms):
    """What must be finished before a matched record can be kept. Either ``field`` or ``after``."""

    field: Line | None = None
    """A field of the record, built-in or custom, that names a key, a release or an objective; several with commas."""
    after: Text | None = None
    """A fixed key, release name or objective id that comes first."""


class ObjectiveFrom(Options):
    """Where the objective of a matched record comes from. One of ``field``, ``lookup`` with ``by``, or ``parent``."""

    field: Line | None = None
    """A field that bears the objective's id, or an address that ends in it; several with commas."""
    lookup: Line | None = None
    """A table under ``lookups:`` of any rule file, from values to objectives."""
    by: Line | None = None
    """What is looked up in the table: a condition, as label or container, or a field."""
    parent: Literal[True] | None = None
    """The objective of the nearest work item above that a rule of its own links in the same role."""


def _objective_written(value: Any) -> str:
    return "from" if isinstance(value, (dict, ObjectiveFrom)) else "ids"


ObjectiveSaid = Annotated[
    Annotated[Texts, Tag("ids")] | Annotated[ObjectiveFrom, Tag("from")], Discriminator(_objective_written)
]
"""The id of an objective, several ids, or where it comes from."""
Weight = Annotated[Decimal, Field(gt=0, le=1)]
"""A share, above 0 and up to 1."""


class RuleDefaults(Options):
    """What the rules of a file have in common. A rule has all of it, except for the keys that it states itself.

    ``match`` and the ``fields`` in it are joined condition by condition: a rule's own condition takes the place of the
    default of the same name and stands beside the others.
    """

    role: Role | None = None
    """What a matched record is to the objective."""
    objective: ObjectiveSaid | None = None
    """The id of the objective, several ids, or where it comes from."""
    match: MatchEntry = Field(default_factory=MatchEntry)
    """Conditions that every rule has."""
    source: Texts = ()
    """Only records of these sources."""
    weight: Weight = Decimal(1)
    """The share of the record that counts for the objective, above 0 and up to 1."""
    needs: tuple[RuleNeedEntry, ...] = ()
    """What a matched record waits for."""


_LEFT_TO_DEFAULTS = ("role", "objective", "match")
"""Keys that each rule needs, from itself or from the file's defaults."""


def _only_the_name_is_required(schema: dict[str, Any]) -> None:
    schema["required"] = ["name"]


def _required_unless_default(schema: dict[str, Any]) -> None:
    """Ask for a key in every rule of a file whose defaults do not have it."""
    schema["allOf"] = [
        {
            "if": {"not": {"required": ["defaults"], "properties": {"defaults": {"required": [key]}}}},
            "then": {"properties": {"rules": {"items": {"required": [key]}}}},
        }
        for key in _LEFT_TO_DEFAULTS
    ]


class RuleEntry(Options):
    """One rule: the records it matches serve an objective in a role."""

    model_config = ConfigDict(json_schema_extra=_only_the_name_is_required)

    name: Line
    """A unique name; it is shown wherever a link is explained."""
    role: Role
    """What a matched record is to the objective."""
    objective: ObjectiveSaid
    """The id of the objective, several ids, or where it comes from."""
    match: MatchEntry
    """Which records the rule is about."""
    source: Texts = ()
    """Only records of these sources."""
    weight: Weight = Decimal(1)
    """The share of the record that counts for the objective, above 0 and up to 1."""
    needs: tuple[RuleNeedEntry, ...] = ()
    """What a matched record waits for."""


class RulesFile(Options):
    """A rule file of Driftline: which records serve which objectives.

    Several files make one mapping. The most specific rule wins per record and role: it names the key, or asks for a
    field, or for a pattern of the title, or only for the place. Among equally specific rules the file with the higher
    ``priority`` wins. Within one priority more conditions win, then the file that is named first under ``mapping:`` of
    the settings (files of one pattern by their paths), then the rule that stands first; such a win is reported.
    Names of rules and tables are unique across all files.
    """

    model_config = ConfigDict(json_schema_extra=_required_unless_default)

    version: Literal[1, 2] = 1
    """The version of the file's format; 2 is today's. An older file is read as it was meant."""
    priority: Annotated[int, Field(ge=-1000, le=1000, strict=True)] = 0
    """Which file wins among equally specific rules: the one with the higher number, and nothing is ambiguous then."""
    defaults: RuleDefaults = Field(default_factory=RuleDefaults)
    """What the rules of this file have in common; a rule says otherwise by stating the key itself."""
    lookups: dict[Line, LookupTable] = Field(default_factory=dict)
    """Tables by name, from a value to the objective or objectives that it stands for, or where a workbook has them."""
    rules: tuple[RuleEntry, ...]
    """The rules. The most specific one wins per record and role; equally specific ones by priority, then in order."""
