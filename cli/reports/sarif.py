"""SARIF 2.1.0: findings as results that code hosts show beside the mapping repository."""

import json
from typing import Any
from urllib.parse import quote

from cli.reports.told import Told
from digest.hostile import clean, safe_url
from model.findings import Severity, TrackedFinding

_LEVELS = {Severity.NOTICE: "note", Severity.MINOR: "warning", Severity.MAJOR: "error", Severity.CRITICAL: "error"}


def report(told: Told) -> str:
    """One run of the tool: a rule for each check that found something, a result for each finding that stands.

    Results are fingerprinted, so that a host tells new from known ones. What a finding is about lies in other systems:
    it is located at the settings file, and its records are named with their addresses.
    """
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(told)},
                "automationDetails": {"id": "driftline/"},
                "invocations": [_invocation(told)],
                "results": [_result(told, tracked) for tracked in told.standing],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _driver(told: Told) -> dict[str, Any]:
    checks = sorted({tracked.finding.check for tracked in told.standing})
    return {
        "name": "Driftline",
        "version": told.version,
        "rules": [_rule(told, check) for check in checks],
    }


def _rule(told: Told, check: str) -> dict[str, Any]:
    """A check with its texts, which code hosts ask for: in short, in full, and as what to read for help."""
    title, text = told.meanings.get(check, (check, check))
    return {
        "id": clean(check),
        "name": clean(check),
        "shortDescription": {"text": clean(title)},
        "fullDescription": {"text": clean(title)},
        "help": {"text": "\n\n".join(clean(each).strip() for each in text.split("\n\n"))},
    }


def _invocation(told: Told) -> dict[str, Any]:
    return {
        "executionSuccessful": not told.failed,
        "startTimeUtc": told.run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": clean(f"source {result.source}: {result.error}")}}
            for result in told.failed
        ],
    }


def _result(told: Told, tracked: TrackedFinding) -> dict[str, Any]:
    finding = tracked.finding
    parts = [told.title(tracked), told.so_what(tracked), told.due(tracked)]
    return {
        "ruleId": clean(finding.check),
        "level": _LEVELS[finding.severity],
        "message": {"text": ". ".join(filter(None, parts))},
        "partialFingerprints": {"driftline/v1": tracked.fingerprint},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(told.settings)}, "region": {"startLine": 1}},
                "logicalLocations": [{"name": clean(each), "kind": "objective"} for each in finding.objective_ids],
            }
        ],
        "properties": {
            "severity": finding.severity.label,
            "state": tracked.state.value,
            "heldSince": tracked.held_since.isoformat() if tracked.held_since else None,
            "records": [
                {
                    "key": clean(each.key),
                    "field": clean(each.field),
                    "value": clean(each.value),
                    "url": safe_url(each.where),
                }
                for each in finding.evidence
            ],
        },
    }
