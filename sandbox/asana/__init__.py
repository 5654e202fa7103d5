"""A stand-in for Asana: a workspace that a story can move, and the server that shows it."""

from sandbox.asana.server import AsanaServer
from sandbox.asana.workspace import AsanaWorkspace

__all__ = ["AsanaServer", "AsanaWorkspace"]
