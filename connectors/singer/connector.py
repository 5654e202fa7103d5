"""The connector for Singer taps: each question runs the tap as a program of its own and reads what it writes."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.singer.catalog import Catalog, parse_catalog, require
from connectors.singer.discovery import discovered, sampled
from connectors.singer.options import SingerOptions
from connectors.singer.private import PrivateFolder
from connectors.singer.process import TapCall, TapProcess
from connectors.singer.redaction import Redaction
from connectors.singer.run import Seen, TapRun, Told
from connectors.singer.secrets import plain, secret_texts
from model.errors import Problem, SourceContentError, SourceGoneError, SourceUnavailableError
from model.reading import Container, Cursor, Discovery, Missing, Page, Probe
from model.records import Absence, Record

_ALWAYS_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
_MEGABYTE = 1_048_576
_SAMPLE_SECONDS = 60.0
_SAMPLE_RECORDS = 5_000


class SingerConnector(Connector):
    """Any system for which there is a Singer tap. The tap is installed by the administrator in an environment of its
    own and runs as a program of its own; a stream is a container."""

    kind: ClassVar[str] = "singer"
    options_type: ClassVar[type[SourceOptions]] = SingerOptions
    options: SingerOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        if not isinstance(options, SingerOptions):
            raise TypeError("a singer source takes SingerOptions")
        super().__init__(name, options, context)
        self._passed = {key: os.environ[key] for key in (*_ALWAYS_PASSED, *options.environment) if key in os.environ}
        secrets = secret_texts(options.config, options.config_file)
        self._redact = Redaction([*secrets, *(self._passed[key] for key in options.environment if key in self._passed)])
        self._folder: PrivateFolder | None = None
        self._catalog: Catalog | None = None
        self._processes: list[TapProcess] = []
        self._whole: dict[str, Seen] | None = None
        self._state: Any = None

    def probe(self) -> Probe:
        """Ask the tap what it has, and for the first record of each mapped stream."""
        catalog = self._known_catalog()
        drifted = [problem for _, problem in catalog.drift(self.options)]
        problems = [*catalog.missing(self.options), *drifted]
        samples = {} if drifted else self._samples(problems)
        return Probe(
            identity="",  # a tap has no way to tell who it signs in as
            server=f"the tap {self.options.tap[0]}",
            containers=[*self.roster()],
            counts=sampled(catalog, self.options, samples),
            problems=problems,
        )

    def discover(self) -> Discovery:
        return discovered(self._known_catalog(), self.options)

    def identity(self) -> str:
        """Nobody: a tap has no way to tell who it signs in as."""
        return ""

    def shape(self) -> Mapping[str, str]:
        catalog = self._known_catalog()
        require(catalog.drift(self.options), self.name)
        return catalog.shape(self.options)

    def roster(self) -> Iterable[Container]:
        lost = {problem.location: problem for problem in self._known_catalog().missing(self.options)}
        for stream in self.options.streams:
            problem = lost.get(f"{self.name}: streams.{stream}")
            yield Container(stream, stream, "lost" if problem else "visible", problem)

    def changed(self, cursor: Cursor | None) -> Iterator[Page]:
        """Run the tap with the state of the cursor; without one it tells everything."""
        state = _state_of(cursor)
        run = self._run(state)
        yield from run.pages()
        self._state = run.state if run.state is not None else state
        if state is None:
            self._whole = run.seen

    def census(self, container: Container) -> Iterator[str]:
        """The ids that a run without state told, this connector's own or one that is made for it."""
        if container.id not in self.options.streams:
            raise SourceGoneError(
                f"the stream {container.id} is not among those of {self.name}",
                location=self.name,
                hint="add it to streams:, or forget its records",
            )
        seen = self._seen_whole().get(container.id)
        if seen is None:
            raise SourceGoneError(
                f"the tap of {self.name} does not offer the stream {container.id}",
                location=f"{self.name}: streams.{container.id}",
                hint=f"see what it has with: driftline sources discover {self.name}",
            )
        self._require_named(container.id, seen)
        yield from sorted(seen.ids)

    def fetch(self, native_ids: Sequence[str]) -> Iterator[Record | Missing]:
        """A tap cannot be asked for single records: what a run without state does not tell is gone, and for what it
        does tell it is run again."""
        if self._whole is not None and not self._told_by(self._whole) & set(native_ids):
            yield from self._of_lost_streams(native_ids, self._whole)
            return
        run, wanted = self._run(None), set(native_ids)
        with contextlib.closing(run.told()) as told:
            found = {one.record.native_id: one.record for one in told if one.record and one.record.native_id in wanted}
        self._whole = run.seen
        present = self._told_by(run.seen) & wanted
        for stream, seen in run.seen.items():
            for native_id in sorted(present & set(seen.aside) - set(found)):
                # It is there, so leaving it out would tell that it is gone.
                raise SourceContentError(
                    f"{native_id} cannot be read: {seen.aside[native_id]}",
                    location=f"{self.name}: streams.{stream}",
                    hint="mend the record in the system itself, or the options of its stream",
                )
        yield from (found[native_id] for native_id in dict.fromkeys(native_ids) if native_id in present)
        yield from self._of_lost_streams(native_ids, run.seen)

    def _of_lost_streams(self, native_ids: Sequence[str], run: Mapping[str, Seen]) -> Iterator[Missing]:
        """What belongs to a stream that the tap does not offer any more: nobody knows whether it is gone."""
        lost = tuple(f"{stream}/" for stream in self.options.streams if stream not in run)
        yield from (Missing(native_id, Absence.ACCESS_LOST) for native_id in native_ids if native_id.startswith(lost))

    def _told_by(self, run: Mapping[str, Seen]) -> set[str]:
        """The ids of a whole run; raise SourceContentError when it has records without one."""
        for stream, seen in run.items():
            self._require_named(stream, seen)
        return set().union(*(seen.ids for seen in run.values()))

    def next_cursor(self) -> Cursor:
        """The last state that the tap told in this run, as JSON; null when it tells none."""
        return Cursor(json.dumps(self._state))

    def close(self) -> None:
        """End what still runs and remove the files that the tap was given."""
        for process in self._processes:
            process.close()
        self._processes = []
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _require_named(self, stream: str, seen: Seen) -> None:
        """Raise SourceContentError when a record of the stream has no readable id: it may be the one that lacks."""
        if seen.unnamed:
            raise SourceContentError(
                f"{seen.unnamed} records of {stream} have no readable id, so they cannot be counted",
                location=f"{self.name}: {seen.first_unnamed}",
                hint="name other fields in id:, or mend these records in the system itself",
            )

    def _seen_whole(self) -> dict[str, Seen]:
        if self._whole is None:
            run = self._run(None)
            for _ in run.told():
                pass
            self._whole = run.seen
        return self._whole

    def _samples(self, problems: list[Problem]) -> dict[str, Told]:
        """The first readable record of each stream, within a minute and some thousand records."""
        run = self._run(None)
        found: dict[str, Told] = {}
        read, ends_at = 0, time.monotonic() + _SAMPLE_SECONDS
        with contextlib.closing(run.told()) as told:
            for read, one in enumerate(told, start=1):
                if one.record is not None:
                    found.setdefault(one.stream, one)
                elif one.set_aside is not None and one.stream not in found and len(problems) < 20:
                    problems.append(
                        Problem(f"a record would be set aside: {one.set_aside.reason}", one.set_aside.location)
                    )
                if len(found) == len(run.seen) or read >= _SAMPLE_RECORDS or time.monotonic() > ends_at:
                    break
        return found

    def _run(self, state: Any) -> TapRun:
        """Prepare a run of the tap over the mapped streams that it offers."""
        catalog = self._known_catalog()
        require(catalog.drift(self.options), self.name)
        streams = [stream for stream in self.options.streams if catalog.entry(stream) is not None]
        if not streams:
            raise SourceGoneError(*catalog.missing(self.options), location=self.name)
        folder = self._opened_folder()
        extra = ["--properties" if self.options.properties else "--catalog"]
        if self.options.catalog is not None:
            extra.append(str(self.options.catalog))
        else:
            extra.append(str(folder.write(f"catalog-{len(self._processes)}.json", catalog.selected(self.options))))
        if state is not None:
            extra += ["--state", str(folder.write(f"state-{len(self._processes)}.json", state))]
        process = self._process(extra, "reading")
        names = catalog.names(self.options)
        return TapRun(self.name, self.options, self.context, process, names=names, streams=streams, redact=self._redact)

    def _known_catalog(self) -> Catalog:
        if self._catalog is None:
            self.context.check()
            self._catalog = parse_catalog(self.name, self._catalog_text())
        return self._catalog

    def _catalog_text(self) -> bytes:
        if self.options.catalog is not None:
            try:
                return self.options.catalog.read_bytes()
            except OSError as error:
                raise SourceUnavailableError(
                    f"the catalog {self.options.catalog} cannot be read: {error.strerror}",
                    location=f"{self.name}: catalog",
                    hint="make it readable, or leave catalog: out and let the tap be asked",
                ) from error
        text = bytearray()
        with contextlib.closing(self._process(["--discover"], "discovery").lines()) as lines:
            for line in lines:
                text += line + b"\n"
                if len(text) > self.options.http.largest_answer_megabytes * _MEGABYTE:
                    raise SourceContentError(
                        f"the catalog of {self.name} is larger than {self.options.http.largest_answer_megabytes} MB",
                        location=self.name,
                        hint="raise http: largest_answer_megabytes",
                    )
        return bytes(text)

    def _process(self, extra: Sequence[str], doing: str) -> TapProcess:
        folder = self._opened_folder()
        program = shutil.which(self.options.tap[0], path=self._passed.get("PATH", os.defpath)) or self.options.tap[0]
        config = self.options.config_file or folder.path / "config.json"
        arguments = [program, *self.options.tap[1:], "--config", str(config), *extra]
        call = TapCall(self.name, arguments, folder.path, self._passed, doing)
        process = TapProcess(call, self.options.http, self.context, self._redact)
        self._processes.append(process)
        return process

    def _opened_folder(self) -> PrivateFolder:
        if self._folder is None:
            try:
                folder = self._folder = PrivateFolder()
            except OSError as error:
                raise SourceUnavailableError(
                    f"no private folder can be made for the files of the tap: {error.strerror}",
                    location=self.name,
                    hint="see that the directory for temporary files (TMPDIR) has room and can be written to",
                ) from error
            if self.options.config_file is None:
                folder.write("config.json", plain(self.options.config))
        return self._folder


def _state_of(cursor: Cursor | None) -> Any:
    """The tap's state in a cursor; None, so that everything is read, when it holds none or cannot be understood."""
    if cursor is None:
        return None
    try:
        return json.loads(cursor.position)
    except ValueError:
        return None
