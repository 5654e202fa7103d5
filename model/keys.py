"""How names and keys are compared, and how records and nodes are identified."""

import unicodedata


def normalise_key(text: str) -> str:
    """Fold a key, a release name or a header so that two spellings of one thing are equal.

    NFKC turns no-break and thin spaces into plain ones (A19, X15); white space collapses; case folds.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.split()).casefold()


def record_id(source: str, native_id: str) -> str:
    """Name a record across all sources: ``jira:10042``. It never changes, while keys can."""
    return f"{source}:{native_id}"


def objective_node(objective_id: str) -> str:
    """Name an objective as a node of the plan network: ``objective:M-014``."""
    return f"objective:{objective_id}"


def source_of(node: str) -> str:
    """Tell which source a record id belongs to (``objective`` for an objective's node)."""
    return node.split(":", 1)[0]
