"""Whether a text names one person: lists, groups, teams and what stands for nobody yet do not answer for anything."""

import re
from collections.abc import Collection
from functools import lru_cache

from model.keys import normalise_key

_NOBODY = re.compile(
    r"(?:(?:tbd|tba|tbc|tbn|to be (?:defined|determined|decided|named|confirmed|announced))\b.*|"
    r"[-?.*_\u2013\u2014]+|x{2,}|"
    r"(?:n\.? ?n\.?|n/a|n\.a\.|nobody|no one|none|unknown|unassigned|not assigned|vacant|open|offen|noch offen|niemand|"
    r"unbekannt|vakant|nicht zugewiesen|noch zu benennen)(?:\s*[,:;/-].*)?)"
)
_GROUP = re.compile(
    r"\b(teams?|committees?|boards?|councils?|groups?|departments?|dept|squads?|tribe|crew|everyone|everybody|various|"
    r"several|pmo|gremium|gruppe|arbeitsgruppe|ausschuss|vorstand|lenkungskreis|lenkungsausschuss|steuerkreis|"
    r"abteilung|bereich|projektteam|helpdesk)\b"
)
_ALL = re.compile(r"^(?:all|alle|the office|office)$")
_SHARED_BOXES = frozenset(
    {
        *("info", "sales", "support", "service", "finance", "controlling", "einkauf", "vertrieb", "office", "contact"),
        *("hr", "it", "marketing", "purchasing", "procurement", "operations", "logistics", "legal", "all", "ops"),
    }
)
"""What stands alone before the sign of an address that several people read."""
_DEPARTMENTS = frozenset(
    {
        *(
            "sales",
            "finance",
            "marketing",
            "operations",
            "engineering",
            "product",
            "legal",
            "procurement",
            "purchasing",
        ),
        *(
            "logistics",
            "it",
            "hr",
            "r&d",
            "controlling",
            "einkauf",
            "vertrieb",
            "logistik",
            "entwicklung",
            "produktion",
        ),
        *("buchhaltung", "personal", "recht"),
    }
)
_ONE_ROLE = re.compile(
    r"\b(head|chief|vp|svp|evp|vice president|director|leiter|leiterin|leitung|teamleiter|teamleiterin|manager|"
    r"managerin|lead|leader|owner|controller|chair|chairman|chairwoman|member|captain|mitglied|geschäftsführer|"
    r"geschäftsführerin|ceo|cfo|coo|cto|cio|cdo|cso|president|mr|ms|mrs|dr|herr|frau)\b"
)
_COMPANY = r"(?:co|cie|company|sons?|söhne|partners?|gmbh|kg|inc|ltd|ag|llc)\b"
_BETWEEN_PEOPLE = re.compile(
    rf"\s+(?:and|with|or|oder|mit)\s+|(?<!von)\s+und\s+|\s*&(?!\s*{_COMPANY})\s*|\s+\+\s+|\s*[;|\n]\s*|(?<!\bc)\s*/\s*"
)
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|<[^>]*>")
_PARTICLES = frozenset(
    {
        *("van", "von", "vom", "zu", "zur", "de", "der", "den", "del", "della", "di", "da", "das", "do", "dos", "du"),
        *("la", "le", "el", "al", "bin", "ibn", "ben", "ter", "ten", "af", "av", "st", "st."),
    }
)
"""With these a surname of several words begins: ``van der Berg, Anna Maria`` is one person."""


def names_nobody(text: str | None) -> bool:
    """Whether a text names nobody: it is blank, or says that somebody is still to be named (``TBD``, ``N.N.``)."""
    return not text or not text.strip() or _NOBODY.fullmatch(_plain(text) or "-") is not None


@lru_cache(maxsize=65536)
def no_single_person(text: str, teams: Collection[str] = ()) -> str | None:
    """Why a text does not name one person who can answer for something, in words; None for one person.

    What committees own, nobody owns (domain I2). A role that one person holds (``Head of Sales``, ``CFO``) is one
    person; what stands in brackets does not count. ``teams`` are further names of groups, as ``normalise_key`` spells
    them; a frozen set.
    """
    if names_nobody(text):
        return "names nobody yet"
    if normalise_key(text) in teams:
        return "is no single person"
    name = _plain(text)
    if len(set(re.findall(r"[^\s<>,;()\"]+@[^\s<>,;()\"]+", text.casefold()))) > 1 or _several(name):
        return "names several people"
    return "is no single person" if _is_group(name) else None


def _plain(text: str) -> str:
    """The name in small letters, without what stands in brackets; the address alone where there is no name."""
    bare = _IN_BRACKETS.sub(" ", text) if _IN_BRACKETS.sub(" ", text).strip() else text.strip("<>()[] ")
    return " ".join(line for line in bare.casefold().replace("\n", " ; ").split()).strip("; ")


def _several(name: str) -> bool:
    if _ONE_ROLE.match(name):
        return False
    head, _, rest = name.partition(",")
    parts = [part for part in _BETWEEN_PEOPLE.split(head if _ONE_ROLE.search(rest) else name) if part]
    if "/" in name and not re.search(r"[;|]|\s(?:and|und|&)\s", name) and not _slash_divides_people(name):
        return False
    return len(parts) > 1 or _is_list(name)


def _slash_divides_people(name: str) -> bool:
    """``Anna Berg / Ben Meier``, but neither ``Anna Berg, IT/Operations`` nor ``Anna Berg/DE/Company``."""
    parts = [part.strip() for part in name.split("/")]
    whole = all(" " in part for part in parts)
    single = all(" " not in part and len(part) > 2 and part not in _DEPARTMENTS for part in parts)
    return "," not in name and (whole or single)


def _is_list(name: str) -> bool:
    """``Anna Berg, Ben Meier`` is a list; ``Berg, Anna`` and ``van der Berg, Anna Maria`` are one person each."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if len(parts) < 2 or any(_ONE_ROLE.search(part) or _about_work(part) for part in parts[1:]):
        return False
    whole = all(len(part.split()) > 1 for part in parts)
    return (whole and parts[0].split()[0] not in _PARTICLES) or len(parts) > 3


def _about_work(part: str) -> bool:
    """Whether a part tells where somebody works: ``Sales EMEA``, ``Team Blue``, ``IT/Operations``."""
    return any(word in _DEPARTMENTS for word in re.split(r"[\s/]+", part)) or _GROUP.search(part) is not None


def _is_group(name: str) -> bool:
    if _ONE_ROLE.search(name):
        return False
    local, at, _ = name.partition("@")
    if at:
        words = re.sub(r"[._\-]+", " ", local)
        return words in _SHARED_BOXES or _GROUP.search(words) is not None or words.split()[0] in ("dl", "grp")
    head = re.split(r",|\s[-\u2013|]\s", name)[0]
    return _GROUP.search(head) is not None or _ALL.match(head) is not None or head in _DEPARTMENTS
