"""What files with custom checks may contain. The JSON Schema for editors is generated from these models."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from mapping.facts import number_text
from mapping.notation import Currency, Day, FieldTexts, Lag, Line, MoneyText, MonthText, Text, Texts
from mapping.schema import ObjectiveEntry
from model.findings import Account, Severity
from model.objectives import Level
from model.options import Options
from model.records import Light, Outcome, StatusCategory
from reconcile.custom.claims import CLAIMS, FIELDS, ONLY, has_extra_fields
from reconcile.custom.definition import Relation, Subject

NAME_PATTERN = r"^(?=.{1,60}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$"

_FIXED = r"^(\d{4}-\d{2}-\d{2}|today( ?[+-] ?\d{1,4}[dw])?|-?\d{1,15}(\.\d{1,4})? ?[A-Z]{3}|green|yellow|red)$"
_VALUE = r"^value\([^()]+\)$"


def _plain_number(value: Any) -> Any:
    """A number may stand for itself; everything else is left as it is."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(Decimal(str(value)))
    return value


Said = Annotated[Line, BeforeValidator(_plain_number), WithJsonSchema({"type": ["string", "number"], "minLength": 1})]
"""The name of a claim or a fixed value."""
SeverityName = Literal["notice", "minor", "major", "critical"]
SEVERITIES = {each.label: each for each in Severity}
ExtraField = str | int | float | bool


class ExampleRecord(Options):
    """What every record of an example has."""

    key: Text
    """What people call it; others name it by this."""
    title: Line | None = None
    """Its title; left out: its key."""
    source: Text = "example"
    """The name of the source that tells it."""
    owner: Line | None = None
    """Who it is assigned to."""
    container: Line = "-"
    """The project, object or sheet."""
    serves: Texts = ()
    """The ids of the objectives that it serves, in the role of its kind."""
    after: Texts = ()
    """What must be finished before it, by key or by the id of an objective."""
    fields: dict[Line, ExtraField] = Field(default_factory=dict)
    """Its extra fields by name; a day is written as 2026-09-30."""


class ExampleDeal(ExampleRecord):
    """A deal of an example."""

    kind: Literal["deal"]
    """What it is."""
    stage: Line = "-"
    """The stage in the CRM."""
    outcome: Outcome = Outcome.OPEN
    """What became of it."""
    amount: MoneyText | None = None
    """Its amount, as 250000 EUR."""
    probability: Annotated[Decimal, Field(ge=0, le=1)] | None = None
    """Its probability, between 0 and 1."""
    close_date: Day | None = None
    """The day on which it is to be closed."""
    promised_date: Day | None = None
    """The day for which something was promised."""
    promised: Text | None = None
    """What was promised: a key, a release or an objective; it waits for that."""
    account: Line | None = None
    """The customer."""


class ExampleSaving(ExampleRecord):
    """A saving of an example."""

    kind: Literal["saving"]
    """What it is."""
    currency: Currency = "EUR"
    """The ISO code of its amounts."""
    planned_start: Day | None = None
    """The day from which it is planned."""
    plan: dict[MonthText, Decimal] = Field(default_factory=dict)
    """Planned amounts by month."""
    forecast: dict[MonthText, Decimal] = Field(default_factory=dict)
    """Expected amounts by month."""
    actual: dict[MonthText, Decimal] = Field(default_factory=dict)
    """Booked amounts by month."""
    run_rate: MoneyText | None = None
    """The yearly amount."""
    baseline: Decimal | None = None
    """The baseline."""
    one_time_cost: Decimal | None = None
    """The one-time cost."""
    light: Light | None = None
    """The reported light."""
    stage_gate: Line | None = None
    """How far it has come."""
    controller: Line | None = None
    """Who confirms it."""
    enabler: Text | None = None
    """What it waits for, by key."""
    lag: Lag = 0
    """Days between the finish of the enabler and the start of the saving, as 14d."""


class ExampleMeasurement(ExampleRecord):
    """A measurement of an example."""

    kind: Literal["measurement"]
    """What it is."""
    metric: Line = "-"
    """What is measured."""
    value: Decimal | None = None
    """What was read."""
    target: Decimal | None = None
    """What is wanted."""
    unit: Line = "-"
    """The unit of both."""
    period: Line = "-"
    """The period that it is about."""
    reporter: Line | None = None
    """Who reports it."""


class ExampleRelease(ExampleRecord):
    """A release of an example; its key is its name."""

    kind: Literal["release"]
    """What it is."""
    start: Day | None = None
    """Its first day."""
    release_date: Day | None = None
    """The day that it is announced for."""
    released: bool = False
    """Whether it is out."""


class ExampleWorkItem(ExampleRecord):
    """A work item of an example."""

    kind: Literal["work_item"]
    """What it is."""
    category: StatusCategory = StatusCategory.TODO
    """What its status means."""
    start: Day | None = None
    """The planned first day."""
    due: Day | None = None
    """The due date."""
    finished: Day | None = None
    """The day on which it was done."""
    parent: Text | None = None
    """The key of the work item above."""
    releases: Texts = ()
    """The releases that it belongs to, by key."""


class ExampleObjective(ObjectiveEntry):
    """An objective of an example; only its id is needed."""

    level: Level = Level.MEASURE
    """Where it stands in the tree."""
    name: Line = "-"
    """What people call it; left out: its id."""


AnyRecord = Annotated[
    ExampleDeal | ExampleSaving | ExampleMeasurement | ExampleRelease | ExampleWorkItem, Field(discriminator="kind")
]
"""A record of an example, by its kind."""


class ExampleEntry(Options):
    """One example: a few records and objectives, and whether the check finds something in them."""

    name: Line
    """What it shows."""
    today: Day | None = None
    """The day of the run; left out: the first day of 2026."""
    records: tuple[AnyRecord, ...] = ()
    """The records, each with its kind and key."""
    objectives: tuple[ExampleObjective, ...] = ()
    """The objectives, each with its id."""
    finds: bool
    """Whether the check finds something."""
    text: Line | None = None
    """The text of one of its findings; only where it finds something."""


def _names_of_claims(schema: dict[str, Any]) -> None:
    """Offer an editor the claims and the choosing fields of what the check is about."""
    schema["allOf"] = [
        {
            "if": {"properties": {"about": {"const": subject.value}}, "required": ["about"]},
            "then": {"properties": {**_sides(subject), "only": {"propertyNames": _choosing(subject)}}},
        }
        for subject in Subject
    ]


def _sides(subject: Subject) -> dict[str, Any]:
    words: list[dict[str, Any]] = [{"enum": list(CLAIMS[subject])}, {"type": "number"}, {"pattern": _FIXED}]
    if subject is Subject.OBJECTIVE:
        words.append({"pattern": _VALUE})
    if has_extra_fields(subject):
        words.append({"pattern": f"^{FIELDS.replace('.', '[.]')}.+"})
    return {side: {"anyOf": words} for side in ("claim", "against")}


def _choosing(subject: Subject) -> dict[str, Any]:
    names: list[dict[str, Any]] = [{"enum": list(ONLY[subject])}]
    return {"anyOf": [*names, {"pattern": f"^{FIELDS.replace('.', '[.]')}.+"}] if has_extra_fields(subject) else names}


class CheckEntry(Options):
    """One custom check: a claim about each objective or record, and how it must lie to another one."""

    model_config = ConfigDict(json_schema_extra=_names_of_claims)

    name: Annotated[Line, WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
    """A unique name in lower case with hyphens; findings bear it as custom:NAME."""
    version: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1
    """Raised when the same facts mean something else: what was found before is then resolved, whatever was decided on
    it."""
    enabled: bool = True
    """Whether the check runs."""
    title: Line
    """What it looks for, in one line."""
    why: Line | None = None
    """Why it matters."""
    about: Subject
    """What is judged, one by one."""
    only: dict[Line, FieldTexts] = Field(default_factory=dict)
    """Only those whose field has one of the values: outcome: open. Lost deals and objectives at rest are left out
    unless outcome or stage_gate stands here."""
    claim: Said
    """What is looked at: a claim of what the check is about."""
    must_be: Relation
    """How it must lie to the other one."""
    against: Said
    """What it is compared with: a claim of the same type, or a value such as 2026-12-31, today + 30d, 250000 EUR, 3 or
    green."""
    tolerance: Said | None = None
    """By how much it may differ: 14d for days, 5000 EUR or 5 % for amounts, 2 or 5 % for numbers."""
    severity: SeverityName | None = None
    """How grave it is; left out: money and number decide, as for every check."""
    impact: Account | None = None
    """Which money hangs on it."""
    decider: Line = "beyond"
    """Who decides: owner, sponsor, controller, within_tolerance, beyond, across_measures, stop, or one person."""
    text: Line
    """What is told, with placeholders such as {key}, {claim}, {against} and {difference}."""
    advice: Line | None = None
    """One thing to do, with the same placeholders."""
    upkeep: bool = False
    """Whether it is about the state of the records: owners mend it, leaders only see a number."""
    examples: tuple[ExampleEntry, ...] = ()
    """Small worlds with what the check must find in them; driftline check runs them."""


class ChecksFile(Options):
    """A file of Driftline with checks that you define yourself. Names are unique across all files."""

    version: Literal[1] = 1
    """The version of the file's format."""
    checks: tuple[CheckEntry, ...]
    """The checks."""
