"""An edited configuration: taken only when it is sound as a whole; otherwise the last good one stays in force."""

import glob
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from config.files import MOST_FILES, read_file
from config.load import Configuration
from mapping.document import parse
from model.errors import Problem, UserError
from model.findings import Transition
from model.mapping_changes import RefusedConfiguration
from pipeline.admin_mail import tell_admin
from pipeline.crash import crash_site
from pipeline.judge import judge_and_keep
from pipeline.mapping_change import link_and_record
from state.store import Store

log = structlog.get_logger("driftline.configuration")

TRY_AGAIN_SECONDS = 60.0
"""How often refused files are loaded again although none of those that are watched changed: a file that only the
refused settings name is not watched, and a secret may be there by now."""
MOST_PROBLEMS = 20
"""Problems of a refused configuration that are kept and mailed; ``driftline check`` tells all."""

Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(slots=True)
class Reloader:
    """Watches the files of a configuration and loads them anew, off to the side, when they changed.

    A file is loaded once it lies still from one look to the next, so that one that is being written is not taken for
    what it will be. ``load`` gives the checked configuration with its secrets, or raises UserError.
    """

    store: Store
    load: Callable[[], Configuration]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    _seen: Signature = ()
    _settling: bool = True
    _refused: str = ""
    """The problems that were found last; empty while nothing is refused."""
    _since: datetime | None = None
    _told: set[str] = field(default_factory=set)
    """All problems that were told since then."""
    _tried: float = 0.0

    def begin(self, active: Configuration) -> None:
        """Take up the configuration that the program was started with: it is sound."""
        self._seen = signature(active)
        if self.store.refused_configuration() is not None:
            self.store.set_refused_configuration(None)

    def look(self, active: Configuration, *, at_once: bool = False) -> Configuration | None:
        """The configuration to go on with when it is another one than the active; None otherwise.

        ``at_once`` loads whatever the files look like, and gives what is sound even if its text is the same, because
        a secret may have changed.
        """
        if not (at_once or self._is_time(signature(active))):
            return None
        self._tried = self.monotonic()
        try:
            loaded = self.load()
            self._check_unchangeable(active, loaded)
        except UserError as error:
            self._refuse(active, error.problems)
            return None
        except Exception as failure:  # nothing that somebody writes into a file may end the daemon (F1)
            self._refuse(active, (Problem(f"the files cannot be loaded: {crash_site(failure)}"),))
            return None
        self._accept(active, loaded)
        return loaded if at_once or loaded.fingerprint != active.fingerprint else None

    def _is_time(self, now: Signature) -> bool:
        if now != self._seen:
            self._seen, self._settling = now, True
            return False
        if self._settling:
            self._settling = False
            return True
        return bool(self._refused) and self.monotonic() - self._tried >= TRY_AGAIN_SECONDS

    def _refuse(self, active: Configuration, problems: tuple[Problem, ...]) -> None:
        """Note and tell it, once for each different set of problems (F10)."""
        told = hashlib.blake2b("\n".join(map(str, problems)).encode(errors="replace"), digest_size=8).hexdigest()
        if told == self._refused:
            return
        since = self._since = self._since or self.clock()
        refused = RefusedConfiguration(since, problems[:MOST_PROBLEMS], active.mapping.fingerprint)
        self.store.set_refused_configuration(refused)
        if told not in self._told:
            first = problems[0] if problems else Problem("unknown")
            log.error(
                "configuration.refused",
                error=first.message,
                location=first.location,
                problems=len(problems),
                active=refused.active,
            )
            tell_admin(self.store, active, refused, told)
        self._told.add(told)
        self._refused = told

    def _accept(self, active: Configuration, loaded: Configuration) -> None:
        if self._refused:
            self._refused, self._since = "", None
            self._told.clear()
            self.store.set_refused_configuration(None)
            log.info("configuration.sound_again", active=loaded.mapping.fingerprint)
        if loaded.fingerprint != active.fingerprint:
            before, after = active.settings, loaded.settings
            later = {"log": before.log != after.log, "service.traces": before.service.traces != after.service.traces}
            log.info(
                "configuration.taken",
                before=active.mapping.fingerprint,
                after=loaded.mapping.fingerprint,
                at_the_next_start=", ".join(name for name, differs in later.items() if differs),
            )

    def _check_unchangeable(self, active: Configuration, loaded: Configuration) -> None:
        """Raise UserError for what only a restart can change."""
        before, after = active.settings, loaded.settings
        changed = [
            loc
            for loc, differs in (
                (("state", "url"), before.state.url != after.state.url),
                (("clock",), before.clock != after.clock),
            )
            if differs
        ]
        if changed:
            document = parse(read_file(loaded.files[0]))
            hint = "start the daemon anew, or put the old value back"
            said = "cannot change while the daemon runs"
            raise UserError(*(document.problem(loc, f"{'.'.join(loc)} {said}", hint) for loc in changed))


def signature(active: Configuration) -> Signature:
    """How the files of a configuration lie on the disk, those included that its patterns name by now and the
    workbooks of its lookup tables."""
    return tuple(sorted(_stated({*active.files, *active.sheets, *_named(active)})))


def _named(active: Configuration) -> Iterator[Path]:
    for pattern in (*active.settings.objectives, *active.settings.mapping, *active.settings.checks):
        with suppress(OSError, ValueError):
            for number, name in enumerate(glob.iglob(pattern, root_dir=active.root, recursive=True)):
                if number > MOST_FILES:
                    break
                yield active.root / name


def _stated(paths: set[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            yield str(path), 0, 0, 0
        else:
            yield str(path), found.st_mtime_ns, found.st_size, found.st_ino


def conclude_anew(store: Store, configuration: Configuration, *, now: datetime) -> tuple[Transition, ...]:
    """Link and judge what is stored with a configuration that was just taken; no source is asked."""
    if not store.has_baseline():
        return ()
    _, reach = link_and_record(store, configuration, now=now)
    return judge_and_keep(store, configuration, None, now=now, reach=reach)
