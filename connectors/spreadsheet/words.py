"""Words that trackers use for lights and statuses, in English and German; a source can add its own."""

from collections.abc import Mapping
from typing import TypeVar

from model.keys import normalise_key
from model.records import Light, StatusCategory

Meaning = TypeVar("Meaning")


def fold_words(words: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """The same words, spelled the way they are compared."""
    return {normalise_key(word): meaning for word, meaning in words.items()}


def _by_word(groups: Mapping[Meaning, tuple[str, ...]]) -> dict[str, Meaning]:
    return fold_words({word: meaning for meaning, words in groups.items() for word in words})


LIGHTS: dict[str, Light] = _by_word(
    {
        Light.GREEN: ("green", "grün", "gruen", "g", "🟢", "on track"),
        Light.YELLOW: ("yellow", "amber", "gelb", "y", "a", "🟡", "at risk"),
        Light.RED: ("red", "rot", "r", "🔴", "off track"),
        Light.GREY: ("grey", "gray", "grau"),
    }
)
STATUSES: dict[str, StatusCategory] = _by_word(
    {
        StatusCategory.TODO: ("open", "not started", "to do", "planned", "offen", "nicht begonnen", "geplant"),
        StatusCategory.DOING: ("in progress", "doing", "started", "ongoing", "in arbeit", "läuft", "begonnen"),
        StatusCategory.DONE: ("done", "closed", "complete", "completed", "erledigt", "abgeschlossen", "fertig"),
        StatusCategory.DROPPED: ("cancelled", "canceled", "dropped", "stopped", "gestrichen", "abgebrochen"),
    }
)
