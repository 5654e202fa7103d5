"""The one error of the expression language."""

from model.errors import Problem, UserError


class ExpressionError(UserError):
    """An expression is wrong. ``column`` counts the characters of its text from 1; ``length`` is at least 1."""

    def __init__(self, message: str, column: int, length: int = 1, hint: str = "") -> None:
        self.message = message
        self.column = column
        self.length = max(1, length)
        self.hint = hint
        super().__init__(Problem(message, f"column {column}", hint))
