"""Reading one source: pages are stored as they come, the cursor only after the last, absences only after a census."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import NoReturn

import structlog

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.deadline import Deadline
from connectors.registry import connector_type
from model.errors import (
    DriftlineError,
    InterruptedRunError,
    Problem,
    SchemaDriftError,
    SourceAuthError,
    SourceContentError,
    SourceGoneError,
    StateError,
)
from model.reading import Container, Cursor, Missing, Page
from model.records import Absence
from model.runs import SourceOutcome, SourceResult
from model.trust import Held
from pipeline.absences import LOST, VISIBLE, Census, Conclusion, conclude, make_up, take_census, unread, withheld
from pipeline.crash import crash_site
from pipeline.drift import forget_left_out, hold_drifted, keep_shape, note_left_out, shape_is_new
from pipeline.ids import Ids, unpacked
from pipeline.left_out import reading_the_rest, with_stored
from pipeline.link_ahead import LinkedAhead
from pipeline.shards import after_parts, fitting
from pipeline.spending import spending
from pipeline.trust import Trust, to_approve
from state.reading import StoredCursor
from state.shards import Walk
from state.store import Store

log = structlog.get_logger("driftline.read")

Progress = Callable[[str, int], None]
"""Called with the source's name and how many records were read so far."""


@dataclass(slots=True)
class Reading:
    """One source while it is read in one run, and what was read of it so far."""

    store: Store
    run_id: int
    name: str
    context: ReadContext
    progress: Progress
    pages: int = 0
    read: int = 0
    changed: int = 0
    absent: int = 0
    set_aside: int = 0
    seen: Ids = field(default_factory=Ids)
    """The native ids of what was given in this run."""
    left_out: tuple[str, ...] = ()
    """The fields that drifted and that the source is read without."""
    ahead: LinkedAhead | None = None
    """What is linked on the way, on the first reading."""
    again: list[str] = field(default_factory=list)
    """Native ids of what was called unchanged and is not any more, because it came twice."""
    walks: Sequence[Walk] = ()
    """What others walked of the source for this reading."""
    taken: bool = False
    """Whether some of that was taken over."""

    def known(self, native_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Which answers need not be read again: none while fields are left out, which are as they were stored."""
        if self.left_out or self.ahead is not None:  # linked ahead is what was never read before
            return {}
        return self.store.known_answers(self.name, native_ids)

    def keep(self, page: Page) -> None:
        """Store one page, unless somebody asked us to stop."""
        self.context.check()
        self.seen.update(record.native_id for record in page.records)
        self.seen.update(broken.native_id for broken in page.set_aside)
        self.seen.update(page.unchanged)
        if self.left_out:
            page = replace(with_stored(self.store, page, self.left_out), digests={})
        saved = self.store.save_page(self.run_id, page, self.name, self.context.now)
        self.pages += 1
        self.read += saved.read
        self.changed += saved.changed
        self.set_aside += saved.set_aside
        self.again += saved.again
        if self.ahead is not None:
            self.ahead.see(saved)
        self.progress(self.name, self.read)

    def walk(self, connector: Connector, cursor: Cursor | None) -> None:
        """Store every page that changed since the cursor, and what has no time of change."""
        if cursor is None and connector.only is None:
            self.take(connector, connector.everything())
        else:
            self.take(connector, chain(connector.side_tables(), _narrowed(connector, cursor)))

    def walk_part(self, connector: Connector, cursor: Cursor | None, containers: frozenset[str]) -> None:
        """Store every page of some containers that changed since the cursor, and nothing else."""
        connector.only = containers
        self.take(connector, _narrowed(connector, cursor))

    def take(self, connector: Connector, pages: Iterable[Page]) -> None:
        """Store pages; what is not known by them any more is asked for by id."""
        for page in pages:
            self.keep(page)
        if self.again:
            asked, self.again = self.again, []
            self.keep(Page([one for one in connector.fetch(asked) if not isinstance(one, Missing)]))

    def take_over(self, connector: Connector, roster: Sequence[Container], start: Cursor | None, trust: Trust) -> None:
        """Let the connector walk only what no other walk that fits has given.

        What came to two of them moved meanwhile. Which of the answers was stored last is chance, so it is asked again.
        """
        taken: frozenset[str] = frozenset()
        for walk in fitting(self.walks, connector, roster, start, trust.who):
            self.again += [native_id for native_id in unpacked(walk.ids) if native_id in self.seen]
            self.seen.update(unpacked(walk.ids))
            self.pages += walk.pages
            self.read += walk.read
            self.changed += walk.changed
            self.set_aside += walk.set_aside
            taken |= walk.containers
            self.taken = True
        if self.taken:
            connector.only = visible(roster) - taken

    def forget_walks(self) -> None:
        """What was taken over counts once: who reads the source after this, in the same run, walks by himself."""
        if self.taken:
            self.store.forget_walks(self.name, self.run_id)

    def settle(self, conclusion: Conclusion) -> None:
        """Store what was concluded. What is held is remembered first: after a crash the next run looks again."""
        self.context.check()
        self.forget_walks()  # it may call things present that are marked as absent from here on
        if conclusion.held is not None:
            self.store.hold(conclusion.held)
        if conclusion.moved:
            self.keep(Page(conclusion.moved))
        unobserved = {id_: why for id_, why in conclusion.absences.items() if why is Absence.UNOBSERVED}
        proven = {id_: why for id_, why in conclusion.absences.items() if why is not Absence.UNOBSERVED}
        if unobserved:
            self.store.mark_absent(self.run_id, self.name, unobserved, self.context.now)
        if proven:
            if self.ahead is not None:
                self.ahead.give_up()  # what rests on a release that is gone must not bear its name
            self.absent = self.store.mark_absent(self.run_id, self.name, proven, self.context.now)

    def result(self, finished_at: datetime, error: str | None = None, hint: str = "") -> SourceResult:
        """What the run got from the source; ``error`` is None when it was read to its end."""
        return SourceResult(
            source=self.name,
            outcome=SourceOutcome.COMPLETE if error is None else SourceOutcome.FAILED,
            started_at=self.context.now,
            finished_at=finished_at,
            pages=self.pages,
            read=self.read,
            changed=self.changed,
            absent=self.absent,
            set_aside=self.set_aside,
            error=error or "",
            hint=hint,
        )


def read_source(
    store: Store,
    run_id: int,
    name: str,
    options: SourceOptions,
    context: ReadContext,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    full: bool = False,
    ahead: LinkedAhead | None = None,
    failed: Callable[[DriftlineError], None] | None = None,
    walks: Sequence[Walk] = (),
) -> SourceResult:
    """Read one source to its end and say how that went; ``ahead`` links what comes, ``failed`` is told an error.

    ``walks`` are what others walked of it in the same run; what of them is in any doubt is walked again.

    Never raises for what a source does: its error is in the result, and what is stored of it stays as it was. Raises
    InterruptedRunError when somebody asked to stop, and StateError when the store cannot be used.
    """
    context, asked = after_parts(context, walks), sum(walk.requests for walk in walks)
    reading = Reading(store, run_id, name, context, progress, ahead=ahead, walks=walks)
    try:
        with spending(store, name, options, clock=clock, zone=context.zone, before=asked) as spend:
            deadline = Deadline.begin(name, options.deadline)
            reading.context = replace(context, known=reading.known, spend=spend, deadline=deadline)
            drift = _read(reading, options, full=full)
    except (InterruptedRunError, StateError):
        raise
    except DriftlineError as failure:
        if failed is not None:
            failed(failure)
        if isinstance(failure, SourceContentError):  # perhaps it is what others walked that does not fit
            reading.forget_walks()
        forget_left_out(store, name)
        store.fail_source(run_id, name, failure.summary, now=context.now)
        result = reading.result(clock(), failure.summary, failure.problems[0].hint if failure.problems else "")
    except Exception as failure:  # one source must never stop the others
        log.error("source.crashed", source=name, error=crash_site(failure))
        error = f"unexpected {type(failure).__name__} while reading"
        forget_left_out(store, name)
        store.fail_source(run_id, name, error, now=context.now)
        result = reading.result(clock(), error, "the log tells where; please report it")
    else:
        result = reading.result(clock(), drift.summary, drift.problems[0].hint) if drift else reading.result(clock())
    _say(result)
    return result


def _read(reading: Reading, options: SourceOptions, *, full: bool) -> SchemaDriftError | None:
    """Read a source to its end, without fields that drifted where the rest can be told; give the drift then."""
    try:
        with closing(connector_type(options.kind)(reading.name, options, reading.context)) as connector:
            _read_everything(reading, connector, full=full)
        return None
    except SchemaDriftError as drift:
        with reading_the_rest(reading.name, options, reading.context, drift) as connector:
            reading.left_out = drift.fields
            _read_everything(reading, connector, full=full, drift=drift)
        return drift


def _read_everything(
    reading: Reading, connector: Connector, *, full: bool, drift: SchemaDriftError | None = None
) -> None:
    """Read one source to its end, then say what may be concluded.

    The cursor moves when every page of the visible containers was read, also while a loss is held or a container is
    lost: what changed elsewhere is not read again and again. Whatever is out of sight is read in full when it is back.
    """
    store, name = reading.store, connector.name
    stored = store.cursor(name)
    trust = Trust.of(store, connector, stored)
    hold_drifted(store, connector)
    if trust.stranger:
        _read_as_stranger(reading, connector, stored, trust, full=full)
    roster = list(connector.roster())
    complete = full or is_complete(store, connector, roster, stored, trust, drifted=drift is not None)
    start = None if complete or stored is None else stored.cursor
    if drift is None:
        reading.take_over(connector, roster, start, trust)
    reading.walk(connector, start)
    census = take_census(connector, reading.seen) if complete or trust.approval or store.held(name) else None
    if census and not complete and unread(store, name, census):
        # What was out of sight is back, and nobody knows what changed there meanwhile.
        complete, connector.only = True, None
        reading.walk(connector, None)
    not_given = make_up(connector, census, reading.seen, reading.keep) if census and complete else {}
    conclusion = _conclude(reading, connector, roster, census, trust)
    conclusion = replace(conclusion, absences={**not_given, **conclusion.absences})
    trust.confirm(connector)
    problems = _problems(census.roster if census else roster, conclusion.held, name)
    reading.settle(conclusion)
    store.finish_source(
        reading.run_id,
        name,
        connector.next_cursor(),
        full=complete,
        now=reading.context.since,
        identity=trust.who or trust.before,
        containers=visible(roster) & visible(census.roster if census else roster),
        error=problems[0].message if problems else drift.summary if drift else "",
    )
    if drift:
        note_left_out(store, name, drift.fields)
    else:
        keep_shape(store, connector)
    trust.use_up(store, reading.context.now, held=conclusion.held)
    if conclusion.held is None:
        store.release(name)
    if problems:
        raise SourceGoneError(*problems)


def _conclude(
    reading: Reading, connector: Connector, roster: Sequence[Container], census: Census | None, trust: Trust
) -> Conclusion:
    """What a census proves; without one only that the containers which are not visible withhold their records."""
    if census is None:
        return Conclusion(withheld(reading.store, connector.name, roster))
    return conclude(
        reading.store,
        connector,
        census,
        reading.keep,
        run_id=reading.run_id,
        approved=trust.approved_losses,
    )


def visible(roster: Sequence[Container]) -> frozenset[str]:
    return frozenset(container.id for container in roster if container.state == VISIBLE)


def _read_as_stranger(
    reading: Reading, connector: Connector, stored: StoredCursor | None, trust: Trust, *, full: bool
) -> NoReturn:
    """Take what another account shows, conclude nothing from what it does not show, and leave the cursor where it is.

    So whatever the account before would have seen is read as soon as it is back.
    """
    reading.walk(connector, None if full or stored is None else stored.cursor)
    trust.confirm(connector)
    held = trust.doubt(connector)
    reading.store.hold(held)
    trust.use_up(reading.store, reading.context.now, held=held)
    raise SourceAuthError(held.reason, location=connector.name, hint=to_approve(connector.name))


def _problems(roster: Sequence[Container], held: Held | None, name: str) -> list[Problem]:
    """Why a source that was read to its end still does not count as completely read."""
    lost = [container for container in roster if container.state == LOST]
    problems = [
        container.problem or Problem(f"{name} does not show {container.name} any more", name, _ask_for_access(name))
        for container in lost
    ]
    if len(problems) > 1:
        others = f"{len(problems) - 1} more {'is' if len(problems) == 2 else 'are'} lost"
        problems[0] = replace(problems[0], message=f"{problems[0].message}; {others}")
    if held is not None:
        problems.append(Problem(held.reason, name, to_approve(name)))
    return problems


def _ask_for_access(name: str) -> str:
    return f"give the account access again, or take it out of the settings; see: driftline sources probe {name}"


def is_complete(
    store: Store,
    connector: Connector,
    roster: Sequence[Container],
    stored: StoredCursor | None,
    trust: Trust,
    *,
    drifted: bool = False,
) -> bool:
    """Whether everything is to be read, and not only what changed since the stored cursor."""
    if trust.newly_approved or (not drifted and shape_is_new(store, connector)):
        return True
    return _full_read_due(stored, visible(roster), connector)


def _narrowed(connector: Connector, cursor: Cursor | None) -> Iterable[Page]:
    return connector.changed(cursor) if connector.only != frozenset() else ()


def _full_read_due(stored: StoredCursor | None, visible: AbstractSet[str], connector: Connector) -> bool:
    """Time for a full read.

    Also after the clock ran ahead, because that cursor would hide what changes until then (S8); and when a container
    is visible that was not walked last time, because the cursor tells nothing about it.
    """
    now = connector.context.since
    if stored is None or stored.full_at is None or stored.read_at > now:
        return True
    if stored.containers is None or visible - stored.containers:
        return True
    return now - stored.full_at >= connector.options.full_every


def _say(result: SourceResult) -> None:
    """One line per source and run."""
    counts = {
        "source": result.source,
        "read": result.read,
        "changed": result.changed,
        "absent": result.absent,
        "set_aside": result.set_aside,
    }
    if result.outcome is SourceOutcome.COMPLETE:
        log.info("source.read", **counts)
    else:
        log.warning("source.failed", **counts, error=result.error, hint=result.hint)
