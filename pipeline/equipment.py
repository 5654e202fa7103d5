"""What an edition needs beside its findings for pictures, the workbook and a triage; only what its options ask for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import TypeAdapter

from config.load import Configuration
from digest.base import PAST, Edition, Meeting, Named, News
from digest.brief import Brief, sort_edition
from digest.meetings.triage import planned
from digest.plots.money_at_risk import SHOWN
from model.causes import binding_step
from model.findings import TrackedFinding, Transition
from model.records import Move, Record
from pipeline.paper import materiality_of
from pipeline.view import configured_view
from reconcile.view import View
from state.store import Store

_CELL_FIELDS = ("amount", "plan", "planned_start")
"""Whose cell stands for a row that has no link."""


def equipped(
    store: Store, configuration: Configuration, edition: Edition, tracked: Mapping[str, TrackedFinding]
) -> Edition:
    """The edition with what it takes; where no mail would go out, only with its triage."""
    options = edition.options
    mail = configuration.settings.mail
    brief = sort_edition(edition)
    meeting = planned(brief, _told_of(store, edition.audience))
    organizer, material = mail.sender if mail else "", materiality_of(configuration)
    edition = replace(edition, meeting=meeting, organizer=organizer, materiality=material)
    brief = replace(brief, edition=replace(brief.edition, meeting=meeting))
    if not brief.has_news or not (options.plots or options.workbook):
        return edition
    with configured_view(store, configuration) as view:
        return replace(
            edition,
            past=_past(store, edition, tracked) if options.plots else (),
            moves=_moves(view, brief) if options.plots else {},
            named=_named(view, brief) if options.workbook else {},
        )


def _told_of(store: Store, audience: str) -> Meeting | None:
    """The triage that the audience was told of last."""
    noted = store.note(_note(audience))
    return TypeAdapter(Meeting).validate_json(noted) if noted else None


def note_meeting(store: Store, edition: Edition) -> None:
    """Note which triage the audience was told of, once the mails are in the outbox."""
    if edition.meeting is not None:
        told = TypeAdapter(Meeting).dump_json(replace(edition.meeting, fresh=False))
        store.set_note(_note(edition.audience, before=True), store.note(_note(edition.audience)))
        store.set_note(_note(edition.audience), told.decode())


def forget_meeting(store: Store, audience: str) -> None:
    """Nobody received the last mail: what was told before it counts."""
    store.set_note(_note(audience), store.note(_note(audience, before=True)))


def _note(audience: str, *, before: bool = False) -> str:
    return f"triage{'-before' if before else ''}:{audience}"


def _past(store: Store, edition: Edition, tracked: Mapping[str, TrackedFinding]) -> tuple[News, ...]:
    """What the pictures show of three months. A source that fails now and then holds and releases every finding each
    time, which is most of what is stored and nothing to look at."""
    steps: dict[str, list[Transition]] = defaultdict(list)
    for step in store.transitions(since=edition.now - PAST, kinds=SHOWN):
        if step.fingerprint in tracked:
            steps[step.fingerprint].append(step)
    return tuple(News(tracked[fingerprint], tuple(found)) for fingerprint, found in steps.items())


def _moves(view: View, brief: Brief) -> Mapping[str, tuple[Move, ...]]:
    """How the dates moved that bind one of the decisions that are laid out."""
    binding = [step.node for cause in brief.shown_decisions if (step := binding_step(cause.lead)) is not None]
    return {id_: tuple(moves) for id_, moves in view.moves(binding).items()}


def _named(view: View, brief: Brief) -> Mapping[str, Named]:
    findings = [tracked.finding for tracked in (*brief.at_risk, *brief.accepted, *brief.silenced)]
    wanted: Sequence[str] = list(
        dict.fromkeys(share.record_id for finding in findings for share in finding.impact.shares)
    )
    return {id_: Named(record.key, record.title, _where(record)) for id_, record in view.records(wanted).items()}


def _where(record: Record) -> str:
    """The record's link; of a row in a workbook the cell that best leads there."""
    if record.url:
        return record.url
    cells = [cell for cell in record.provenance.values() if "!" in cell]
    named = [record.provenance[name] for name in _CELL_FIELDS if "!" in record.provenance.get(name, "")]
    return next(iter([*named, *cells]), "")
