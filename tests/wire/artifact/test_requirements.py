"""``code/requirements.txt`` with the real pip, and wheels made here."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from neuronserve.artifact import requirements
from neuronserve.artifact.progress import INSTALL, Progress
from neuronserve.errors import RequirementsFailed
from neuronserve.settings import Settings
from tests.wheels import wheel


@pytest.fixture(autouse=True)
def no_index_of_this_machine(monkeypatch, tmp_path) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class Code:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "code"
        self.folder.mkdir()
        self.cache = folder / "cache"
        self.told: list[Progress] = []

    def install(self, text: str, **environ: str) -> Path | None:
        (self.folder / "requirements.txt").write_text(text)
        settings = Settings.from_environ({"SERVE_CACHE_DIR": str(self.cache), **environ})
        return requirements.installed(self.folder, settings, self.told.append)


@pytest.fixture
def code(tmp_path) -> Code:
    return Code(tmp_path)


@pytest.mark.parametrize("where", ["wheels", "wheelhouse", "."])
def test_wheels_in_the_archive_are_installed_with_what_they_need(code, where) -> None:
    wheel(code.folder / where, "first", needs=["second>=2"])
    wheel(code.folder / where, "second", "2.1")
    found = code.install("first\n")
    assert found is not None
    assert (found / "first.py").is_file()
    assert (found / "second.py").read_text() == "VERSION = '2.1'\n"
    assert not list(found.glob("*.pth"))
    assert {one.step for one in code.told} == {INSTALL}


def test_the_service_keeps_its_own_packages(code) -> None:
    before = sorted(sys.path), np.__version__
    wheel(code.folder / "wheels", "asks", needs=["numpy", "requests"])
    found = code.install("asks\nnumpy\n")
    assert found is not None
    assert sorted(path.name for path in found.iterdir() if path.suffix == ".py") == ["asks.py"]
    assert not (found / "numpy").exists()
    assert before == (sorted(sys.path), np.__version__)


def test_a_package_that_workers_do_not_load_may_have_another_version(code) -> None:
    wheel(code.folder / "wheels", "requests", "1.2.3")
    found = code.install("requests==1.2.3\n")
    assert found is not None
    assert (found / "requests.py").is_file()
    import requests as ours

    assert ours.__version__ != "1.2.3"
    assert Path(ours.__file__).is_file()


def test_what_was_installed_is_there_at_the_next_start_and_made_anew_when_it_changes(code, caplog) -> None:
    caplog.set_level(logging.INFO)
    wheel(code.folder / "wheels", "first")
    found = code.install("first\n")
    assert code.install("first\n") == found
    assert "it is used again" in caplog.text
    wheel(code.folder / "wheels", "first", text="VERSION = 'another'\n")
    other = code.install("first\n")
    assert other is not None
    assert other != found
    assert "another" in (other / "first.py").read_text()


def test_nothing_is_installed_when_the_service_has_it_all(code) -> None:
    assert code.install("numpy\n# a comment\n") is None


def test_what_this_checkout_has_and_the_image_has_not_is_installed(code) -> None:
    """Packages of requirements/dev.txt: a container would have to install them, too."""
    wheel(code.folder / "wheels", "PyYAML", "1.0")
    wheel(code.folder / "wheels", "pytest", "0.1")
    found = code.install("pyyaml\npytest\n")
    assert found is not None
    assert {path.name for path in found.glob("*.py")} == {"PyYAML.py", "pytest.py"}


def refused(code: Code, text: str, **environ: str) -> RequirementsFailed:
    with pytest.raises(RequirementsFailed) as caught:
        code.install(text, **environ)
    assert not list(code.cache.glob("*.partial"))
    return caught.value


def test_a_version_that_the_service_cannot_have_is_named_with_the_services_own(code) -> None:
    wheel(code.folder / "wheels", "numpy", "1.16.4")
    error = refused(code, "numpy==1.16.4\n")
    assert f"numpy=={np.__version__}, which the service itself uses" in error.message
    assert "leave it open" in error.hint


def test_a_wheel_that_is_missing_is_named(code) -> None:
    wheel(code.folder / "wheels", "first", needs=["absent_one>3"])
    error = refused(code, "first\n")
    assert error.message == "no wheel in the archive satisfies absent_one>3 (from first)"
    assert "pip download" in error.hint


def test_packages_that_contradict_each_other_are_named(code) -> None:
    wheel(code.folder / "wheels", "first", needs=["shared==1"])
    wheel(code.folder / "wheels", "shared", "1")
    wheel(code.folder / "wheels", "shared", "2")
    error = refused(code, "first\nshared==2\n")
    assert "conflicts with itself" in error.message
    assert "shared==2" in error.message


def test_a_line_that_is_no_requirement_is_named(code) -> None:
    wheel(code.folder / "wheels", "first")
    error = refused(code, "first\nsecond=>2\n")
    assert "line 2" in error.message
    assert "second=>2" in error.message


def test_an_index_that_cannot_be_reached_says_network_isolation_and_how_to_bring_wheels(
    code, monkeypatch, caplog
) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://someone:pass-word@127.0.0.1:{port}/simple")
    monkeypatch.setattr(requirements, "_PATIENT", ("--retries", "1", "--timeout", "2"))
    error = refused(code, "absent-one==3\n")
    assert "absent-one==3 could not be downloaded" in error.message
    assert "network isolation" in error.message
    assert "code/wheels" in error.hint
    assert "pass-word" not in caplog.text + str(error)


def test_an_installation_has_its_time(code, monkeypatch) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        error = refused(code, "absent-one\n", SERVE_INSTALL_SECONDS="3")
    assert "not installed within 3 s" in error.message
    assert "SERVE_INSTALL_SECONDS" in error.hint
