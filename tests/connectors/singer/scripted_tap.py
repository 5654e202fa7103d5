"""A tap for tests. Its config names a file with streams, and with steps by which it misbehaves.

The file holds ``streams`` (name: schema, key_properties, replication_key, records) and ``before``, ``after`` or
``instead`` (steps: {"out": text}, {"err": text}, {"sleep": seconds}, {"exit": status}, {"ignore_term": true},
{"fork": seconds}, {"large": bytes}, {"environment": path}, {"copy_config": path}) and ``discover`` (steps instead of
the catalog). Incremental streams tell what lies beyond the bookmark of the state.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--catalog", "--properties", dest="catalog")
    parser.add_argument("--state")
    parser.add_argument("--discover", action="store_true")
    arguments = parser.parse_args()
    config = read(arguments.config)
    world = read(config["world"])
    with open(config["world"] + ".runs", "a") as runs:
        runs.write(json.dumps(sys.argv[1:]) + "\n")
    if arguments.discover:
        take(world.get("discover"), arguments) or say(
            {"streams": [described(*one) for one in world["streams"].items()]}
        )
        return
    if take(world.get("instead"), arguments):
        return
    take(world.get("before"), arguments)
    state = read(arguments.state) if arguments.state else {}
    for stream in selected(read(arguments.catalog)):
        if stream in world["streams"]:
            tell(stream, world["streams"][stream], state)
            say({"type": "STATE", "value": state})
    take(world.get("after"), arguments)


def tell(name: str, stream: dict, state: dict) -> None:
    key = stream.get("replication_key")
    since = state.get("bookmarks", {}).get(name, "")
    say({"type": "SCHEMA", "stream": name, "schema": stream["schema"], "key_properties": stream["key_properties"]})
    for record in stream["records"]:
        if not key or record[key] > since:
            say({"type": "RECORD", "stream": name, "record": record, "time_extracted": "2026-10-06T06:00:00Z"})
    if key:
        state.setdefault("bookmarks", {})[name] = max([since, *(record[key] for record in stream["records"])])


def selected(catalog: dict) -> list:
    chosen = []
    for entry in catalog["streams"]:
        whole = [one["metadata"] for one in entry["metadata"] if one["breadcrumb"] == []]
        if whole and whole[0].get("selected"):
            chosen.append(entry["stream"])
    return chosen


def described(name: str, stream: dict) -> dict:
    fields = [
        {"breadcrumb": ["properties", field], "metadata": {"inclusion": "available"}}
        for field in stream["schema"]["properties"]
    ]
    return {
        "tap_stream_id": name,
        "stream": name,
        "schema": stream["schema"],
        "key_properties": stream["key_properties"],
        "metadata": [{"breadcrumb": [], "metadata": {"inclusion": "available"}}, *fields],
    }


def take(steps: list | None, arguments: argparse.Namespace) -> bool:
    for step in steps or ():
        ((what, value),) = step.items()
        STEPS[what](value, arguments)
    return steps is not None


def say(message: dict) -> None:
    out(json.dumps(message), None)


def read(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def out(text: str, _: object) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def err(text: str, _: object) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def fork(seconds: float, _: object) -> None:
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    with open(os.environ["CHILD_FILE"], "w") as file:
        file.write(str(child.pid))


def environment(path: str, _: object) -> None:
    with open(path, "w") as file:
        json.dump(dict(os.environ), file)


def copy_config(path: str, arguments: argparse.Namespace) -> None:
    shutil.copy(arguments.config, path)
    with open(path + ".modes", "w") as file:
        folder = os.path.dirname(arguments.config)
        json.dump([oct(os.stat(one).st_mode & 0o777) for one in (arguments.config, folder)] + [folder], file)


STEPS = {
    "out": out,
    "err": err,
    "fork": fork,
    "environment": environment,
    "copy_config": copy_config,
    "sleep": lambda seconds, _: time.sleep(seconds),
    "exit": lambda status, _: sys.exit(status),
    "ignore_term": lambda _value, _: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "large": lambda size, _: sys.stdout.write("x" * size),
    "kill_self": lambda number, _: os.kill(os.getpid(), number),
}

if __name__ == "__main__":
    main()
