"""``driftline jobs``: what the workers do, have to do and gave up."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, talk
from cli.table import print_table
from cli.wording import count, moment
from cli.workspace import load_configuration, read_store, state_url

if TYPE_CHECKING:
    from state.queue import QueuedJob
    from state.store import Store

STATES = {"todo": "waiting", "doing": "running", "succeeded": "done"}
"""Our words for the queue's; the others are failed, cancelled and aborted."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One job as it is shown."""

    job: str
    source: str | None
    shard: str | None
    run: int | None
    state: str
    attempts: int
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    next_at: datetime | None
    worker: str | None
    error: str


@click.command("jobs", short_help="Show what the workers do, have to do and gave up.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the workers that run now, and of each source the last job: waiting, running, done or failed.

    A source with shards has a job for each of them besides, shown as read jira 2/4: once these are done, its own job
    reads what is left.

    Failed is what was given up: the source is read again when it is due. Rounds that are to be concluded, or could not
    be, are shown as well; what workers do by the clock besides only when it failed.

    JSON: an object with workers (process and host of each) and jobs, each with job (read, conclude, tell, look or
    prune), source, shard (as 2/4, null without one), run, state, attempts (how often it was begun), queued_at,
    started_at, ended_at, next_at (before which a waiting one is not begun), worker (who has it) and error.
    """
    from model.errors import ConfigurationError
    from state.engine import parse_url
    from state.lock import workers

    configuration = load_configuration(ctx)
    if parse_url(state_url(configuration)).get_backend_name() == "sqlite":
        raise ConfigurationError(
            "there are no workers on a state in an SQLite file",
            location="state.url",
            hint="driftline status tells of the daemon",
        )
    with read_store(configuration) as store:
        names = workers(store) if store is not None else []
        found = list(_jobs(store)) if store is not None else []
    if as_json:
        print_json({"workers": names, "jobs": [asdict(each) for each in found]})
        return
    zone = configuration.settings.business.zone

    def local(when: datetime | None) -> str:
        return moment(when, zone) if when is not None else ""

    talk(f"{count(len(names), 'worker')}{': ' + ', '.join(names) if names else ''}")
    if not found:
        say("no worker has ever been started on this state")
        return
    print_table(
        ("job", "state", "attempts", "since", "not before", "worker", "error"),
        [
            (
                " ".join(filter(None, (each.job, each.source, each.shard, f"run {each.run}" if each.run else ""))),
                each.state,
                each.attempts,
                local(each.ended_at or each.started_at or each.queued_at),
                local(each.next_at),
                each.worker or "",
                each.error,
            )
            for each in found
        ],
        right=(2,),
    )


def _jobs(store: "Store") -> "Iterator[Shown]":
    """The living and the failed, and of what is done the last of each kind."""
    from service.fleet.names import CONCLUDE, READ, READ_SHARD, claim_of
    from state.queue import jobs

    pulls, holders = store.pulls(), store.holders()
    shards = {(each.source, each.number): each for each in store.shards()}
    last: dict[tuple[str, object], QueuedJob] = {}
    shown: list[QueuedJob] = []
    for job in jobs(store):
        if job.task in (READ, READ_SHARD):
            shown += [job] if job.lives else []
            last[job.args["source"], job.args.get("shard")] = job
        elif job.lives or job.status != "succeeded":
            shown += [job] if job.task == CONCLUDE or not job.lives else []
    shown += [job for job in last.values() if not job.lives]
    for job in sorted(shown, key=lambda each: each.id):
        claim = claim_of(job.task, job.args)
        pull = pulls.get(str(job.args.get("source")))
        shard = shards.get((str(job.args.get("source")), job.args.get("shard", 0)))
        if job.task == READ_SHARD and shard is None:
            continue  # the source is not divided any more, or not into so many
        told = shard or pull
        yield Shown(
            job=READ if shard else job.task,
            source=job.args.get("source"),
            shard=f"{shard.number}/{shard.parts}" if shard else None,
            run=pull.run_id if pull else job.args.get("run"),
            state=STATES.get(job.status, job.status),
            attempts=job.attempts + (job.status == "doing"),
            queued_at=job.queued_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            next_at=job.scheduled_at if job.status == "todo" else None,
            worker=holders.get(claim or "") if job.status == "doing" else None,
            error=told.error if told and job.status != "succeeded" else "",
        )
