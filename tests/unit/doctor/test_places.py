"""Folders, and where the model comes from."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from neuronserve.artifact import space
from neuronserve.artifact.location import LocalLocation
from neuronserve.artifact.peek import Stored
from neuronserve.doctor.checks import folders, source
from neuronserve.doctor.examine import Check, examine
from neuronserve.doctor.finding import Level
from neuronserve.doctor.patient import Wants


def test_folders_that_will_be_made_are_not_made_now(patient, tmp_path):
    wanted = {"SERVE_RUNTIME_DIR": tmp_path / "run/here", "SERVE_CACHE_DIR": tmp_path / "cache/there"}
    outcome = folders.check(patient(**wanted))
    assert {one.level for one in outcome.findings} == {Level.OK}
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("variable", ["SERVE_RUNTIME_DIR", "SERVE_CACHE_DIR"])
def test_a_file_in_a_folders_place_is_a_fault(patient, tmp_path, variable):
    (tmp_path / "file").touch()
    examined = patient(**{variable: tmp_path / "file", "MODEL_URI": "s3://bucket/m.tar.gz"})
    [fault] = [one for one in folders.check(examined).findings if one.exit_code]
    assert fault.level is Level.FAIL
    assert str(tmp_path / "file") in fault.message
    assert fault.exit_code == (2 if variable == "SERVE_RUNTIME_DIR" else 29)


def test_a_folder_that_may_not_be_written_is_a_fault(patient, tmp_path, monkeypatch):
    monkeypatch.setattr(folders.os, "access", lambda path, _mode: Path(path) != tmp_path)
    places = {"SERVE_RUNTIME_DIR": tmp_path, "SERVE_CACHE_DIR": tmp_path}
    faults = folders.check(patient(**places, MODEL_URI="s3://bucket/m.tar.gz")).findings
    assert [one.exit_code for one in faults] == [2, 29]
    assert all("tmpfs" in one.fix for one in faults)


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({"m/1/saved_model.pb": b"\x08\x01"}, Level.NOTE),
        ({"m": b"\x1f\x8b"}, Level.FAIL),
        ({"m/model.tar.gz": b"\x1f\x8b"}, Level.FAIL),  # as a platform mounts it
        ({}, Level.NOTE),  # nothing there is another check's to say
    ],
)
def test_a_cache_is_needed_for_what_is_unpacked_alone(patient, tmp_path, monkeypatch, files, level):
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setattr(folders.os, "access", lambda path, _mode: Path(path) != closed)
    cache = folders.check(patient(SERVE_CACHE_DIR=closed, MODEL_URI=tmp_path / "m")).findings[1]
    assert cache.level is level


@pytest.mark.parametrize("environ", [{"SAGEMAKER_MULTI_MODEL": "true"}, {}])
def test_a_cache_is_not_needed_without_a_model(patient, tmp_path, monkeypatch, environ):
    monkeypatch.setattr(folders.os, "access", lambda path, _mode: Path(path) != tmp_path)
    cache = folders.check(patient(SERVE_CACHE_DIR=tmp_path, **environ)).findings[1]
    assert cache.level is Level.NOTE


def test_little_room_for_bodies_is_a_warning(patient, tmp_path, monkeypatch):
    monkeypatch.setattr(folders.space, "free", lambda _path: 10 << 20)
    runtime = folders.check(patient(SERVE_RUNTIME_DIR=tmp_path)).findings[0]
    assert runtime.level is Level.WARN
    assert "10.0 MiB are free" in runtime.message


def test_a_serve_that_uses_the_folder_is_told_by_its_process(patient, tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        examined = patient(SERVE_RUNTIME_DIR=tmp_path, around={"proc": Path("/proc")})
        runtime = folders.check(examined).findings[0]
    assert runtime.level is Level.NOTE
    assert runtime.data["pid"] == os.getpid()
    assert folders.check(examined).findings[0].level is Level.OK


def run(examined):
    return examine([Check("source", "", source.check)], examined)


def test_without_a_uri_the_platforms_folder_must_hold_something(patient):
    found = run(patient())
    assert found.exit_code == 11
    assert "MODEL_URI is not set" in found.findings[0].message


def test_a_folder_is_where_the_model_is(patient, tmp_path):
    found = run(patient(MODEL_URI=tmp_path))
    assert found.exit_code == 0
    assert found.patient.at == LocalLocation(tmp_path)


def test_a_path_that_is_not_there_is_a_fault(patient, tmp_path):
    assert run(patient(MODEL_URI=tmp_path / "nothing")).exit_code == 11


@pytest.mark.parametrize("uri", ["s3://x", "s3://bucket/", "relative/path"])
def test_addresses_that_cannot_be_are_faults_before_any_store_is_asked(patient, uri):
    found = run(patient(MODEL_URI=uri, wants=Wants(network=False)))
    assert found.exit_code in (10, 0)
    assert (found.exit_code == 10) == (uri != "s3://bucket/")


MIB = 1 << 20


@pytest.mark.parametrize(
    ("free", "level", "code"),
    [(200 * MIB, Level.OK, 0), (120 * MIB, Level.NOTE, 0), (90 * MIB, Level.FAIL, 22)],
)
def test_the_room_on_the_disk_is_compared_with_what_it_unpacks_to(
    patient, tmp_path, monkeypatch, free, level, code
):
    stored = Stored("s3://bucket/m.tar.gz", 1, 40 * MIB, 100 * MIB, "http://s3", "us-east-1", None)
    monkeypatch.setattr(source.peek, "stored", lambda *_: stored)
    monkeypatch.setattr(source, "_provider", lambda _: "environment variables")
    monkeypatch.setattr(space, "free", lambda _: free)
    found = run(patient(MODEL_URI="s3://bucket/m.tar.gz", SERVE_CACHE_DIR=tmp_path))
    assert (found.findings[1].level, found.exit_code) == (level, code)


def test_what_is_in_the_cache_needs_no_room(patient, tmp_path, monkeypatch):
    stored = Stored("s3://bucket/m.tar.gz", 1, 40 * MIB, 100 * MIB, "http://s3", "us-east-1", tmp_path)
    monkeypatch.setattr(source.peek, "stored", lambda *_: stored)
    monkeypatch.setattr(source, "_provider", lambda _: "")
    monkeypatch.setattr(space, "free", lambda _: 0)
    found = run(patient(MODEL_URI="s3://bucket/m.tar.gz", SERVE_CACHE_DIR=tmp_path))
    assert found.exit_code == 0
    assert "in the cache already" in found.findings[1].message
