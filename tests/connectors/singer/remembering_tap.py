"""Runs a real tap once for each question, and tells the same again when the same files are asked about in the same way.

Called with a folder to remember in, the tap, and the tap's own arguments.
"""

import glob
import hashlib
import json
import os
import subprocess
import sys


def main() -> None:
    memory, tap, *arguments = sys.argv[1:]
    place = os.path.join(memory, question(arguments))
    if not os.path.exists(place):
        done = subprocess.run([tap, *arguments], capture_output=True, check=False)
        with open(f"{place}.{os.getpid()}", "w") as file:
            json.dump([done.stdout.decode(), done.stderr.decode(), done.returncode], file)
        os.rename(f"{place}.{os.getpid()}", place)
    with open(place) as file:
        out, err, code = json.load(file)
    sys.stderr.write(err)
    sys.stdout.write(out)
    sys.exit(code)


def question(arguments: list) -> str:
    """What the answer depends on: the flags, the catalog, the state, and the content of the files to read."""
    asked = hashlib.sha256()
    for flag in arguments:
        if flag.startswith("--"):
            asked.update(flag.encode())
        elif arguments[arguments.index(flag) - 1] == "--config":
            with open(flag) as config:
                files = sorted(glob.glob(json.load(config)["path"]))
            for path in files:
                asked.update(os.path.basename(path).encode() + read(path))
        else:
            asked.update(read(flag))
    return asked.hexdigest()


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    main()
