#!/usr/bin/env python3
"""A container engine whose containers are files: NAME.up while it runs, NAME.code when it ended.

It lives in the folder STANDIN. Each call is a line of ``calls``: the words, and the variables that begin with
GIVEN. SIGTERM ends a container, unless there is a file ``stubborn``.
"""

import json
import os
import sys
import time
from pathlib import Path

here = Path(os.environ["STANDIN"])
verb, *words = sys.argv[1:]
name = next((w for w in words if w.startswith("neuronserve-")), "")
up, code = here / f"{name}.up", here / f"{name}.code"


def end(number):
    code.write_text(str(number))
    up.unlink(missing_ok=True)


def follow(until=float("inf")):
    begun = time.monotonic()
    while up.exists() and time.monotonic() - begun < until:
        time.sleep(0.02)


given = {key: value for key, value in os.environ.items() if key.startswith("GIVEN")}
with (here / "calls").open("a") as calls:
    calls.write(json.dumps({"verb": verb, "words": words, "given": given}) + "\n")

if verb == "--version":
    print("stand-in 1.0")
elif verb == "run" and (here / "refuses").exists():
    sys.exit("docker: Error response from daemon: driver failed programming\nSee 'docker run --help'.")
elif verb == "run":
    up.touch()
    print("0123456789ab")
elif verb == "logs":
    print("a line", "another, on the other stream", sep="\n", flush=True)
    follow()
elif verb == "wait":
    follow()
    print(code.read_text())
elif verb == "stop":
    if (here / "stubborn").exists():
        follow(until=float(words[words.index("-t") + 1]))
        if up.exists():
            end(137)
    else:
        end(0)
elif verb == "kill":
    end(137)
elif verb == "inspect":
    print(json.dumps({"ExitCode": int(code.read_text()), "OOMKilled": False}))
elif verb == "rm":
    up.unlink(missing_ok=True)
    code.unlink(missing_ok=True)
