"""What the last judgement could not judge at all, kept for everybody who shows how far the findings reach."""

from model.runs import CannotJudge
from reconcile.judgement import Judgement
from state.codec import decode, encode
from state.store import Store

BLIND_NOTE = "cannot-judge"


def keep_blindness(store: Store, judgement: Judgement) -> None:
    """Keep what this judgement could not judge in place of what the one before could not."""
    told = sorted(
        {
            CannotJudge(check, verdict.reason, verdict.sources)
            for check, verdicts in judgement.blind.items()
            for verdict in verdicts
        },
        key=lambda each: (each.check, each.reason, each.sources),
    )
    written = encode(tuple(told)) if told else None
    if written != store.note(BLIND_NOTE):
        store.set_note(BLIND_NOTE, written)


def blindness(store: Store) -> tuple[CannotJudge, ...]:
    """What the last judgement could not judge, by check."""
    written = store.note(BLIND_NOTE)
    return decode(tuple[CannotJudge, ...], written) if written else ()
