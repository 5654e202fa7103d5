"""What is held of a source, and who approved what, as people read it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cli.wording import count, moment

if TYPE_CHECKING:
    from model.trust import Approval, Held, Loss


@dataclass(frozen=True, slots=True)
class HeldPicture:
    """What waits for an approval, and the approval that the next run will use, if there is one."""

    doubt: str
    reason: str
    since: datetime
    records: int
    containers: "Sequence[Loss]"
    identity_before: str
    identity_now: str


@dataclass(frozen=True, slots=True)
class ApprovalPicture:
    """Somebody's word; ``used_at`` is None until a run has taken it."""

    doubt: str
    records: int
    by: str
    reason: str
    at: datetime
    used_at: datetime | None


def picture_of_held(held: "Held") -> HeldPicture:
    """The same without the ids of the records."""
    return HeldPicture(
        held.doubt.value,
        held.reason,
        held.since,
        len(held.native_ids),
        held.containers,
        held.identity_before,
        held.identity_now,
    )


def picture_of_approval(approval: "Approval") -> ApprovalPicture:
    """The same without the ids of the records."""
    held = approval.held
    return ApprovalPicture(
        held.doubt.value, len(held.native_ids), approval.by, approval.reason, approval.at, approval.used_at
    )


def held_rows(held: HeldPicture | None, zone: ZoneInfo, *, said: str = "") -> list[tuple[str, str]]:
    """What is held, as rows of a name and a text; the reason is left out where it was ``said`` already."""
    if held is None:
        return []
    rows = [] if held.reason == said else [("held", held.reason)]
    rows.append(("held since", moment(held.since, zone)))
    if held.records:
        lost = [f"{each.lost:,} of {each.of:,} in {each.name or 'no container'}" for each in held.containers]
        where = f": {', '.join(lost)}" if lost else ""
        rows.append(("held records", f"{held.records:,}{where}; they count as unobserved until somebody approves"))
    if held.identity_now:
        rows += [("read before as", held.identity_before), ("read now as", held.identity_now)]
    return rows


def approval_rows(approvals: Sequence[ApprovalPicture], zone: ZoneInfo) -> list[tuple[str, str]]:
    """The approvals, the newest first, as rows of a name and a text."""
    return [("approved", _told(each, zone)) for each in approvals]


def _told(approval: ApprovalPicture, zone: ZoneInfo) -> str:
    what = {
        "loss": f"{count(approval.records, 'record')} gone",
        "identity": "another account",
        "shape": "other fields",
    }[approval.doubt]
    used = f"concluded on {moment(approval.used_at, zone)}" if approval.used_at else "the next run concludes it"
    return f"{what}, by {approval.by} on {moment(approval.at, zone)} because “{approval.reason}”; {used}"


def what_now(name: str, hint: str, *, approved: bool) -> str:
    """What to do about a source that fails; where that was to approve, and somebody has, no more than to wait."""
    return f"approved; the next run concludes it, or now: driftline sync {name}" if approved else hint


def confirmed(name: str) -> bool:
    """Ask at a terminal; raise UsageError where nobody can answer."""
    from model.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm this", location=name, hint="look at what is held, then add --yes")
    return click.confirm(f"Let the next run of {name} conclude this?", default=False, err=True)


def system_user() -> str:
    """The user of the operating system, also when it has no name there."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
