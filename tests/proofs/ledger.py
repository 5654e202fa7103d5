"""What a proof showed, for the page of proofs.

``make proof`` names a folder in ``DRIFTLINE_PROOFS`` and writes docs/reference/proofs.md from what lies there
afterwards; an ordinary run of the tests has no such folder and keeps nothing.
"""

import fcntl
import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "DRIFTLINE_PROOFS"


@dataclass(frozen=True, slots=True)
class Shown:
    """One proof: what is claimed, what was to be reached and what was seen, in words and figures for a reader."""

    ids: str
    """The ids of the faults, with spaces between: ``C2 C3``."""
    claim: str
    reach: str
    seen: str
    seed: str = ""
    database: str = ""
    test: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """The same proof with a protection taken away, and what it then found: it must find something."""

    ids: str
    removed: str
    seen: str
    test: str = ""


def show(
    ids: str, claim: str, *, reach: str, seen: str, seed: int | str = "", database: str = "", so_far: bool = False
) -> None:
    """Enter a proof that held. Call it last, when everything was asserted.

    ``so_far`` says that ``seen`` counts what this parameter of the test and those before it saw together: the next one
    writes the same entry anew, so that a long proof that is ended early tells as much as was done.
    """
    test = _test().partition("[")[0] if so_far else _test()
    _keep(Shown(ids, claim, reach, seen, str(seed), database, test))


def counted(name: str, seed: int, **counts: int) -> tuple[Counter[str], str]:
    """Add to what all processes of a proof counted so far; give the sums, and the seeds that they came from. Without a
    folder nothing is kept.

    Who goes on with the same folder names another seed; the same one would count the same trials again.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return Counter(counts), str(seed)
    Path(folder).mkdir(parents=True, exist_ok=True)
    with (Path(folder) / f"{name}.tally").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        kept = json.loads(file.read() or '{"sums": {}, "seeds": []}')
        sums, seeds = Counter[str](kept["sums"]) + Counter(counts), sorted({*kept["seeds"], seed})
        file.truncate(0)
        file.write(json.dumps({"sums": sums, "seeds": seeds}))
    return sums, ", ".join(map(str, seeds))


def show_control(ids: str, *, removed: str, seen: str) -> None:
    """Enter a negative control that found what it had to find."""
    _keep(Control(ids, removed, seen, _test()))


def entries(folder: Path) -> list[Shown | Control]:
    """Everything that was entered, in the order of the ids and the tests."""
    found: list[Shown | Control] = []
    for path in folder.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append(Control(**content) if "removed" in content else Shown(**content))
    return sorted(found, key=lambda entry: (entry.ids, entry.test))


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]


def _keep(entry: Shown | Control) -> None:
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    content = json.dumps(asdict(entry), ensure_ascii=False, indent=1)
    database = getattr(entry, "database", "")  # the same proof on another one is another
    name = hashlib.sha256(f"{type(entry).__name__} {entry.ids} {entry.test} {database}".encode()).hexdigest()[:16]
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{name}.json").write_text(content, encoding="utf-8")
