"""The jobs of the workers, as the queue names them, and the claims under which they write."""

from collections.abc import Mapping
from typing import Any

READ, CONCLUDE, TELL, LOOK, PRUNE = "read", "conclude", "tell", "look", "prune"
READ_SHARD = "read-shard"
"""To walk a part of a source, before the source is read to its end."""
REST = "rest"
"""The queue of all jobs but readings."""
FINDINGS = "the findings"
"""The claim of whoever links, judges, composes and sends."""
PAST = "what is kept no longer"
"""The claim of whoever prunes."""


def source_claim(source: str) -> str:
    """The claim of whoever reads a source."""
    return f"the source {source}"


def shard_claim(source: str, number: int) -> str:
    """The claim of whoever walks a part of a source."""
    return f"the source {source}, part {number}"


def claim_of(task: str, args: Mapping[str, Any]) -> str | None:
    """Under which claim a job writes; None for one that needs none."""
    if task == READ:
        return source_claim(args["source"])
    if task == READ_SHARD:
        return shard_claim(args["source"], args["shard"])
    return {CONCLUDE: FINDINGS, TELL: FINDINGS, PRUNE: PAST}.get(task)
