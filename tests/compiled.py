"""Statements compiled once for all databases of a kind, though nearly every test opens one of its own."""

from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache


def share() -> None:
    """Give every engine of a kind the same cache of compiled statements; each had an empty one of its own.

    A key in there begins with the dialect; those of a kind are made alike, so they count as one.
    """
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        setattr(dialect, "__eq__", lambda self, other: type(self) is type(other))  # noqa: B010
        setattr(dialect, "__hash__", lambda self: hash(type(self)))  # noqa: B010
    shared: LRUCache[Any, Any] = LRUCache(5000)
    # An engine makes a cache for itself when it is made; ours stands in its place.
    setattr(Engine, "_compiled_cache", property(lambda _self: shared, lambda _self, _own: None))  # noqa: B010
