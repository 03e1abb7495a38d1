"""Send held-out digits to the service and show what it makes of them."""

from __future__ import annotations

import dataclasses
import http.client
import json
import shlex
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demo.digits import Digits, Images, picture
from demo.failure import DemoError
from demo.screen import console
from neuronserve.neuron import ownership

SHOWN = 6


@dataclasses.dataclass(frozen=True)
class Seen:
    """One digit that was sent: which, what it is, what the service says and how fast."""

    index: int
    truth: int
    predicted: int
    sureness: float  # the predicted digit's probability
    milliseconds: float

    @property
    def right(self) -> bool:
        return self.truth == self.predicted


def body(image: Images) -> bytes:
    """A TensorFlow Serving request with one instance."""
    return json.dumps({"instances": [np.round(image, 4).tolist()]}).encode()


def predict(port: int, digits: Digits, indices: Sequence[int]) -> list[Seen]:
    """Send each digit as its own request over one connection.

    Raises DemoError at the first answer that is not 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return [_ask(connection, digits, index) for index in indices]
    except (OSError, http.client.HTTPException) as error:
        raise DemoError(f"the service did not answer: {error!r}") from error
    finally:
        connection.close()


def owners(port: int) -> None:
    """Show which model server owns which NeuronCores, where there are any."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        told = json.loads(connection.getresponse().read())["ownership"]
    finally:
        connection.close()
    for line in ownership.table(told) if told else ():
        console.print(f"   {line}", markup=False)


def _ask(connection: http.client.HTTPConnection, digits: Digits, index: int) -> Seen:
    began = time.perf_counter()
    connection.request(
        "POST", "/invocations", body(digits.images[index]), {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    text = answer.read()
    milliseconds = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise DemoError(f"the service answered {answer.status}: {text.decode(errors='replace')}")
    probabilities = json.loads(text)["predictions"][0]
    predicted = int(np.argmax(probabilities))
    return Seen(index, int(digits.labels[index]), predicted, probabilities[predicted], milliseconds)


def show(digits: Digits, seen: Sequence[Seen]) -> None:
    """Pictures of some, the wrong ones first among them, and the figures of all."""
    wrong = [one for one in seen if not one.right]
    pictured = sorted((wrong + [one for one in seen if one.right])[:SHOWN], key=seen.index)
    for one in pictured:
        _show_one(digits, one)
    right = sum(one.right for one in seen)
    median = statistics.median(one.milliseconds for one in seen)
    console.print(
        f"\n{right} of {len(seen)} digits right ({right / len(seen):.0%}), "
        f"median latency {median:.1f} ms per request"
    )


def _show_one(digits: Digits, one: Seen) -> None:
    facts = [
        f"true       {one.truth}",
        f"predicted  {one.predicted}   {'right' if one.right else 'WRONG'}",
        f"sure       {one.sureness:.1%}",
        f"latency    {one.milliseconds:.1f} ms",
    ]
    console.print()
    for line, fact in zip(picture(digits.images[one.index]), facts, strict=True):
        console.print(f"   │{line}│   {fact}", markup=False)


def curl(port: int, digits: Digits, index: int, folder: Path) -> str:
    """Save one digit as a request body; returns a line that sends it, whole and ready to paste."""
    file = folder / "digit.json"
    file.write_bytes(body(digits.images[index]))
    return (
        f"curl -s http://127.0.0.1:{port}/invocations -H 'Content-Type: application/json' "
        f"--data-binary @{shlex.quote(str(file))}"
    )
