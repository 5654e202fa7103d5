"""The whole of one source as it is stored: how fresh, what it holds, what lacks, and since when it cannot be read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cli.approval_view import (
    ApprovalPicture,
    HeldPicture,
    approval_rows,
    held_rows,
    picture_of_approval,
    picture_of_held,
    what_now,
)
from cli.output import say
from cli.table import print_pairs
from cli.wording import count, label, moment

if TYPE_CHECKING:
    from model.runs import Run, SourceResult
    from state.records import StoredSetAside
    from state.store import Store

FEWEST_RUNS, MOST_RUNS = 64, 4096
"""How many runs are looked at for the beginning of a failure: few at first, then more, and never more than these."""
MOST_APPROVALS = 5
"""So many of the last approvals are shown."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a source cannot be read. ``since`` is the first failed attempt after the last complete read.

    ``or_longer`` says that the beginning lies further back than we looked; ``since`` is None when no finished run
    tells of it.
    """

    error: str
    hint: str = ""
    since: datetime | None = None
    or_longer: bool = False
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePicture:
    """What is stored of one source. ``kinds`` count the records that are present, ``absences`` the others; ``in_part``:
    it is read, without fields that drifted."""

    name: str
    kind: str
    owner: str | None
    every: str
    as_of: datetime | None = None
    full_at: datetime | None = None
    complete: bool = False
    in_part: bool = False
    records: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    linked: int = 0
    unlinked: int = 0
    unlinkable: int = 0
    absences: Mapping[str, int] = field(default_factory=dict)
    set_aside: "Sequence[StoredSetAside]" = ()
    failing: Failure | None = None
    held: HeldPicture | None = None
    approvals: Sequence[ApprovalPicture] = ()


def picture_of(store: "Store | None", name: str, *, kind: str, owner: str | None, every: str) -> SourcePicture:
    """Gather what is stored of a configured source; without a store nothing was read yet."""
    from model.keys import source_of
    from pipeline.drift import goes_on

    if store is None:
        return SourcePicture(name=name, kind=kind, owner=owner, every=every)
    with store.view() as view:
        entry = next((each for each in view.coverage() if each.source == name), None)
        absent = {id_: why for id_, (why, _) in view.absences().items() if source_of(id_) == name}
    read = store.cursor(name)
    return SourcePicture(
        name=name,
        kind=kind,
        owner=owner,
        every=every,
        as_of=entry.as_of if entry else None,
        full_at=read.full_at if read else None,
        complete=entry is not None and entry.complete,
        in_part=entry is not None and not entry.complete and goes_on(store, name),
        records=entry.records if entry else 0,
        kinds=_kinds(store, name, absent),
        linked=entry.linked if entry else 0,
        unlinked=entry.linkable - entry.linked if entry else 0,
        unlinkable=entry.unlinkable if entry else 0,
        absences=_counted(why.value for why in absent.values()),
        set_aside=store.set_aside(name),
        failing=failure_of(store, name, entry.error) if entry and entry.error and not entry.complete else None,
        held=picture_of_held(held) if (held := store.held(name)) else None,
        approvals=[picture_of_approval(approval) for approval in store.approvals(name)[:MOST_APPROVALS]],
    )


def _kinds(store: "Store", name: str, absent: "Mapping[str, object]") -> Mapping[str, int]:
    return _counted(
        each.record.kind.value for batch in store.records(source=name) for each in batch if each.record.id not in absent
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def failure_of(store: "Store", name: str, error: str) -> Failure:
    """Tell since when a source fails, from the results of the runs back to its last complete one."""
    limit = FEWEST_RUNS
    while True:
        runs = store.runs(limit=limit)
        failed, ended = _failed_lately(runs, name)
        if ended or len(runs) < limit or limit >= MOST_RUNS:
            break
        limit *= 4
    if not failed:
        return Failure(error)
    newest, oldest = failed[0], failed[-1]
    cut_short = not ended and len(runs) == limit
    return Failure(newest.error, newest.hint, oldest.started_at, cut_short, len(failed))


def _failed_lately(runs: "Sequence[Run]", name: str) -> "tuple[list[SourceResult], bool]":
    """The failed results of a source, newest first, and whether a complete one was met behind them."""
    from model.runs import SourceOutcome

    failed: list[SourceResult] = []
    for result in (result for run in runs for result in run.results if result.source == name):
        if result.outcome is SourceOutcome.COMPLETE:
            return failed, True
        if result.outcome is SourceOutcome.FAILED:
            failed.append(result)
    return failed, False


def show_source(picture: SourcePicture, zone: ZoneInfo) -> None:
    """Print the picture as people read it."""
    say(picture.name, bold=True)
    last, full = (moment(at, zone) if at else "never" for at in (picture.as_of, picture.full_at))
    print_pairs(
        [
            ("kind", f"{picture.kind}, read {'at' if ' ' in picture.every else 'every'} {picture.every}"),
            ("owner", picture.owner or "nobody is named"),
            ("last complete read", last),
            ("last full read", full),
            ("condition", _condition(picture)),
            *_troubles(picture, zone),
            *held_rows(picture.held, zone, said=picture.failing.error if picture.failing else ""),
            *approval_rows(picture.approvals, zone),
            *_holdings(picture),
        ],
        indent=2,
    )
    show_set_aside({one.native_id: one for one in picture.set_aside}, zone, indent=4)


def show_set_aside(named: "Mapping[str, StoredSetAside]", zone: ZoneInfo, *, indent: int) -> None:
    """Print each record that is set aside, and below it where it is: an address is never folded, so that it opens."""
    for name, one in named.items():
        say(f"{' ' * indent}{name}  {one.reason}, since {moment(one.since, zone)}")
        say(f"{' ' * indent}  {one.location or 'no location'}")


def _condition(picture: SourcePicture) -> str:
    if picture.complete:
        return "complete"
    if not picture.failing:
        return "not read yet"
    return f"{'read in part' if picture.in_part else 'failed'}: {picture.failing.error}"


def _troubles(picture: SourcePicture, zone: ZoneInfo) -> list[tuple[str, str]]:
    failing = picture.failing
    if failing is None:
        return []
    rows = []
    if failing.since is not None:
        begun = f"{moment(failing.since, zone)}{' or longer' if failing.or_longer else ''}"
        rows.append(("failing since", f"{begun}, {count(failing.attempts, 'attempt')}"))
    approved = any(each.used_at is None for each in picture.approvals)
    if failing.hint or approved:
        rows.append(("what to do", what_now(picture.name, failing.hint, approved=approved)))
    return rows


def _holdings(picture: SourcePicture) -> list[tuple[str, str]]:
    """What is stored; of a source that was never read nothing is known, not even that it is empty."""
    if picture.as_of is None and not (picture.records or picture.absences or picture.set_aside):
        return []
    return [
        ("records", _records(picture)),
        ("linked", f"{picture.linked:,} of {picture.linked + picture.unlinked:,}{_set_apart(picture)}"),
        ("unlinked", f"{picture.unlinked:,}"),
        ("absent", _absent(picture.absences)),
        ("set aside", count(len(picture.set_aside), "record") if picture.set_aside else "none"),
    ]


def _records(picture: SourcePicture) -> str:
    if not picture.records:
        return "none"
    kinds = ", ".join(count(number, label(kind)) for kind, number in picture.kinds.items())
    return f"{picture.records:,} present: {kinds}"


def _set_apart(picture: SourcePicture) -> str:
    """Releases and sprints serve no objective by themselves, so they count neither as linked nor as unlinked."""
    return f", {picture.unlinkable:,} releases and sprints apart" if picture.unlinkable else ""


def _absent(absences: Mapping[str, int]) -> str:
    if not absences:
        return "none"
    classes = ", ".join(f"{number:,} {label(why)}" for why, number in absences.items())
    return classes if len(absences) == 1 else f"{sum(absences.values()):,}: {classes}"
