"""What becomes of a state or a backup that is damaged (C9)."""

import os
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from model.errors import StateError
from state.backup import back_up, restore
from state.schema import HEAD
from state.store import Store, left_open
from tests.proofs.ledger import show, show_control
from tests.state.test_backup import filled
from tests.state.test_findings import opened, tracked
from tests.state.worlds import DAY_3, item, save

pytestmark = pytest.mark.sqlite_only("the file of a state that lies on this machine")

FLIPS = max(30, int(os.environ.get("DRIFTLINE_KILLS", "0")))


def sound(folder: Path) -> Path:
    path = folder / "sound.db"
    with Store.open(f"sqlite:///{path}") as store:
        save(store, *(item(str(number), title=f"Work {number}") for number in range(60)))
        filled(store)
        lives = [tracked(f"crm:{number}") for number in range(5)]
        store.save_findings(1, lives, [opened(life) for life in lives])
    return path


def test_a_backup_with_a_flipped_bit_is_refused_or_says_what_it_said(tmp_path: Path) -> None:
    """C9, at random places: it never ends in an error of ours, and no record ever says something else."""
    content = sound(tmp_path).read_bytes()
    random_ = random.Random(9)
    told: Counter[str] = Counter()
    reasons: set[str] = set()
    written = [place for place, byte in enumerate(content) if byte]  # in empty room a flip harms nobody
    for number in range(FLIPS):
        flipped = bytearray(content)
        flipped[random_.choice(written)] ^= 1 << random_.randrange(8)
        (tmp_path / "copy.db").write_bytes(flipped)
        url = f"sqlite:///{tmp_path}/{number}.db"
        try:
            restore(url, tmp_path / "copy.db", now=DAY_3, resend=True)
        except StateError as error:
            told["refused"] += 1
            reasons.add(error.summary)
            assert not (tmp_path / f"{number}.db").exists()
            continue
        with closing(sqlite3.connect(tmp_path / "sound.db")) as one, closing(sqlite3.connect(url[10:])) as other:
            for query in ("SELECT facts, trace FROM records ORDER BY id", "SELECT count(*) FROM transitions"):
                assert one.execute(query).fetchall() == other.execute(query).fetchall(), number
        told["taken"] += 1
    assert min(told["refused"], told["taken"]) >= 3
    assert [said for said in reasons if not re.search("damaged|newer|refused|cannot open", said)] == []
    show(
        "C9",
        "A backup in which a bit is flipped is refused with a message, or holds what it held.",
        reach=f"{FLIPS:,} flips at random places of a file of {len(content):,} bytes",
        seen=f"{told['refused']:,} refused, {told['taken']:,} taken with every record and transition as it was; 0 "
        "records said something else, 0 errors of ours",
        seed=9,
        database="SQLite",
    )


def test_without_the_hashes_a_flipped_letter_would_go_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: SQLite's own check finds nothing wrong with it."""
    content = sound(tmp_path).read_bytes()
    (tmp_path / "copy.db").write_bytes(content.replace(b'"title":"Work 7"', b'"title":"Work 8"'))
    with pytest.raises(StateError, match="damaged: the content of jira:7"):
        restore(f"sqlite:///{tmp_path}/new.db", tmp_path / "copy.db", now=DAY_3)
    monkeypatch.setattr("state.backup._check_contents", lambda *_: None)
    assert restore(f"sqlite:///{tmp_path}/new.db", tmp_path / "copy.db", now=DAY_3).schema == HEAD
    show_control(
        "C9",
        removed="the hashes of what records say",
        seen="a backup with another letter in a title was taken, and SQLite's own check found it sound",
    )


def test_a_damaged_state_is_refused_when_it_is_read_and_not_backed_up(tmp_path: Path) -> None:
    path = sound(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"title":"Work 7"', b'"title":Work 07"'))
    url = f"sqlite:///{path}"
    with Store.open(url) as store:
        with pytest.raises(StateError, match="the state is damaged: a stored record cannot be read"):
            store.find("jira:7")
        with pytest.raises(StateError, match="damaged"):
            back_up(store, url, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()
    show(
        "C9",
        "A damaged state is told when it is read, and no backup is made of it.",
        reach="a stored record whose content is cut in two",
        seen="reading it and backing it up were refused with “the state is damaged”; no file was left",
        database="SQLite",
    )


def test_a_state_that_was_not_closed_is_known_by_its_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    assert not left_open(url)
    with Store.open(url) as store:
        save(store, item("1"))
        assert left_open(url)
    assert not left_open(url)
    assert not left_open("postgresql://host/name")
