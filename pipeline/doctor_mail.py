"""The way of the mails under examination: connect, encrypt, sign in, and leave without sending."""

from collections.abc import Iterator
from pathlib import Path

from config.secrets import resolve
from digest.deliver import Sender
from model.deliveries import DeliveryState
from model.errors import ConfigurationError, DeliveryError
from pipeline.doctor import Diagnosis, Patient, failed, ok, warning
from state.backup import RESTORED
from state.engine import parse_url
from state.schema import is_there
from state.store import Store

LONGEST_WAIT_SECONDS = 10.0
"""How long an answer is waited for: somebody sits and looks on."""


def mail(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the mail server would take our mails, and what waits."""
    yield from _way(patient)
    if is_there(parse_url(patient.url)):
        with Store.open(patient.url) as store:
            yield from _waiting(store)


def _way(patient: Patient) -> Iterator[Diagnosis]:
    settings = patient.configuration.settings
    if settings.mail is None:
        if any(options.recipients for options in settings.digests.values()):
            yield failed("mail", "there are digests and no mail server", "add mail: to the settings")
        else:
            yield ok("mail", "no mail server is set, and no digest needs one")
        return
    try:
        options = resolve(settings.mail, environment=patient.environment, root=Path(patient.configuration.root))
    except ConfigurationError as error:
        yield failed("mail", f"mail.{error.problems[0].location}: {error.summary}", error.problems[0].hint)
        return
    wait = min(options.smtp.timeout_seconds, LONGEST_WAIT_SECONDS)
    smtp = options.smtp.model_copy(update={"timeout_seconds": wait})
    where = f"{smtp.host}:{smtp.effective_port}"
    try:
        Sender(smtp, options.sender).try_out()
    except DeliveryError as error:
        yield failed("mail", error.summary, error.problems[0].hint)
        return
    kept = "unencrypted, on this machine" if smtp.security.value == "none" else f"encrypted ({smtp.security.value})"
    signed = f"signed in as {smtp.username}" if smtp.username else "without signing in"
    yield ok("mail", f"{where} answers, {kept}, {signed}")


def _waiting(store: Store) -> Iterator[Diagnosis]:
    rows = store.deliveries(states={DeliveryState.READY, DeliveryState.UNKNOWN}, messages=False)
    held = sum(1 for row in rows if row.error == RESTORED)
    if held:
        yield warning("mail", f"{held} held since a backup was restored", "to send them: driftline digest resend")
    refused = next((row for row in rows if row.error and row.error != RESTORED), None)
    if refused is not None:
        said = f"{len(rows) - held} waiting; the mail server said: {refused.error}"
        yield warning("mail", said, "driftline digest resend tries again at once")
