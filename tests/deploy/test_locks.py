"""The lock files: what is put into service is what was tested, and nothing that only tests need."""

import tomllib
from pathlib import Path

import pytest

from tests.deploy.locks import ROOT, RUNNING, WHOLE, normal, pins

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = ("postgres", "demo", "sftp", "chat", "holidays", "plots")
RENEW = "renew both with: make lock"


def test_what_runs_is_pinned_as_it_was_tested():
    tested, running = pins(WHOLE), pins(RUNNING)
    assert running
    assert {name: tested.get(name) for name in running} == running, RENEW


def test_everything_that_runs_is_pinned():
    wanted = [*PROJECT["dependencies"], *(each for extra in EXTRAS for each in PROJECT["optional-dependencies"][extra])]
    assert {normal(each) for each in wanted} <= set(pins(RUNNING)), RENEW


def test_parquet_is_tested_and_not_put_into_service():
    """Its library would be the largest part of an image."""
    assert "pyarrow" in pins(WHOLE), RENEW
    assert "pyarrow" not in pins(RUNNING)


def test_nothing_that_only_tests_need_is_put_into_service():
    assert not {"pytest", "mypy", "ruff", "hypothesis", "setuptools"} & set(pins(RUNNING))


@pytest.mark.parametrize("lock", [WHOLE, RUNNING, *sorted((ROOT / "deploy" / "package").glob("*.lock"))], ids=str)
def test_every_distribution_is_pinned_with_hashes(lock: Path):
    text = lock.read_text("utf-8")
    assert sum("==" in line for line in text.splitlines() if line[:1].isalnum()) == len(pins(lock))
    assert sum(line[:1].isalnum() for line in text.splitlines()) == len(pins(lock))
    assert all(hashes for _, hashes in pins(lock).values())
    assert "-index-url" not in text
