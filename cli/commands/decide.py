"""``driftline decide``: record what was decided about a finding, who carries it out, and until when."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, talk
from cli.wording import count, day
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from config.load import Configuration
    from model.findings import DecisionOption, TrackedFinding
    from state.store import Store


@click.command("decide", short_help="Record what was decided about a finding.")
@click.argument("finding")
@click.option(
    "--option", metavar="KIND_OR_NUMBER", help="What was chosen, as driftline show lists it: 2, move_promise."
)
@click.option("--text", help="What is done, in free words, where it is none of the options.")
@click.option("--by", help="Who decides, by name or address. Default: the user of the operating system.")
@click.option("--until", metavar="DATE", help="By when its effect is to be seen. Default: the last day of the option.")
@click.option("--owner", help="Who carries it out. Default: who acts on the option, else the owner of the finding.")
@click.option("--note", default="", help="What else is to be remembered; to accept, the reason.")
@click.option("--cause", "whole_cause", is_flag=True, help="Decide it for every finding of the same cause.")
@click.option("--override", is_flag=True, help="Decide without the right to; whose right it was is kept with it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    finding: str,
    option: str | None,
    text: str | None,
    by: str | None,
    until: str | None,
    owner: str | None,
    note: str,
    whole_cause: bool,
    override: bool,
    as_json: bool,
) -> None:
    """Record what was decided about FINDING, named by the first digits of its id: one of its options or free words.

    Who may decide depends on its size, as for driftline accept; to stop the work there is a right of its own. Until the
    day nobody is asked again, unless the finding worsens beyond what was decided. If it still stands after the day, it
    comes back as overdue. What is to be done with one record settles every finding that the same record makes late;
    --cause decides all of one cause at once. A decision is kept for good; a later one takes its place. It may be given
    while the daemon runs.

    --option accept is driftline accept: --until is its last day and --note its reason, both mandatory.

    JSON: an object with fingerprint, fingerprints (all that it is about), state and decision (says, by, owner, until,
    at, before, kind); after --option accept with fingerprint, state and acceptance.
    """
    from cli.approval_view import system_user
    from cli.chosen_day import chosen_day
    from cli.chosen_finding import chosen_finding
    from cli.chosen_option import accepts, chosen_option
    from model.errors import UsageError

    if (option is None) == (text is None):
        raise UsageError("say what was decided: one of its options, or free words", hint="--option 1, or --text TEXT")
    configuration = load_configuration(ctx)
    user = system_user()
    word = _Word(
        says=(text or "").strip(),
        by=(by or user).strip(),
        entered_by=user,
        owner=(owner or "").strip(),
        until=chosen_day(until, "--until") if until else None,
        note=note.strip(),
        override=override,
    )
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no finding {finding}: {NOTHING_READ}", hint=START_READING)
        shown = chosen_finding(store, finding)
        chosen = chosen_option(shown.finding, option) if option else None
        if option and accepts(chosen):
            _report_acceptance(_accept(store, configuration, shown, chosen, word), as_json=as_json)
        else:
            _report(*_decide(store, configuration, shown, chosen, word, whole_cause=whole_cause), as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What somebody said on the command line; what is blank has a default."""

    says: str
    by: str
    entered_by: str
    owner: str
    until: "date | None"
    note: str
    override: bool


def _accept(
    store: "Store",
    configuration: "Configuration",
    shown: "TrackedFinding",
    chosen: "DecisionOption | None",
    word: _Word,
) -> "TrackedFinding":
    """The option to accept is ``driftline accept``; the day that was offered is its end unless another is given."""
    from model.errors import UsageError
    from model.findings import Acceptance
    from pipeline.decide import accept_finding

    until = word.until or (chosen.day if chosen else None)
    if until is None:
        raise UsageError("an acceptance has a last day", hint="name it: --until 2026-12-31")
    if not word.note:
        raise UsageError("an acceptance says why it may stay so", hint="add --note REASON")
    return accept_finding(
        store,
        configuration,
        shown,
        Acceptance(word.by, word.note, until),
        entered_by=word.entered_by,
        override=word.override,
        now=clock_of(configuration).now(),
    )


def _decide(
    store: "Store",
    configuration: "Configuration",
    shown: "TrackedFinding",
    chosen: "DecisionOption | None",
    word: _Word,
    *,
    whole_cause: bool,
) -> "tuple[list[TrackedFinding], int]":
    """What was decided is kept; also how many findings of the same cause are left."""
    from pipeline.decide import decide_findings, decision_about, same_cause, settled_with

    now = clock_of(configuration).now()
    decision = decision_about(
        shown,
        chosen,
        says=word.says,
        by=word.by,
        entered_by=word.entered_by,
        owner=word.owner,
        until=word.until,
        note=word.note,
        at=now,
    )
    others = same_cause(store, shown)
    with_it = others if whole_cause else settled_with(others, chosen)
    kept = decide_findings(store, configuration, [shown, *with_it], decision, override=word.override, now=now)
    return kept, len(others) + 1 - len(kept)


def _report(kept: "Sequence[TrackedFinding]", left: int, *, as_json: bool) -> None:
    first, *others = kept
    decision = first.decision
    assert decision is not None
    if as_json:
        fingerprints = [each.fingerprint for each in kept]
        print_json(
            {
                "fingerprint": first.fingerprint,
                "fingerprints": fingerprints,
                "state": first.state,
                "decision": decision,
            }
        )
        return
    say(first.finding.title, bold=True)
    talk(f"decided by {decision.by}: {decision.says}")
    talk(f"{decision.owner} carries it out until {day(decision.until)}; nobody is asked before, unless it worsens")
    if others:
        talk(f"it settles {count(len(others), 'more finding')} of the same cause")
    if left:
        talk(f"{count(left, 'finding')} of the same cause {'waits' if left == 1 else 'wait'}; --cause decides all")


def _report_acceptance(accepted: "TrackedFinding", *, as_json: bool) -> None:
    kept = accepted.acceptance
    assert kept is not None
    if as_json:
        print_json({"fingerprint": accepted.fingerprint, "state": accepted.state, "acceptance": kept})
        return
    say(accepted.finding.title, bold=True)
    talk(f"accepted by {kept.by} until {day(kept.until)}; it opens earlier if it worsens")
