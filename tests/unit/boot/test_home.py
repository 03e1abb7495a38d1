"""Sources: botocore on credential_process and its variables; pip's guide on PIP_CONFIG_FILE."""

import pytest

from neuronserve import cachedir
from neuronserve.boot import home
from neuronserve.settings import Settings


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What changes for the service's parts, with HOME as a folder of this mode."""
    (tmp_path / "runtime").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(cachedir, "SYSTEM", tmp_path / "nothing" / "x")

    def told(mode=0o1777, **environ):
        (tmp_path / "home").chmod(mode)
        environ = {"HOME": str(tmp_path / "home"), **environ}
        return home.variables(environ, Settings.from_environ(environ), tmp_path / "runtime")

    return told


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_home_of_somebodys_own_stays(told, mode):
    assert told(mode) == {}


def test_for_a_home_that_everybody_may_write_there_is_one_of_our_own(told, tmp_path):
    changed = told(SERVE_CACHE_DIR=str(tmp_path / "cache"))
    assert changed == {"HOME": str(tmp_path / "runtime" / "home"), "SERVE_CACHE_DIR": str(tmp_path / "cache")}
    assert (tmp_path / "runtime" / "home").stat().st_mode & 0o7777 == 0o700


def test_models_are_kept_outside_of_the_home_that_goes_with_the_service(told, tmp_path):
    assert not told()["SERVE_CACHE_DIR"].startswith(str(tmp_path / "runtime"))


def test_what_the_operator_put_there_before_the_start_counts(told, tmp_path):
    (tmp_path / "home" / ".aws").mkdir()
    (tmp_path / "home" / ".aws" / "config").touch()
    (tmp_path / "home" / ".pip").mkdir()
    (tmp_path / "home" / ".pip" / "pip.conf").touch()
    changed = told(PIP_CONFIG_FILE="/elsewhere")
    assert changed["AWS_CONFIG_FILE"] == str(tmp_path / "home" / ".aws" / "config")
    assert "AWS_SHARED_CREDENTIALS_FILE" not in changed
    assert "PIP_CONFIG_FILE" not in changed, "what the environment names wins"
