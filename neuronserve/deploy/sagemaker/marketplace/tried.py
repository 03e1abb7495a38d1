"""One trial, told as items: it started, or it did not and why; then what its checks say."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from neuronserve.deploy.item import Item, Verdict
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.deploy.sagemaker.marketplace.trial import Container, Trial, running
from neuronserve.errors import EngineFailed

_REGION = "us-east-1"  # the platform always names one


@dataclasses.dataclass(frozen=True)
class Files:
    """The folder of test data, which any user of the container may read."""

    folder: Path

    def put(self, file: Path) -> str:
        shutil.copyfile(file, self.folder / "payload")
        return "payload"

    def write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name


Asked = Callable[[Case, Container, Files], Iterator[Item]]


def trial(case: Case, variables: Mapping[str, str], tests: Path) -> Trial:
    """What is run: the environment is the platform's, then the listing's own."""
    region = case.aws.region_if_known or _REGION
    platform = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **variables}
    return Trial(case.listing.image, case.tree.root, tests, {**platform, **case.listing.environment})


def items(name: str, case: Case, variables: Mapping[str, str], asked: Asked) -> Iterator[Item]:
    """Run the image with the variables, and ask it. What the engine says is an item, too."""
    with tempfile.TemporaryDirectory(prefix="marketplace-check-") as folder:
        tests = Path(folder)
        tests.chmod(0o755)
        try:
            with running(trial(case, variables, tests), case.engine, case.clock) as container:
                yield from _started(name, case, container, Files(tests), asked)
        except EngineFailed as error:
            yield Item(name, case.listing.image, Verdict.NG, error.message, error.hint)


def _started(name: str, case: Case, container: Container, files: Files, asked: Asked) -> Iterator[Item]:
    try:
        answer = container.ready(case.start_seconds)
    except EngineFailed:
        if (code := container.ended()) is None:
            raise
        yield Item(
            name, "start", Verdict.NG, f"it ended with {code} while it started, without a network",
            "its last lines are below", container.log(),
        )  # fmt: skip
        return
    if answer.status != 200:
        said = f"{answer.status or 'no answer'} for {case.start_seconds:g} s: {answer.body.strip()[:200]}"
        yield Item(
            name, "start", Verdict.NG, f"/ping was {said}",
            "its last lines are below", container.log(),
        )  # fmt: skip
        return
    yield Item(name, "start", Verdict.OK, f"/ping is 200 after {answer.seconds:.1f} s, without a network")
    yield from asked(case, container, files)
