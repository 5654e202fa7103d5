"""The contract between Driftline and a system it reads.

SOURCE     one configured account or file
RECORD     one thing in it, normalised (``model/records.py``)
CONTAINER  what groups records and can be listed completely: a project, an object, a sheet
CURSOR     how far the source has been read

A connector may repeat a record; it may never leave one out and still end normally. Whatever it cannot read it raises:
an empty answer and an answer that could not be read are never the same thing.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.deadline import Deadline
from connectors.skew import ClockSkew
from connectors.timetable.blackout import BlackoutOptions
from connectors.timetable.options import BudgetOptions, CronText
from model.errors import InterruptedRunError
from model.options import Duration, Options, format_duration
from model.reading import Container, Cursor, Discovery, Missing, Page, Probe
from model.records import Record
from model.spans import OpenSpan, span


class HttpOptions(Options):
    """How patiently a source is called."""

    connect_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """How long to wait for a connection."""
    read_timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long to wait between two pieces of an answer."""
    answer_deadline_seconds: Annotated[float, Field(gt=0)] = 120.0
    """How long one answer may take in total, however steadily it drips."""
    run_deadline_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """How long one reading of the source may take, waits included."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """How often one request is tried before the source counts as unavailable."""
    largest_answer_megabytes: Annotated[int, Field(ge=1)] = 64
    """An answer larger than this, once decompressed, is refused."""
    parallel: Annotated[int, Field(ge=1, le=32)] = 8
    """How many requests to the source may be under way at once."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """At most so many requests within any minute; without it only the source's own answers slow the reading down."""
    ca_file: str | None = None
    """A file with certificates to trust, for servers with a company's own certificate."""


_NIGHTS = [{"days": ["mon", "fri"], "from": "22:00", "until": "06:00"}]


class SourceOptions(Options):
    """What every source is configured with; each connector adds its own."""

    kind: str
    """Which connector reads it."""
    every: Duration = timedelta(minutes=15)
    """How often the daemon reads it, as 15m, 2h or 1d."""
    cron: Annotated[CronText | None, Field(examples=["30 6-18 * * mon-fri"])] = None
    """Instead of every, when the daemon reads it: minute, hour, day of the month, month and day of the week as cron
    knows them, in quotes, by the clock of the business zone. Weekdays are written by name; where both a day of the
    month and a weekday are given, both must fit. A source that was never read is read at once."""
    jitter: Annotated[Duration, Field(examples=["5m"])] = timedelta(0)
    """At most so much later the daemon begins, so that the sources do not all begin together: always by the same part
    of it, which the source's name decides, and never past the next time. With every it counts for the first reading
    after a start or a blackout; the others keep their distance."""
    blackout: Annotated[tuple[BlackoutOptions, ...], Field(examples=[_NIGHTS])] = ()
    """Windows of the week in which the daemon does not begin to read it. What was due meanwhile is read once, right
    after the window; a reading that is under way when one begins goes on."""
    budget: BudgetOptions | None = None
    """How much it may be asked; a reading that would ask more is put off until it may. Not for spreadsheets and Singer
    taps, whose requests are not counted."""
    deadline: Annotated[Duration | None, Field(ge=timedelta(seconds=1), examples=["45m"])] = None
    """How long one reading may take; one that takes longer fails, and the next begins when it is due. Left out:
    service.job_deadline ends the daemon."""
    overlap: Duration = timedelta(minutes=15)
    """How far an incremental read goes back behind the start of the last complete one."""
    full_every: Duration = timedelta(days=1)
    """How often everything is read anew instead of what changed."""
    shards: Annotated[int, Field(ge=1, le=32)] = 1
    """Into how many parts workers divide the reading. Each part has some of the projects, and is read as a job of its
    own, by as many workers as there are; parts beyond the number of projects stay empty. The daemon and driftline sync
    read all of it as one. Only for Jira and Asana."""
    owner: str | None = None
    """Who answers for the source when it cannot be read."""
    expires_on: date | None = None
    """The last day on which the token, key or password works, as the system showed it when it was made; most systems
    tell it at no other time (J34). The digest, the runs and the probe warn from 30 days before."""
    http: HttpOptions = HttpOptions()
    """Time-outs and retries."""

    counts_requests: ClassVar[bool] = True
    """Whether all requests of this kind of source go through ``connectors.http``, so that a budget can be kept."""
    shardable: ClassVar[bool] = False
    """Whether ``changed`` keeps to the containers in ``Connector.only``, so that several may walk a part each."""

    @property
    def rhythm(self) -> str:
        """How often it is read, in the words of the settings."""
        return self.cron or format_duration(self.every)


KnownAnswers = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Gives, by native id, the digests of the answers from which those stored records that are present were read."""


def _nothing_known(_native_ids: Sequence[str]) -> Mapping[str, bytes]:
    return {}


def _nothing_spent() -> None:
    """Without a budget nothing is counted."""


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a connector is given for one run: the time, the business zone and the wish to stop.

    ``stop`` is set when the daemon ends; connectors ``check`` between pages and ``wait`` instead of sleeping.
    """

    now: datetime
    zone: ZoneInfo
    stop: threading.Event = field(default_factory=threading.Event)
    begun: datetime | None = None
    """When the first part of this reading began, where others walked parts of it before."""
    beside: int = 1
    """How many readings like this one go on side by side at most; together they keep to the pace of one."""
    skew: ClockSkew = field(default_factory=ClockSkew, compare=False, repr=False)
    """What the answers showed of the server's clock."""
    known: KnownAnswers = field(default=_nothing_known, compare=False, repr=False)
    """Which answers need not be read again (see ``connectors.answers``); several threads may ask."""
    deadline: Deadline | None = field(default=None, compare=False, repr=False)
    """Until when the reading must have ended."""
    spend: Callable[[], None] = field(default=_nothing_spent, compare=False, repr=False)
    """To be called before each request; raises SourceRateLimitedError when the source's budget is used up. Several
    threads may call it."""
    span: OpenSpan = field(default=span, compare=False, repr=False)
    """Opens a span below the reading of this source; several threads may call it."""

    @property
    def since(self) -> datetime:
        """What changed in the source since then may not have been read."""
        return self.now if self.begun is None else min(self.begun, self.now)

    def check(self) -> None:
        """Raise InterruptedRunError when somebody asked us to stop, SourceUnavailableError past the deadline."""
        if self.stop.is_set():
            raise InterruptedRunError("stopped while a source was being read")
        if self.deadline is not None:
            self.deadline.check()

    def wait(self, seconds: float) -> bool:
        """Wait for so long; tell whether somebody asked us to stop. Raise SourceUnavailableError at the deadline."""
        if self.deadline is None:
            return self.stop.wait(seconds)
        stopped = self.stop.wait(min(seconds, self.deadline.left_seconds))
        if not stopped:
            self.deadline.check()
        return stopped


class Connector(ABC):
    """One system, read for one source during one run. Not shared between threads."""

    kind: ClassVar[str]
    """The word in ``kind:`` of a source, and the name of the connector's module."""
    options_type: ClassVar[type[SourceOptions]]
    """The typed options of a source of this kind."""
    only: frozenset[str] | None = None
    """The ids of the containers that ``changed`` is to walk; None: all of them. It narrows nothing else."""

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        """Keep the arguments. No connection is made before the first call."""
        self.name = name
        self.options = options
        self.context = context

    @abstractmethod
    def probe(self) -> Probe:
        """Tell who we are there and what we see; problems that do not stop a read are listed in it.

        Raise SourceAuthError when the source does not know us, even if it answers politely (J23, S6), and another
        SourceError when it cannot be asked.
        """

    def discover(self) -> Discovery | None:
        """Tell which containers and fields could be configured; None where a kind of source does not offer it.

        Works also while the configured containers or fields are wrong: it is what helps to put them right. Raise
        SourceError when the source cannot be asked.
        """
        return None

    @abstractmethod
    def identity(self) -> str:
        """Who the source says that we are, asked anew at every call: an account id, never a name that people change.

        The run asks before the first and after the last page and concludes nothing when the answers differ (J23). A
        source without a sign-in, as a file, answers an empty text. Raise SourceAuthError when the source does not know
        us.
        """

    def shape(self) -> Mapping[str, str]:
        """What each configured field is at the source now: our name for it, and the source's id and type of it.

        A field whose entry differs from that of the last complete read means something else now (S9). Raise
        SchemaDriftError for fields that are missing or ambiguous.
        """
        return {}

    @abstractmethod
    def roster(self) -> Iterable[Container]:
        """List every configured container, archived ones included.

        One that the source does not show has the state ``lost`` and says in ``problem`` what to do: it may have been
        deleted, or access to it lost, and which of the two cannot be known. ``changed`` and ``side_tables`` leave
        containers out that are not visible; the run reads the others and then counts the source as not completely read.
        """

    @abstractmethod
    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        """Yield pages of records changed since the cursor, or of all records when it is None.

        At least once: a record may come twice, none may be missing. Raise SourceError when the walk did not reach its
        end; a record that cannot be normalised goes to ``Page.set_aside``. One whose answer is the same as the one
        that ``context.known`` tells may go to ``Page.unchanged`` without being read.
        """

    def side_tables(self) -> Iterable[Page]:
        """Yield what an incremental read is blind to, in full on every run: versions, sprints (J19)."""
        return ()

    def everything(self) -> Iterable[Page]:
        """Yield what ``side_tables`` and ``changed(None)`` yield together, in one walk where the source allows it."""
        yield from self.side_tables()
        yield from self.changed(None)

    @abstractmethod
    def census(self, container: Container) -> Iterable[str]:
        """Yield the native ids of all records of one container; complete, or raise SourceError.

        Side tables are part of the census of the container they belong to.
        """

    @abstractmethod
    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record | Missing]:
        """Yield those of the records that exist, wherever they are now; what is gone is left out.

        One that exists but cannot be read, or not any more as part of what we read, is a Missing that says why: access
        to it lost, archived, or no longer matching our filter. Used to tell the classes of absence apart. Raise
        SourceError when the question could not be answered.
        """

    def next_cursor(self) -> Cursor:
        """The cursor to store after the last page: the start of this run minus the overlap, in UTC.

        The source stamps changes by its own clock: where that is slow, the cursor goes back as far (S8).
        """
        return Cursor((self.context.since - self.options.overlap - self.context.skew.behind).isoformat())

    def walks(self, container: str) -> bool:
        """Whether ``changed`` is to walk a container, by its id."""
        return self.only is None or container in self.only

    def close(self) -> None:  # noqa: B027 - most connectors have nothing to let go of
        """Let go of connections and files."""
