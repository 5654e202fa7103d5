"""What is wrong with when a source is to be read, beyond the form of each single option."""

from collections.abc import Iterator
from datetime import timedelta

from config.settings import Settings
from connectors.base import SourceOptions
from connectors.timetable.blackout import covers_the_week
from mapping.document import Document
from model.errors import Problem
from model.options import format_duration

SHORTEST_INTERVAL = timedelta(seconds=1)


def timetable_problems(document: Document, name: str, options: SourceOptions) -> Iterator[Problem]:
    """The mistakes of one source, each at its place."""
    at = ("sources", name)
    for key in ("every", "full_every"):
        if getattr(options, key) < SHORTEST_INTERVAL:
            yield document.problem((*at, key), f"{key} must be at least 1s", "write a duration such as 15m")
    if options.cron is not None and "every" in options.model_fields_set:
        hint = "take out every to read it by the schedule, or cron to read it at an interval"
        yield document.problem((*at, "cron"), "a source has every or cron, not both", hint, at_key=True)
    if options.cron is None and options.jitter >= options.every >= SHORTEST_INTERVAL:
        said = f"jitter must be shorter than every, which is {format_duration(options.every)}"
        yield document.problem((*at, "jitter"), said, "a tenth of every is usual")
    if covers_the_week(options.blackout):
        hint = "leave some time of the week in which it may be read, or take the source out"
        yield document.problem((*at, "blackout"), "the windows cover the whole week: it is never read", hint)
    if options.budget is not None and not options.counts_requests:
        said = f"the requests of a source of the kind {options.kind} cannot be counted"
        hint = "take budget out; read it less often if it is asked too much"
        yield document.problem((*at, "budget"), said, hint, at_key=True)
    if options.shards > 1 and not options.shardable:
        said = f"a source of the kind {options.kind} cannot be read in parts"
        hint = "take shards out; what is too much for one worker is written as several sources"
        yield document.problem((*at, "shards"), said, hint, at_key=True)


def deadline_problems(document: Document, settings: Settings) -> Iterator[Problem]:
    """Deadlines that cannot end anything, because the daemon ends before."""
    last_resort = settings.service.job_deadline
    for name, options in settings.sources.items():
        if options.deadline is not None and options.deadline >= last_resort:
            said = f"deadline must be shorter than service.job_deadline, which is {format_duration(last_resort)}"
            hint = "beyond that the whole daemon ends: write a shorter one, or raise service.job_deadline"
            yield document.problem(("sources", name, "deadline"), said, hint)
