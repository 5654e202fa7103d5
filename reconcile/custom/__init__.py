"""Checks that an organisation writes itself: a typed comparison of two claims about one objective or record.

A definition is a value; where it was written, and in what, is not known here. ``custom_checks`` makes the checks of
which a run takes care beside the installed ones.
"""

from reconcile.custom.check import custom_checks
from reconcile.custom.definition import CustomDefinition

__all__ = ["CustomDefinition", "custom_checks"]
