import pytest

from model.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_these_mean_this_machine_and_no_other(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "10.0.0.1", "::", "::ffff:127.0.0.1", "localhost.example.com", "127.1", "2130706433", "0x7f.1"],
)
def test_whatever_could_mean_another_or_is_written_oddly_does_not(host: str):
    """F8: the same on every version of Python."""
    assert not is_loopback(host)
