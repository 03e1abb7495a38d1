"""The demonstration from its first step to its last, with everything stopped again at the end."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import _workshop
from demo import chosen, digits, service, store, tour
from demo.chosen import Sample
from demo.failure import DemoError
from demo.screen import console, step

FOLDER = _workshop.CACHE / "demo"


def tell(port: int, count: int, *, once: bool, image: str, simulate: str) -> int:
    """Run it all; returns the exit code.

    ``port`` 0 takes any free one; ``count`` digits are sent; ``image`` is a container image to run
    instead of the checkout's ``serve``; ``simulate`` an instance type to pretend to be.
    """
    # also where a shell started it in the background, with SIGINT ignored
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        sample = chosen.compiled(FOLDER, simulate) if simulate else chosen.trained(FOLDER)
        _tell(sample, service.free_port(port), count, once=once, image=image)
    except DemoError as error:
        if error.log:
            print(f"\n{error.tail()}", file=sys.stderr)
        print(f"\nscripts/run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything is stopped.", file=sys.stderr)
        return 130
    return 0


def _tell(sample: Sample, port: int, count: int, *, once: bool, image: str) -> None:
    console.print(sample.about)
    # a new folder each time: the pull is what is to be seen, and the store has a new address anyway
    with store.endpoint() as address, tempfile.TemporaryDirectory(prefix="pulled-", dir=FOLDER) as pulled:
        with step("putting the model into a local S3") as say:
            uri = store.put(address, sample.archive)
            say(f"{uri}, {sample.archive.stat().st_size >> 10} KiB, at {address}")
        settings = {**store.environment(address, uri), **sample.settings}
        if not image:
            settings["SERVE_CACHE_DIR"] = pulled
        with service.running(port, settings, FOLDER / "serve.log", image) as serving:
            with step(f"starting {image or './serve'} with MODEL_URI={uri}") as say:
                serving.wait_ready(say)
            console.print(f"Ready on http://127.0.0.1:{port}")
            tour.owners(port)
            line = _predictions(port, count, sample.hard)
            if not once:
                console.print(f"\nTry it (the body is in that file):\n\n{line}\n", markup=False)
                _serve_on(serving)
        console.print("Stopped; nothing is left running.")


def _predictions(port: int, count: int, hard: tuple[int, ...]) -> str:
    """Send and show ``count`` held-out digits; returns a curl line for one of them."""
    _, held_out = digits.load()
    # those the model is least sure of are among them, so that some can go wrong
    chosen = sorted(list(dict.fromkeys((*hard, *range(len(held_out.labels)))))[:count])
    seen = tour.predict(port, held_out, chosen)
    tour.show(held_out, seen)
    return tour.curl(port, held_out, chosen[-1], FOLDER)


def _serve_on(serving: service.Service) -> None:
    """Until Ctrl-C, which is how it should end.

    Raises DemoError when the service ends first.
    """
    try:
        console.print(f"Serving until Ctrl-C. Its log: {_short(serving.log_file)}")
        serving.process.wait()
    except KeyboardInterrupt:
        console.print("\nStopping: requests in flight are answered first.")
        return
    raise serving.failure()


def _short(file: Path) -> str:
    return str(file.relative_to(_workshop.ROOT))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
