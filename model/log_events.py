"""Every line that the log can hold: what it means, and what whoever reads it is to do."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of line in words; ``action`` is empty where nothing is to be done."""

    meaning: str
    action: str = ""


_LOOK = "Run `driftline status`; nothing is lost, the next attempt comes by itself."
_REPORT = "It is a mistake in Driftline: report it with this line, which holds no foreign text."

LOG_EVENTS: Mapping[str, LogEvent] = {
    "approval.given": LogEvent("Somebody approved what is held about a source; the next run believes it."),
    "approval.used": LogEvent(
        "A run used an approval. With `held_again` something else is held since then.",
        "With `held_again`: look at `driftline sources approve`.",
    ),
    "clock.set_back": LogEvent(
        "The clock of this machine went back while the daemon ran; due times were moved with it.",
        "Once is harmless. When it comes again, mend the time service of the machine.",
    ),
    "configuration.refused": LogEvent(
        "Edited files have mistakes and are not taken; what was loaded last stays in force.",
        "Run `driftline check` and mend what it names; the files are taken by themselves then.",
    ),
    "configuration.sound_again": LogEvent("Files that were refused are in order again."),
    "configuration.taken": LogEvent(
        "Edited files are in force now. `at_the_next_start` names what takes effect only then."
    ),
    "daemon.started": LogEvent("The daemon owns the state and begins to work."),
    "daemon.stopped": LogEvent(
        "The daemon ended. With `clean` false something did not end in time and is done again at the start."
    ),
    "dead_man.failed": LogEvent(
        "The address of `service.dead_man_url` did not answer well; the address itself is a key and is not told.",
        "See that this machine reaches it. Reading and mails go on; the service behind it may raise its alarm.",
    ),
    "digest.composed": LogEvent("A digest for a slot was put into the outbox, one mail for each recipient."),
    "digest.empty": LogEvent("There was nothing to tell for a slot, for the `reason` told; no mail goes out."),
    "finding.accepted": LogEvent("Somebody accepted a finding until a day."),
    "finding.acknowledged": LogEvent("Somebody looks after a finding."),
    "finding.decided": LogEvent("A decision about one or more findings was recorded."),
    "job.crashed": LogEvent("A job ended by an error that nobody foresaw; the daemon goes on.", _REPORT),
    "job.failed": LogEvent(
        "A job could not be done, for the reason in `error`; it is tried again at its next time.",
        "Mend what the error names; `driftline doctor` looks at everything around.",
    ),
    "job.hangs": LogEvent(
        "A job goes on beyond `service.job_deadline`; the process ends so that the service manager starts it anew.",
        "See that the service restarts. When it is the same source again and again, let it read less.",
    ),
    "job.interrupted": LogEvent("A job was asked to end before it was done; it is done again at its next time."),
    "job.taken_over": LogEvent(
        "A worker is gone that had a job in hand; another one does it.",
        "Look why that worker ended: its own log, or that of its machine.",
    ),
    "job.was_taken_over": LogEvent(
        "This worker was silent for so long that another one took a job of it; what it still wrote was refused.",
        "Once is harmless. When it comes again, the machine is overloaded or the database hard to reach.",
    ),
    "mail.crashed": LogEvent("A mail could not be sent by an error that nobody foresaw; the others were.", _REPORT),
    "mail.given_up": LogEvent(
        "A message waited for five days and is not tried any more. What nobody was told stands in the next digest.",
        "Mend the mail path; `driftline doctor` tries it.",
    ),
    "mail.refused": LogEvent(
        "A message was not accepted. `state` tells what comes: `ready` is tried again, `unknown` may have arrived and "
        "is sent again under the same Message-ID unless `mail.on_ambiguous` holds it, `failed` is not tried again.",
        "For `failed`: correct the address. For an `unknown` that is held: `driftline digest resend`. Otherwise wait.",
    ),
    "mail.sent": LogEvent("The mail server or the channel accepted a message."),
    "mapping.changed": LogEvent(
        "Objectives or rules changed, and records were linked anew; `driftline plan --log` tells more."
    ),
    "notice.composed": LogEvent("A notice of what cannot wait was put into the outbox."),
    "notice.crashed": LogEvent("A notice could not be composed; the next digest tells its news in any case.", _REPORT),
    "notice.held_back": LogEvent("A recipient's budget is used up; a digest within the budget tells the news."),
    "notice.waits": LogEvent("The audience had as many notices today as it may have; the digest tells the rest."),
    "queue.lost": LogEvent(
        "A worker lost the database or its place among the workers, and ends to be started anew.",
        "See that the service restarts, and that PostgreSQL can be reached.",
    ),
    "reading.takes_longer_than_its_interval": LogEvent(
        "A source was due while it was still being read; it is read once more afterwards, not twice at a time.",
        "Lengthen `every` of the source, or let it read less; [sizing](../how-to/size-it.md) has figures.",
    ),
    "records.linked": LogEvent("Changed records were linked to objectives by the rules."),
    "round.crashed": LogEvent(
        "What was read could not be judged by an error that nobody foresaw; the next round judges it.", _REPORT
    ),
    "round.opened": LogEvent("A worker has put the sources that are due into the queue."),
    "run.finished": LogEvent(
        "One pass is over: the sources that were due, and what was judged. One line for each run."
    ),
    "service.crashed": LogEvent(
        "A question to the health address could not be answered; the work is not touched.", _REPORT
    ),
    "service.listens": LogEvent("Health and metrics can be asked for at this address."),
    "service.refused": LogEvent(
        "Somebody asked the health address without `service.token`, or with a wrong one; told at most once a minute.",
        "Give the token to the monitoring that `caller` names; if that is not yours, close the port to it.",
    ),
    "shard.crashed": LogEvent(
        "A part of a source could not be read by an error that nobody foresaw; it is tried again, and then read with "
        "the rest of the source.",
        _REPORT,
    ),
    "shard.failed": LogEvent(
        "A worker could not read a part of a source. It is tried again where that may help; what was given up is read "
        "with the rest of the source, which says so if that fails as well.",
        "Nothing as long as `source.read` follows. If it comes from one machine only, look at its settings there.",
    ),
    "shard.read": LogEvent("A part of a source was read, `shard` as 2/4; the source itself is read to its end later."),
    "source.crashed": LogEvent(
        "A source could not be read by an error that nobody foresaw; the other sources were.", _REPORT
    ),
    "source.drifted": LogEvent(
        "A field that the settings name is gone or is another one now; findings that rest on it are held.",
        "Correct `fields:` of the source, or restore the field there. `needed_by` names the rules and checks.",
    ),
    "source.failed": LogEvent(
        "A source was not read completely; what rests on it is held, nothing is resolved or deleted. Told five times, "
        "then once an hour: `repeated` counts the lines between, as on every warning that comes again and again.",
        "Do what `hint` says. " + _LOOK,
    ),
    "source.put_off": LogEvent(
        "A source is due and is not read before `until`, because a blackout or its budget keeps it back; then it is"
        " read once.",
        "Nothing, unless it comes too late: then change its `blackout` or its `budget`.",
    ),
    "source.read": LogEvent(
        "A source was read completely. One line for each source and run. After warnings about the source, the first "
        "one counts them in `after_failures`."
    ),
    "state.out_of_reach": LogEvent(
        "The database server cannot be reached; mails wait until it is back, which is looked for every few seconds.",
        "See that the server runs and lets Driftline in; nothing has to be done here.",
    ),
    "state.pruned": LogEvent("What is kept no longer was deleted, as `state.retention` asks."),
    "state.taken_over": LogEvent(
        "Another process owned the state while the database server was away; this one ends, to be started anew.",
        "See that only one daemon runs on this state.",
    ),
    "state.within_reach": LogEvent("The database server is back, and the state is still this daemon's own."),
    "tap.said": LogEvent(
        "What a Singer tap wrote to its log.", "A warning is an error of the tap: look at its settings and its rights."
    ),
    "tap.said_more": LogEvent("A tap wrote more lines than are taken into the log; only their number is told."),
    "to_do.composed": LogEvent("To-do mails for owners were put into the outbox."),
    "traces.not_sent": LogEvent(
        "Traces could not be sent to `service.traces`; they are dropped, and nothing else is touched.",
        "See that this machine reaches the address, and that it takes OTLP over HTTP.",
    ),
    "traces.sent_again": LogEvent("Traces can be sent again."),
    "worker.started": LogEvent("A worker joined the others and begins to work."),
    "worker.stopped": LogEvent(
        "A worker ended. With `asked` false it was for want of something and is to be started anew."
    ),
}
"""By the name of the event, which stands first on each line."""
