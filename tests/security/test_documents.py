"""What the security pages promise exists: every test that they name, every requirement, every kind of connection."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
THREATS = REFERENCE / "threat-model.md"
GUIDE = ROOT / "docs" / "how-to" / "keep-it-safe.md"
# As the standard counts them, by chapter: levels 1 and 2.
EXPECTED = dict(
    zip(
        (f"V{number}" for number in range(1, 18)),
        (27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7),
        strict=True,
    )
)
BEYOND = {"1.2.10"}
"""Requirements of level 3 that are held all the same."""
ROOMS = ("cli", "config", "connectors", "digest", "mapping", "model", "pipeline", "reconcile", "service", "state")


@pytest.fixture(scope="module")
def asvs() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((REFERENCE / "asvs.yaml").read_text(encoding="utf-8"))
    return told


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.is_file() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))


def named_in(text: str) -> set[str]:
    return set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", text))


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = named_in(THREATS.read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [test for test in sorted(named) if not exists(test)] == []


def test_every_threat_has_a_test() -> None:
    text = THREATS.read_text(encoding="utf-8").split("## Threats and defences")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| Threat")]
    assert len(rows) >= 18
    assert [row for row in rows if not named_in(row)] == []


def test_every_requirement_is_there_once_with_a_verdict_and_what_shows_it(asvs: dict[str, Any]) -> None:
    ids = [each["id"] for each in asvs["requirements"]]
    skipped = [each for levels in asvs["none_applies"].values() for level in levels.values() for each in level]
    assert not [each for each, times in Counter(ids + skipped).items() if times > 1]
    by_chapter = Counter(f"V{each.partition('.')[0]}" for each in {*ids, *skipped} - BEYOND)
    assert by_chapter == EXPECTED
    for each in asvs["requirements"]:
        assert each["verdict"] in ("pass", "na", "open"), each["id"]
        assert each["asks"], each["id"]
        assert each.get("by") or each.get("how"), f"{each['id']} is shown by nothing"
        assert each["verdict"] == "pass" or each.get("how"), f"{each['id']} has no reason"
    assert set(asvs["chapters"]) == set(EXPECTED)


def test_every_test_that_a_requirement_names_exists(asvs: dict[str, Any]) -> None:
    named = {test for each in asvs["requirements"] for test in each.get("by", ())}
    assert len(named) > 60
    assert [test for test in sorted(named) if not exists(test)] == []


def test_nearly_all_that_applies_is_met(asvs: dict[str, Any]) -> None:
    verdicts = Counter(each["verdict"] for each in asvs["requirements"])
    assert verdicts["pass"] / (verdicts["pass"] + verdicts["open"]) >= 0.95


def test_pages_that_reasons_and_the_security_pages_name_exist(asvs: dict[str, Any]) -> None:
    folders = (REFERENCE, ROOT / "docs" / "how-to", ROOT / "docs" / "concepts")
    told = " ".join(each.get("how", "") for each in asvs["requirements"])
    for name in set(re.findall(r"\b[\w-]+\.md\b", told)):
        assert any((folder / name).exists() for folder in folders), name
    for page in (THREATS, GUIDE):
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            # The page of proofs is written by make proof.
            assert (page.parent / link).exists() or link.endswith("proofs.md"), f"{page.name}: {link}"


def test_the_inventory_of_cryptography_names_what_the_code_uses() -> None:
    told = THREATS.read_text(encoding="utf-8").split("## Cryptography")[1].split("\n## ")[0].lower()
    code = "\n".join(path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    used = set(re.findall(r"\b(md5|sha1|sha224|sha256|sha384|sha512|blake2b|blake2s|pbkdf2_hmac|scrypt)\b", code))
    assert used == {"sha256", "blake2b"}
    assert all(name in told.replace("sha-256", "sha256") for name in used)
    assert set(re.findall(r'algorithm="(\w+)"', code)) == {"RS256"}
    assert "rs256" in told
    for library in re.findall(r"(?m)^\s*(?:import|from) (hmac|hashlib|jwt|cryptography|nacl|Crypto)\b", code):
        assert f"`{library}`" in told, library


def test_the_guide_names_every_kind_of_connection() -> None:
    """Whoever opens a firewall, or makes accounts, finds each of them."""
    guide = GUIDE.read_text(encoding="utf-8")
    for kind in ("Jira Cloud", "Jira Data Center", "Asana", "Salesforce", "Workbooks", "Singer", "Mail", "PostgreSQL"):
        assert f"| {kind}" in guide, kind
    for setting in ("dead_man_url", "token_url", "state.url", "smtp.host", "channels", "SFTP", "traces"):
        assert setting in guide.split("## Network")[1].split("\n## ")[0], setting


def test_control_a_test_that_is_gone_is_noticed() -> None:
    assert not exists("tests/security/test_documents.py::test_that_nobody_wrote")
    assert not exists("tests/security/test_nothing.py")
