"""Whom model servers run as, by what another user can do."""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from neuronserve.boot import identity
from neuronserve.boot.cores import Ground
from neuronserve.modelserver.launch import Launch
from neuronserve.privileges import Account, Accounts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")
SOMEBODY = Account("somebody", 4242, 4343)
ACCOUNTS = Accounts("www-data www-data", SOMEBODY, SOMEBODY, 4343)


@pytest.fixture
def base():
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="i-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "model").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def launch(base):
    """Of a program that does what this shell line says."""

    def launch(line):
        program = base / "tensorflow_model_server"
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
        return Launch(0, "tensorflow", (str(program),), {"PATH": "/bin"}, f"unix:{base}/s", None, {}, ())

    return launch


def chosen(base, launch):
    return identity.of_model_servers(ACCOUNTS, (launch,), Ground(), [base / "model"])


def test_a_server_that_works_for_the_other_user_runs_as_that_user(base, launch):
    assert chosen(base, launch('test "$1" = --version && test $(id -u) = 4242')) == SOMEBODY


@pytest.mark.parametrize("line", ["exit 1", "exec /nowhere/nothing", "kill -SEGV $$", "test $(id -u) = 0"])
def test_one_that_does_not_runs_as_root_and_the_log_says_why(base, launch, line, caplog):
    assert chosen(base, launch(line)) is None
    assert "tensorflow_model_server --version" in caplog.text


def test_a_program_that_only_root_may_run_runs_as_root(base, launch):
    made = launch("exit 0")
    Path(made.argv[0]).chmod(0o700)
    assert chosen(base, made) is None


def test_a_model_that_only_root_may_read_is_loaded_by_root(base, launch, caplog):
    (base / "model" / "variables").mkdir(mode=0o700)
    assert chosen(base, launch("exit 0")) is None
    assert f"{base}/model/variables" in caplog.text


def test_where_nobody_else_is_meant_it_stays_as_it_is(base, launch):
    accounts = replace(ACCOUNTS, model_server=None)
    assert identity.of_model_servers(accounts, (launch("exit 0"),), Ground(), []) is None
