"""Which headers usually stand for which field, in English and German: for suggestions only, never for reading."""

from collections.abc import Mapping
from functools import cache

from connectors.spreadsheet.fields import FIELDS, RowKind
from connectors.spreadsheet.header_texts import header_name, names_without_unit

_KEY = "id|key|no|nr|number|nummer|ref|reference|measure no|measure id|initiative id|maßnahme-nr|maßnahmen-nr|lfd. nr"
_TITLE = "title|name|initiative|measure|description|bezeichnung|titel|maßnahme|beschreibung|task|milestone|meilenstein"
_OWNER = "owner|responsible|lead|assignee|verantwortlich|verantwortlicher|verantwortliche|verantw|zuständig|bearbeiter"
_NEEDS = "depends on|prerequisite|predecessor|enabler|abhängig von|voraussetzung|vorgänger"

WORDS: Mapping[str, str] = {
    "key": _KEY,
    "title": _TITLE,
    "owner": _OWNER,
    "url": "url|link",
    "currency": "currency|währung",
    "planned_start": "start|start date|planned start|effective from|beginn|startdatum|geplanter start|wirksam ab",
    "run_rate": "run-rate|run rate|annual savings|savings p.a|yearly effect|jahreseffekt|einsparung p.a",
    "baseline": "baseline|ausgangswert|basis",
    "one_time_cost": "one-time cost|one-time costs|one-off cost|einmalkosten|einmalaufwand|investment",
    "light": "rag|rag status|light|status light|traffic light|ampel|statusampel|status-ampel",
    "stage_gate": "stage|stage gate|degree of implementation|härtegrad|reifegrad|umsetzungsgrad",
    "controller": "controller|controlling",
    "enabler": _NEEDS,
    "type": "type|typ|art",
    "status": "status|state|bearbeitungsstand",
    "resolution": "resolution|ergebnis",
    "start": "start|start date|beginn|startdatum",
    "due": "due|due date|deadline|target date|fällig|fällig am|termin|zieltermin",
    "finished": "finished|completed|completed on|done on|erledigt am|abgeschlossen am",
    "parent": "parent|part of|teil von|übergeordnet",
    "needs": _NEEDS,
    "labels": "labels|tags|schlagworte",
    "estimate": "estimate|effort|aufwand",
    "remaining": "remaining|restaufwand",
    "priority": "priority|prio|priorität",
    "blocked_since": "blocked since|blockiert seit",
    "blocked_reason": "blocked by|blocked because|blockiert durch|grund",
    "metric": "metric|kpi|kennzahl",
    "value": "value|actual|wert|ist",
    "target": "target|ziel|soll|zielwert",
    "unit": "unit|einheit",
    "period": "period|month|zeitraum|monat",
    "reporter": "reporter|reported by|gemeldet von",
}
"""Field name to the words that people write above it."""

SERIES_WORDS: Mapping[str, str] = {
    "plan": "plan|planned|budget|soll",
    "forecast": "forecast|fc|outlook|prognose|erwartung|vorschau",
    "actual": "actual|actuals|realised|ist|realisiert",
}
"""Series of months to the words above them."""


def field_for(header: str, kind: RowKind) -> str | None:
    """The field that a header by all appearances fills in a row of that kind."""
    whole = {name.rstrip(".:") for name in (header_name(header), *names_without_unit([header]))}
    first = {name.split()[0].rstrip(".:") for name in whole if name}
    for names in (whole, first):
        for name in FIELDS[kind]:
            if names & _folded(WORDS.get(name, "")):
                return name
    return None


def series_for(word: str) -> str | None:
    """The series that a word above or beside months names."""
    folded = header_name(word).rstrip(".:")
    return next((series for series, words in SERIES_WORDS.items() if folded in _folded(words)), None)


@cache
def _folded(words: str) -> frozenset[str]:
    return frozenset(header_name(word).rstrip(".:") for word in words.split("|"))
