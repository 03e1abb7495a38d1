"""marketplace-check with a container engine that is scripted, and no AWS."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
from pathlib import Path

import pytest

from neuronserve.compiled import Compiled
from neuronserve.deploy import engine as engines
from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.models import Accepted, Found, Tree
from neuronserve.deploy.sagemaker.verbs import marketplace_check
from neuronserve.errors import EngineFailed
from neuronserve.generation import Generation
from tests.archives import grow
from tests.stored_models import isolate

sys.path.insert(0, str(Path(__file__).parent))
from listings import PLAIN

CPU = (Compiled(1),)
GOOD = {"status": 200, "body": "{}", "seconds": 0.5, "connect": 0.001, "bytes": 2, "type": "a/b"}
IMAGE = {
    "Os": "linux", "Architecture": "amd64", "Size": 10**9,
    "Config": {"Labels": {"com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true"}},
}  # fmt: skip


@dataclasses.dataclass
class Engine:
    """``answers``: what is said inside, by ``ready`` or ``post``. ``code``: that the container ended with."""

    image: dict = dataclasses.field(default_factory=lambda: json.loads(json.dumps(IMAGE)))
    answers: dict = dataclasses.field(
        default_factory=lambda: {"ready": {**GOOD, "waited": 1.0}, "post": GOOD}
    )
    code: int = 0
    calls: list = dataclasses.field(default_factory=list)
    program = "docker"
    podman = False

    def call(self, *words):
        self.calls.append(words)
        if words[:2] == ("image", "inspect"):
            return json.dumps([self.image])
        if words[0] == "exec":
            answer = self.answers[words[4]]
            if answer is None:
                raise EngineFailed("docker exec: the container is not running")
            return json.dumps(answer)
        if words[0] == "inspect":
            return json.dumps({"Running": False, "ExitCode": self.code})
        return ""

    def begin(self, *words):
        class Ended:
            def poll(self):
                return 0

            def lines(self):
                return ["the last line"]

        return Ended()


@dataclasses.dataclass(frozen=True)
class Reader:
    tree: Tree
    versions: tuple = CPU

    @contextlib.contextmanager
    def opened(self, _):
        yield self.tree

    def accepted(self, _):
        return Accepted({"net": self.versions}, "net")


@pytest.fixture
def check(desk_with, tmp_path, monkeypatch):
    """``check(engine, *words)`` -> exit code, and the items that are not OK as ``check: seen``."""
    isolate(monkeypatch, tmp_path, AWS_REGION="")
    monkeypatch.chdir(tmp_path)
    grow(tmp_path, {"rows.csv": b"1,2\n", "model.tar.gz": b"", "tree/1/saved_model.pb": b""})

    def run(engine, *words, extras=(), versions=CPU):
        monkeypatch.setattr(engines, "answering", lambda *_: engine)
        tree = Tree(
            tmp_path / "tree",
            (Found("net", 1, tmp_path / "tree/1"),),
            {n: tmp_path / "tree" / n for n in extras},
        )
        desk = desk_with(aws=Aws(), models=Reader(tree, versions), out=io.StringIO(), err=io.StringIO())
        argv = [
            "marketplace-check",
            "me:1",
            "model.tar.gz",
            "--payload",
            "rows.csv",
            "--output",
            "json",
            *words,
        ]
        code = program.main("scripts/sagemaker", "", {"marketplace-check": marketplace_check}, argv, desk)
        told = desk.out.getvalue()
        items = json.loads(told)["items"] if told.startswith("{") and '"items"' in told else []
        run.told = told + desk.err.getvalue()
        return code, [f"{item['check']}: {item['seen']}" for item in items if item["verdict"] == "NG"]

    return run


def test_a_good_image_is_ok_and_has_no_network_and_no_credentials(check):
    engine = Engine()
    assert check(engine) == (0, [])
    runs = [words for words in engine.calls if words[0] == "run"]
    assert len(runs) == 2  # an endpoint, and a transform job
    for words in runs:
        assert words[words.index("--network") + 1] == "none"
        assert words[-2:] == ("me:1", "serve")
        assert not [word for word in words if "SECRET" in word or "CREDENTIALS" in word]
        assert any(word.endswith("/tree:/opt/ml/model:ro") for word in words)
    assert "SAGEMAKER_BATCH=true" in runs[1]
    assert [words[0] for words in engine.calls if words[0] == "rm"] == ["rm", "rm"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e.image.update(Architecture="arm64"), "image: is for linux/arm64"),
        (
            lambda e: e.image["Config"].update(Entrypoint=["/sbin/tini", "--"]),
            "image: its entry point is tini",
        ),
        (
            lambda e: e.image["Config"].update(Entrypoint=["/bin/sh", "-c", "x"]),
            "image: its entry point is a shell",
        ),
        (
            lambda e: e.image["Config"].update(Env=["AWS_SECRET_ACCESS_KEY=x"]),
            "image: holds AWS_SECRET_ACCESS_KEY",
        ),
        (lambda e: e.image["Config"].update(Env=["MODEL_URI=s3://x"]), "image: sets MODEL_URI"),
        (lambda e: e.image["Config"].update(Labels={}), "image: lacks the label accept-bind-to-port"),
        (lambda e: e.answers.update(ready=None), "realtime: it ended with 0 while it started"),
        (
            lambda e: e.answers.update(ready={**GOOD, "status": 503, "body": "loading"}),
            "realtime: /ping was 503",
        ),
        (
            lambda e: e.answers.update(post={**GOOD, "status": 413, "body": "too large"}),
            "realtime: 413: too large",
        ),
        (
            lambda e: e.answers.update(post={**GOOD, "status": 0, "body": "TimeoutError"}),
            "realtime: TimeoutError",
        ),
        (
            lambda e: e.answers.update(post={**GOOD, "connect": 0.3}),
            "realtime: the connection was accepted after",
        ),
        (lambda e: setattr(e, "code", 137), "realtime: it had not ended after 30 s"),
    ],
)
def test_what_the_marketplace_would_refuse_is_ng(check, change, said):
    engine = Engine()
    change(engine)
    code, found = check(engine, "--skip", "transform")
    assert code == 1
    assert any(one.startswith(said) for one in found), found


def test_a_model_for_inf1_is_told_why_it_cannot_be_listed(check):
    inf1 = Compiled(1, neuron=True, generation=Generation.V1)
    code, (found,) = check(Engine(), "--only", "instances", versions=(inf1,))
    assert code == 1
    assert found.startswith("instances: a package for Inf1 alone cannot be listed")


def test_code_that_would_be_installed_from_the_network_is_ng(check, tmp_path):
    handler = b"def handler(data, context): ...\n"
    grow(tmp_path, {"tree/code/inference.py": handler, "tree/code/requirements.txt": b"cowpy\n"})
    assert check(Engine(), "--only", "model", extras=("code",))[0] == 1
    grow(tmp_path, {"tree/code/wheels/cowpy-1-py3-none-any.whl": b""})
    assert check(Engine(), "--only", "model", extras=("code",)) == (0, [])


def test_the_request_is_printed_and_judged_without_an_engine(check):
    words = [
        "--request", "--name", "net", "--ecr-image", PLAIN.ecr, "--model-uri", PLAIN.model_uri,
        "--payload-uri", PLAIN.tests_uri, "--output-uri", PLAIN.output_uri, "--role", PLAIN.role,
    ]  # fmt: skip
    engine = Engine()
    assert check(engine, *words)[0] == 0
    assert json.loads(check.told)["CertifyForMarketplace"] is True
    assert check(engine, *words, "--instance-type", "ml.inf1.xlarge")[0] == 1
    assert "a package for Inf1 alone" in check.told
    assert engine.calls == []


def test_a_dry_run_says_what_would_be_run(check):
    engine = Engine()
    assert check(engine, "--dry-run")[0] == 0
    assert "--network none" in check.told
    assert engine.calls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--payload", "absent.csv"], "--payload absent.csv: no such file"),
        (["--payload", "model.tar.gz="], "of which content type?"),
        (["--model-uri", "here"], "expected s3://bucket/key"),
        (["--name", "a", "--group", "b"], "either listed, or a version"),
        (["--env", "x"], "--env, number 1: expected NAME=VALUE"),
    ],
)
def test_options_that_cannot_be_meant_are_one_line(check, words, said):
    assert check(Engine(), *words)[0] == 2
    assert said in check.told
    assert len(check.told.splitlines()) == 1
