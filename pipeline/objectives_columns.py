"""The columns of a workbook of objectives: what they are called in English and German, and in which order we write."""

from collections.abc import Mapping

from model.keys import normalise_key
from model.objectives import Level, StageGate


def _folded(words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {normalise_key(spelling): name for name, spellings in words.items() for spelling in spellings}


MAIN: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("ID", "No.", "No", "Nr.", "Nr", "Number", "Nummer", "Key", "Objective ID", "Measure ID", "Kennung"),
        *("Maßnahme-Nr.", "Maßnahmen-Nr.", "Maßnahmennummer", "Massnahme-Nr.", "Massnahmen-Nr.", "Ziel-Nr."),
    ),
    "level": ("Level", "Ebene", "Hierarchieebene", "Hierarchy level", "Stufe"),
    "name": (
        *("Name", "Title", "Titel", "Bezeichnung", "Objective", "Ziel", "Measure", "Maßnahme", "Massnahme"),
        *("Initiative", "Measure name", "Maßnahmenname"),
    ),
    "parent": (
        *("Parent", "Parent ID", "Above", "Belongs to", "Übergeordnet", "Übergeordnete Nr.", "Gehört zu", "Oberziel"),
        *("Parent objective", "Übergeordnetes Ziel"),
    ),
    "intent": ("Intent", "Purpose", "Absicht", "Zweck", "Zielsetzung"),
    "owner": ("Owner", "Responsible", "Measure owner", "Verantwortlich", "Verantwortlicher", "Verantwortliche"),
    "sponsor": ("Sponsor", "Sponsorin", "Auftraggeber", "Auftraggeberin"),
    "controller": ("Controller", "Controllerin", "Controlling"),
    "business_unit": ("Business unit", "BU", "Geschäftsbereich", "Bereich"),
    "function": ("Function", "Funktion"),
    "legal_entity": ("Legal entity", "Company", "Gesellschaft", "Rechtseinheit"),
    "steering_committee": ("Steering committee", "Lenkungsausschuss", "Lenkungskreis", "Gremium"),
    "stage_gate": (
        *("Stage gate", "Stage", "Gate", "Degree of implementation", "DoI", "Härtegrad", "Haertegrad"),
        *("Umsetzungsgrad", "Reifegrad"),
    ),
    "stage_reason": ("Stage reason", "Reason", "Grund", "Begründung"),
    "target": ("Target", "Target date", "Due", "Due date", "Zieltermin", "Termin", "Fällig", "Fällig am"),
    "tolerance.days": ("Tolerance days", "Tolerance in days", "Toleranz in Tagen", "Toleranz Tage"),
    "tolerance.amount": ("Tolerance amount", "Toleranz Betrag"),
    "tolerance.percent": ("Tolerance percent", "Tolerance %", "Toleranz %", "Toleranz Prozent"),
    "budget": ("Budget",),
    "decision_rights.within_tolerance": ("Decides within tolerance", "Entscheidet innerhalb der Toleranz"),
    "decision_rights.beyond": ("Decides beyond", "Decider", "Entscheidet darüber hinaus", "Entscheider"),
    "decision_rights.across_measures": ("Decides across measures", "Entscheidet zwischen Maßnahmen"),
    "decision_rights.stop": ("Decides stop", "May stop", "Entscheidet über Abbruch"),
    "review": ("Review", "Review date", "Überprüfung", "Nächste Überprüfung"),
    "assumption": ("Assumption", "Annahme"),
    "implementation": (
        *("Implementation", "Light of the work", "Implementation light", "Ampel Umsetzung", "Status Umsetzung"),
        *("RAG", "Ampel"),
    ),
    "potential": ("Potential", "Light of the value", "Potential light", "Ampel Potenzial", "Ampel Wirkung"),
    "account": ("Account", "Konto", "Wirkungsart", "Effect"),
    "currency": ("Currency", "Währung", "Waehrung"),
    "validated_by": ("Validated by", "Bestätigt von", "Bestätigt durch"),
}
"""Our names to the headers that are understood; the first is the one that we write."""
BASELINES = {
    "id": MAIN["id"],
    "target": MAIN["target"],
    "approved_by": ("Approved by", "Genehmigt von", "Freigegeben von"),
    "approved_on": ("Approved on", "Genehmigt am", "Freigegeben am"),
}
NEEDS = {
    "id": MAIN["id"],
    "after": ("Needs", "Depends on", "Waits for", "Braucht", "Abhängig von", "Wartet auf"),
    "lag": ("Lag days", "Lag in days", "Lag", "Puffer in Tagen", "Abstand in Tagen"),
    "owner": MAIN["owner"],
    "calendar": ("Calendar", "Kalender"),
}
VALUES = {name: MAIN[name] for name in ("id", "account", "currency", "validated_by")}
SHEETS = {
    "baselines": ("Baselines", "Basistermine", "Genehmigte Termine"),
    "needs": ("Needs", "Dependencies", "Abhängigkeiten"),
    "values": ("Values", "Werte", "Wirkungen"),
}
"""The sheets beside the one of the objectives, by their titles."""
COLUMNS_OF = {"baselines": BASELINES, "needs": NEEDS, "values": VALUES}

HEADERS = _folded(MAIN)
HEADERS_OF = {name: _folded(columns) for name, columns in COLUMNS_OF.items()}
SHEET_OF = _folded(SHEETS)

DAYS = frozenset({"target", "review", "approved_on"})
AMOUNTS_WITH_CURRENCY = frozenset({"budget", "tolerance.amount"})
NUMBERS = frozenset({"tolerance.days", "tolerance.percent", "lag"})
LIGHTS = frozenset({"implementation", "potential"})

LEVELS = _folded(
    {
        Level.ORGANIZATION: ("organization", "organisation", "company", "unternehmen", "konzern", "gruppe"),
        Level.PORTFOLIO: ("portfolio",),
        Level.PROGRAM: ("program", "programme", "programm"),
        Level.PROJECT: ("project", "projekt"),
        Level.MEASURE_PACKAGE: (
            *("measure package", "package", "measure_package", "maßnahmenpaket", "massnahmenpaket", "paket"),
        ),
        Level.MEASURE: ("measure", "maßnahme", "massnahme", "initiative"),
    }
)
STAGES = _folded(
    {
        StageGate.DEFINED: ("defined", "definiert"),
        StageGate.IDENTIFIED: ("identified", "identifiziert"),
        StageGate.DETAILED: ("detailed", "detailliert", "ausgeplant"),
        StageGate.DECIDED: ("decided", "approved", "entschieden", "beschlossen"),
        StageGate.IMPLEMENTED: ("implemented", "implementiert", "umgesetzt"),
        StageGate.CLOSED: ("closed", "abgeschlossen", "geschlossen"),
        StageGate.ON_HOLD: ("on hold", "on_hold", "pausiert", "ruht", "zurückgestellt"),
        StageGate.CANCELLED: ("cancelled", "canceled", "gestrichen", "abgebrochen", "eingestellt"),
    }
)
