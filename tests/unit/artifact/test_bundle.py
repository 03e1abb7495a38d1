from __future__ import annotations

from pathlib import Path

from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.progress import Gentle, Progress


def test_a_bundle_survives_json():
    models = (BundledModel("a", Path("/w/a"), (1, 2)), BundledModel("b", Path("/w/b"), (7,)))
    for bundle in (
        Bundle(Path("/w"), models, "a"),
        Bundle(
            Path("/w"), models, "b", ("code", "caf\udce9"), Path("/w/extras"), "sha256:0", "s3://b/k", True
        ),
    ):
        assert Bundle.from_json(bundle.to_json()) == bundle


def test_progress_is_told_when_a_step_begins_and_when_it_ends_and_seldom_between():
    told = []
    gentle = Gentle(told.append, interval=3600)
    for done in range(101):
        gentle(Progress("download", done, 100))
    gentle(Progress("verify"))
    assert told == [Progress("download", 0, 100), Progress("download", 100, 100), Progress("verify")]
