"""The fast stand-in for Jira, Asana and Salesforce: one process, rows serialised before anybody asks.

Run as ``python -m benchmarks.stand_in ISSUES OPPORTUNITIES TASKS``; its first line on stdout is its port. ``POST
/control/set`` takes ``latency_seconds`` and ``change``; ``POST /control/count`` answers what was counted since it was
asked last.
"""

import asyncio
import sys

import orjson

from benchmarks.asana_rows import AsanaRows
from benchmarks.http_server import Answers, Asked, serve
from benchmarks.jira_rows import JiraRows
from benchmarks.salesforce_rows import SalesforceRows


def main(issues: int, opportunities: int, tasks: int) -> None:
    answers = Answers()
    jira, salesforce, asana = JiraRows(issues), SalesforceRows(opportunities), AsanaRows(tasks)
    address = ""

    def say(port: int) -> None:
        nonlocal address
        address = f"http://127.0.0.1:{port}"
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    def set_up(asked: Asked, _: object) -> bytes:
        wanted = asked.json()
        answers.latency_seconds = float(wanted.get("latency_seconds", answers.latency_seconds))
        for rows in (jira, salesforce, asana):
            rows.change(int(wanted.get("change", 0)))
        return b"{}"

    def count(*_: object) -> bytes:
        counted = {"requests": answers.requests, "bytes": answers.bytes_sent, "in_flight": answers.most_in_flight}
        answers.reset()
        return orjson.dumps(counted)

    answers.route("POST", "/control/set", set_up)
    answers.route("POST", "/control/count", count)
    jira.serve(answers)
    asana.serve(answers)
    salesforce.serve(answers, lambda: address)
    asyncio.run(serve(answers, say))


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
