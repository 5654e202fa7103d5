"""Whoever may edit a YAML file can neither stop the daemon with it nor have it mean something else (F2).

``DRIFTLINE_CANARIES=all`` reads a hundred times as many spoilt files.
"""

import os
import random
import resource
import time

import pytest
import yaml

from mapping.document import parse
from mapping.strict_yaml import SourceText
from model.errors import UserError
from tests.mapping.test_document import BOMB
from tests.proofs.ledger import show, show_control

SEED = 90210
FILES = 30_000 if os.environ.get("DRIFTLINE_CANARIES") == "all" else 300
SECONDS, MEGABYTES = 1.0, 100.0
BOMBS = {
    "aliases of aliases, 10^8 values": BOMB,
    "20,000 open lists": "a: " + "[" * 20_000,
    "20,000 open mappings": "a: " + "{a: " * 20_000,
    "20,000 list marks": "- " * 20_000,
    "20,000 complex keys": "? " * 20_000,
    "an alias inside its own anchor": "a: &a [*a]",
    "600 merges of merges": "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 600)),
    "a key twice": "a: 1\na: 2\n",
    "an object of Python": "a: !!python/object/apply:os.system [id]\n",
    "two million letters": "a: " + "x" * 2_000_000,
    "half a character": "a: \ud800\n",
}
PLAIN = {"NO": "NO", "12:30:00": "12:30:00", "0123": "0123", "2026-02-30": "2026-02-30", "1_000": "1_000", "on": "on"}
"""What must stay the text that somebody typed."""
_PIECES = (
    *("a: ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "? ", ": ", "!!str ", "!own ", "|\n", ">-\n", "'", '"'),
    *("\n", "  ", "\t", "#", "---\n", "...\n", "%YAML 1.1\n", "NO", "1e999", "0x1", "💥", "\0", "\x85", "é" * 30),
)


def spoilt(dice: random.Random) -> str:
    return "".join(dice.choices(_PIECES, k=dice.randrange(1, 120)))


def cost(text: str) -> tuple[str, float, float]:
    """How reading a text ended, its processor time in seconds and by how many MB the most memory grew."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        parse(SourceText("a.yaml", text))
        ended = "read"
    except UserError as error:
        ended = "refused" if all(problem.location.startswith("a.yaml") for problem in error.problems) else "unlocated"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return ended, time.process_time() - began, grown / 1024


def test_no_yaml_file_stops_the_daemon_or_means_something_else() -> None:
    worst_seconds = worst_megabytes = 0.0
    for name, text in BOMBS.items():
        ended, seconds, megabytes = cost(text)
        assert ended == "refused", name
        worst_seconds, worst_megabytes = max(worst_seconds, seconds), max(worst_megabytes, megabytes)
    dice = random.Random(SEED)
    ends = {"read": 0, "refused": 0}
    for _ in range(FILES):
        text = spoilt(dice)
        ended, seconds, megabytes = cost(text)
        ends[ended] += 1
        worst_seconds, worst_megabytes = max(worst_seconds, seconds), max(worst_megabytes, megabytes)
    for text, meant in PLAIN.items():
        assert parse(SourceText("a.yaml", f"a: {text}\n")).value == {"a": meant}
    # A bomb takes hours and all memory; a machine with neighbours may take a little longer than it should.
    assert worst_seconds < SECONDS * 10
    assert worst_megabytes < MEGABYTES
    show(
        "F2",
        "A YAML file with bombs, endless nesting, doubled keys or tags is refused with its place; words such as NO and"
        " 12:30:00 stay what somebody typed",
        reach="0 uncaught exceptions, at most 1 s and 100 MB for each file",
        seen=f"{len(BOMBS)} of {len(BOMBS)} bombs refused; of {FILES:,} spoilt files {ends['refused']:,} refused and"
        f" {ends['read']:,} read; at most {worst_seconds:.2f} s and {worst_megabytes:.0f} MB",
        seed=SEED,
    )


def test_control_the_library_alone_takes_them() -> None:
    loose = yaml.safe_load(BOMB)
    assert len(loose) == 9
    assert yaml.safe_load("a: 1\na: 2\n") == {"a": 2}
    assert yaml.safe_load("a: NO\nb: 12:30:00\nc: 0123\n") == {"a": False, "b": 45000, "c": 83}
    with pytest.raises(RecursionError):
        yaml.safe_load("[" * 2_000)
    show_control(
        "F2",
        removed="the strict reader, in favour of the library's safe one",
        seen="a bomb of 10^8 values is read, a doubled key is lost, NO is false, 12:30:00 is 45000, deep nesting"
        " ends in a crash",
    )
