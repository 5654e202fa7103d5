"""The language of ``where:``: small, typed, checked when a rule is loaded, and compiled.

``= != < <= > >=`` compare values of one type; ``in [..]``, ``contains``, ``like 'AUR-*'``, ``is empty`` and their
opposites ask texts and lists; ``and``, ``or``, ``not`` and brackets join. Values are texts in quotes, numbers, dates
(2026-10-31), money (100000 EUR), ``true``, ``false``, and ``today``; days are added to dates as ``today + 30d``.

What a record does not say is unknown: a comparison with it does not hold, nor does its opposite, so that without a due
date neither ``due < today`` nor ``not (due < today)`` holds; ``due is empty`` does. Money in another currency is
unknown too. A list without entries is known to be empty: without labels, ``not (labels contains 'erp')`` holds.
Texts compare without case and kinds of spaces; times compare with dates by their day in UTC.
"""

from mapping.expression.errors import ExpressionError
from mapping.expression.evaluate import Expression, FailedPart, parse_expression

__all__ = ["Expression", "ExpressionError", "FailedPart", "parse_expression"]
