"""scripts/sagemaker local as a program: what it prints, its exit codes, and what it leaves behind."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.verbs import local
from tests.deploying.rehearsals import client, wait_for

ROOT = Path(__file__).resolve().parents[4]
STANDIN = ROOT / "tests/deploying/standin_container.py"


def run(*argv):
    """Exit code, standard output and standard error of the verb in this process."""
    out, err = io.StringIO(), io.StringIO()
    desk = Desk(
        aws=Aws(region="us-east-1"), out=out, err=err, environ={"PATH": os.environ["PATH"], "MINE": "1"}
    )
    code = program.main("scripts/sagemaker", "", {"local": local}, ["local", *argv], desk)
    return code, out.getvalue(), err.getvalue()


def test_a_dry_run_tells_what_would_run_and_no_secrets():
    code, out, _ = run(
        "m.tar.gz", "--kind", "multi-model", "--dry-run", "--env", "MINE", "--env", "A=b", "--pass-aws"
    )
    assert code == 0
    (only,) = json.loads(out)["containers"]
    environment = only["environment"]
    assert (environment["SAGEMAKER_MULTI_MODEL"], environment["MINE"], environment["A"]) == ("true", "1", "b")
    assert environment["AWS_SECRET_ACCESS_KEY"] == "..."


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["nothere"], "nothere: no such file or folder"),
        (["m", "--kind", "async"], "--async-output"),
        (["--kind", "direct", "--container", "name=a"], "2 to 15 containers, not 1"),
        (["--container", "nome=a"], "'nome' is no part of a container"),
        (["--container", "name=a", "--container", "name=a"], "same name"),
        (["m", "--transform", "x"], "--output-dir"),
        (["m", "--transform", "x", "--output-dir", "o", "--max-payload", "101"], "at most 100"),
        (
            ["m", "--transform", "x", "--output-dir", "o", "--input-filter", "$[", "--split-type", "Line"],
            "filter",
        ),
        (["m", "--kind", "multi-model", "--transform", "x", "--output-dir", "o"], "not multi-model"),
        (["--env", "=x"], "--env: a name is missing"),
        (["m", "--log", "/nowhere/at/all"], "--log /nowhere/at/all: No such file"),
        (["m", "--kind", "async", "--async-output", "s3://B/out"], "s3://B/out is no place for results"),
        (["m", "--async-output", "s3://bucket/out"], "--async-output has no effect here (it is an asynchr"),
        (["m", "--split-type", "Line"], "--split-type has no effect here (it is a transform job's"),
        (["nothere", "--kind", "multi-model"], "nothere: no such folder"),
        (["--request", "/nowhere.json"], "/nowhere.json: No such file"),
    ],
)
def test_wrong_options_are_named_and_end_with_2(argv, told):
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert told in err.splitlines()[-1]


def test_a_port_that_is_taken_is_told_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = run("nothere", "--port", str(taken.getsockname()[1]))
    assert (code, "cannot be used: Address already in use" in err) == (2, True)
    assert "Creating" not in err


def test_a_port_is_a_number_up_to_65535(capsys):
    with pytest.raises(SystemExit):
        run("m", "--port", "65536")
    assert "expected a port, 0 to 65535" in capsys.readouterr().err


@pytest.fixture
def started(tmp_path):
    """The program with a stand-in for the checkout's serve."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    launcher = tmp_path / "launch.py"
    launcher.write_text(
        "import sys\nfrom neuronserve.deploy import program\n"
        "from neuronserve.deploy.sagemaker.local import building\n"
        "from neuronserve.deploy.sagemaker.verbs import local\n"
        "given = building.Ground\n"
        f"program_ = {(sys.executable, str(STANDIN), 'serve')!r}\n"
        "local.Ground = lambda **named: given(**named, program=program_)\n"
        "sys.exit(program.main('scripts/sagemaker', '', {'local': local}))\n"
    )
    running = []

    def start(*argv):
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, str(launcher), "local", *argv],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        running.append(process)
        process.url = wait_for("the URL", (tmp_path / "out").read_text).strip()
        process.told = (tmp_path / "err").read_text
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(started, number):
    process = started("--name", "mine", "--env", "STANDIN_PREFIX=>")
    answer = client(process.url).invoke_endpoint(EndpointName="mine", Body=b"tell")
    assert answer["Body"].read() == b">tell"
    process.send_signal(number)
    assert process.wait(30) == 0
    assert "primary: ended with 0" in process.told()
    assert "aws sagemaker-runtime invoke-endpoint" in process.told()


def test_a_second_signal_kills_what_does_not_end(started):
    process = started("--env", "STANDIN_DEAF=1")
    process.send_signal(signal.SIGTERM)
    wait_for("Deleting", lambda: "Deleting" in process.told())
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 1
