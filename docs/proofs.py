"""Writes the page of proofs from the folder in which ``make proof`` collected what they showed."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import click

# The ledger is that of the tests, which belong to no distribution.
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.proofs.ledger import Control, Shown, entries

PAGE = Path(__file__).parent / "reference" / "proofs.md"

REQUIRED: Mapping[str, str] = {
    "C1": "kill -9 at random moments",
    "C2": "kill -9 at every system call that changes something",
    "C3": "kill -9 at each named point between two steps",
    "C4": "power loss: writes that were not synced are dropped, reordered or torn",
    "C5": "the disk reports an error when it syncs",
    "C6": "the disk is full",
    "C7": "the disk can only be read",
    "C8": "another program holds the database",
    "C9": "the database is damaged, or of a newer schema",
    "C11": "ten daemons at once, or a command beside the daemon",
    "C12": "an owner that lost the state goes on working",
    "C13": "the clock jumps",
    "C14": "nights in which the clock is set, in every zone",
    "C15": "a long pause",
    "C16": "SIGTERM at any moment",
    "C17": "a migration is killed midway; a newer schema",
    "C18": "a backup while everything runs",
    "S13": "ten times the load",
    "F8": "a server or a setting leads to an address inside (SSRF)",
    "F9": "memory over weeks",
    "F10": "a flood of log lines, and lines forged by titles",
    "F11": "the number of time series",
    "X1": "secrets where they do not belong",
    "X10": "SQL and templates in foreign texts",
    "X17": "hostile words on the command line",
}
"""Every fault of which a proof is owed, in words."""

OTHERS: Mapping[str, str] = {
    "C10": "PostgreSQL crashes and starts again",
    "S6": "an empty or shrunken answer",
    "M1": "the mail server says: not now",
    "M2": "one recipient of many is refused",
    "M3": "the link breaks after the text was handed over",
    "M4": "the mail server is down for days",
    "M5": "titles that would be headers",
    "M6": "titles that would be HTML",
    "M7": "a mail server without a certificate that can be trusted",
    "F1": "a wrong edit of the files while the daemon runs",
    "M12": "a time of day that comes twice, or never, on the night when the clock is set",
    "P2": "a schedule that a library wakes twice on such a night",
    "F2": "hostile YAML",
    "X2": "a server that cannot prove who it is",
    "X3": "the health port within reach of other machines",
    "F4": "a small workbook that unpacks to a huge one",
    "F5": "entities in the XML of a workbook",
    "X9": "slow clients and large bodies",
    "X14": "the sandbox of the service",
    "X16": "recipients who may not see everything",
    "R1": "the same answers, judged again",
}
"""Faults that a proof may be about beyond those."""

WITHOUT_PROOF: Mapping[str, str] = {}
"""Of which of the required faults there is no proof, each with the reason in a sentence."""

_ORDER = "CSMFXR"
_INTRODUCTION = """\
<!-- Written by `make proof`; change the proofs or docs/proofs.py, not this page. -->

# The proofs

What was done to Driftline on purpose, what it had to keep to, and what was seen.
`make proof` does all of it again on your machine, with the same seeds, and writes this page from what it saw.
Each proof runs in a short form with every `make test`; each figure says how many trials it comes from.

A test that never fails proves nothing.
So each proof stands beside a negative control: the same attack on a program from which the protection was taken away.
It must find the damage.

The ids are those of the faults: C for crashes, disks, databases and clocks, S for sources, M for mail, F for files,
the network and growth, X for secrets and hostile input, R for regressions.
What happens when a source fails is [a table of its own](faults.md).
What is not defended against stands in [limits.md](limits.md).
"""


def ids_of(entry: Shown | Control) -> list[str]:
    """The ids of the faults that an entry is about, however they are written."""
    return re.findall(r"[A-Z]+\d+", entry.ids)


def place(fault: str) -> tuple[int, str, int]:
    """Where an id stands among others: by letter in the order of the page, then by number."""
    letters, number = fault.rstrip("0123456789"), fault.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    known = _ORDER.find(letters) if len(letters) == 1 else -1
    return (known if known >= 0 else len(_ORDER), letters, int(number))


def problems(found: Sequence[Shown | Control]) -> list[str]:
    """What keeps the page from being written; empty when nothing does."""
    told = [
        f"an entry of {entry.test or 'no test'} names no fault: {entry.ids!r}" for entry in found if not ids_of(entry)
    ]
    shown = {fault for entry in found if isinstance(entry, Shown) for fault in ids_of(entry)}
    told += [
        f"{fault} ({words}) has no proof: let one call show('{fault}', …), or give the reason in WITHOUT_PROOF"
        for fault, words in REQUIRED.items()
        if fault not in shown and fault not in WITHOUT_PROOF
    ]
    told += [
        f"{fault} has a proof now: take it out of WITHOUT_PROOF"
        for fault in sorted(shown & set(WITHOUT_PROOF), key=place)
    ]
    return told


def uncontrolled(found: Sequence[Shown | Control]) -> list[str]:
    """The faults of which there is a proof and no negative control."""
    controlled = {fault for entry in found if isinstance(entry, Control) for fault in ids_of(entry)}
    return [fault for fault in _faults(found) if fault not in controlled]


def page(found: Sequence[Shown | Control]) -> str:
    """The text of the page."""
    return "".join(_page(found))


def _page(found: Sequence[Shown | Control]) -> Iterator[str]:
    yield _INTRODUCTION
    yield "\n| Id | Fault | Proofs | Controls |\n|---|---|---:|---:|\n"
    for fault in _faults(found):
        proofs, controls = _about(found, fault)
        yield f"| [{fault}](#{fault.lower()}) | {_words(fault)} | {len(proofs)} | {len(controls)} |\n"
    for fault in _faults(found):
        yield f"\n## {fault}\n\n*{_capital(_words(fault)) or 'One more fault'}.*\n"
        yield from _section(fault, *_about(found, fault))
    if WITHOUT_PROOF:
        yield "\n## Without a proof\n\n"
        for fault in sorted(WITHOUT_PROOF, key=place):
            yield f"* **{fault}**, {_words(fault)}: {_line(WITHOUT_PROOF[fault])}\n"


def _section(fault: str, proofs: list[Shown], controls: list[Control]) -> Iterator[str]:
    """All about one fault; what was shown for several at once is told in full at the first of them only."""
    elsewhere: set[str] = set()
    told: list[Shown] = []
    for proof in proofs:
        first = min(ids_of(proof), key=place)
        if first == fault:
            told.append(proof)
        else:
            elsewhere.add(first)
    told.sort(key=lambda proof: (proof.claim, proof.reach, proof.database, proof.seed, proof.test))
    for (claim, reach), same in groupby(told, key=lambda proof: (proof.claim, proof.reach)):
        yield f"\n**Claimed.** {_sentence(claim)}\n\n* To be reached: {_sentence(reach)}\n"
        yield from _seen(list(same))
    for first in sorted(elsewhere, key=place):
        yield f"\nShown together with [{first}](#{first.lower()}).\n"
    theirs = [control for control in controls if min(ids_of(control), key=place) == fault]
    if theirs:
        yield "\nWith the protection taken away:\n\n"
        theirs.sort(key=lambda each: (each.removed, each.test, each.seen))
        for removed, same in groupby(theirs, key=lambda each: each.removed):
            yield from _noticed(removed, list(same))
    elif not controls:
        yield "\nThere is no negative control.\n"


def _seen(same: list[Shown]) -> Iterator[str]:
    """What was seen of one claim, a line for each database or seed, and by which test."""
    for proof in same:
        where = f" on {_line(proof.database)}" if proof.database else ""
        seed = f" Seed {_line(proof.seed)}." if proof.seed else ""
        yield f"* Seen{where}: {_sentence(proof.seen)}{seed}\n"
    yield f"*{_tests(proof.test for proof in same)}\n"


def _noticed(removed: str, same: list[Control]) -> Iterator[str]:
    """What was found without one protection, on one line each when there are several."""
    seen = [_sentence(control.seen) for control in same]
    tests = _tests(control.test for control in same)
    yield f"* Without: *{_line(removed).rstrip('.')}*."
    if len(seen) == 1:
        yield f" {seen[0]}{tests}\n"
        return
    yield "".join(f"\n  * {each}" for each in [*seen, tests.strip()] if each) + "\n"


def _tests(names: Iterable[str]) -> str:
    plain = dict.fromkeys(name.partition("[")[0] for name in names if name)
    return "".join(f" `{name}`" for name in plain)


def _faults(found: Sequence[Shown | Control]) -> list[str]:
    return sorted({fault for entry in found if isinstance(entry, Shown) for fault in ids_of(entry)}, key=place)


def _about(found: Sequence[Shown | Control], fault: str) -> tuple[list[Shown], list[Control]]:
    theirs = [entry for entry in found if fault in ids_of(entry)]
    return [each for each in theirs if isinstance(each, Shown)], [each for each in theirs if isinstance(each, Control)]


def _words(fault: str) -> str:
    return REQUIRED.get(fault) or OTHERS.get(fault, "")


def _line(text: str) -> str:
    """Foreign text as one line that Markdown takes for text."""
    return re.sub(r"([<|*])", r"\\\1", " ".join(text.split()))


def _sentence(text: str) -> str:
    line = _capital(_line(text))
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def main(words: Sequence[str]) -> int:
    """Write the page; 2 when the folder holds no entries that can be read, 1 when a proof is owed."""
    if len(words) != 1:
        click.echo("usage: python docs/proofs.py FOLDER", err=True)
        return 2
    try:
        found = entries(Path(words[0]))
    except (ValueError, TypeError, OSError) as failure:
        click.echo(f"error: {words[0]} holds something that is no entry: {failure}", err=True)
        return 2
    if not found:
        click.echo(f"error: there are no entries in {words[0]}\nhint: make proof", err=True)
        return 2
    wrong = problems(found)
    for each in wrong:
        click.echo(f"error: {each}", err=True)
    if wrong:
        return 1
    for fault in uncontrolled(found):
        click.echo(f"warning: {fault} has no negative control", err=True)
    PAGE.write_text(page(found), encoding="utf-8")
    click.echo(
        f"wrote {PAGE.relative_to(PAGE.parents[2])}: {len(_faults(found))} faults, {len(found)} entries", err=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
