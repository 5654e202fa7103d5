"""Where the program failed may be told; what it held in its hands may not."""

from pipeline.crash import crash_site


def _fail(secret: str) -> None:
    raise ValueError(f"cannot use {secret}")


def test_the_place_of_a_crash_is_told_without_texts_and_values():
    """X1."""
    try:
        _fail("correct-horse")
    except ValueError as error:
        told = crash_site(error)
    assert told.startswith("ValueError at ")
    assert "in _fail" in told
    assert "test_crash.py:7" in told
    assert "correct-horse" not in told


def test_an_error_that_was_never_raised_has_no_place():
    assert crash_site(KeyError("x")) == "KeyError at an unknown place"
