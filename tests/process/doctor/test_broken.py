"""The whole command on simulated hosts that are broken: the exit code of a start, and one fix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.simulator import host
from neuronserve.simulator.ownership import holders
from tests.cpuservers import Server, wait_for
from tests.rude_store import Fault, RudeStore


def one_fault(found, code, check):
    """The only fault, and that it is told with its exit code and one fix."""
    [fault] = found.faults()
    assert (found.code, found.document["exit_code"], fault["exit_code"]) == (code, code, code)
    assert fault["check"] == check
    assert fault["fix"]
    assert "\n" not in fault["message"] + fault["fix"]
    return fault


def test_a_sound_host_has_no_faults_and_the_map_is_shown(doctor):
    found = doctor()
    assert (found.code, found.faults()) == (0, [])
    assert found.document["simulated"]
    assert [one["cores"] for chip in found.document["ownership"]["chips"] for one in chip["servers"]] == [
        "0-3"
    ]
    assert {"neuronserve", "driver", "model_server", "nginx"} <= found.document["versions"].keys()


def test_as_text_each_finding_is_a_line_and_the_host_is_said_to_be_simulated(doctor):
    found = doctor.as_text()
    lines = found.text.splitlines()
    assert found.code == 0
    assert any(line.startswith("warn  devices   SIMULATED: a pretended inf1.xlarge") for line in lines)
    assert any(line.startswith("who owns which NeuronCore on inf1.xlarge - SIMULATED") for line in lines)
    assert lines[-1].startswith("SIMULATED: no faults")
    assert "\033" not in found.text


def test_nothing_is_changed_and_no_core_is_taken(doctor):
    doctor.model()
    before = doctor.snapshot()
    assert doctor().code == 0
    assert doctor.snapshot() == before
    assert not any(holders(doctor.host).values())


def test_no_devices(doctor, tmp_path):
    (tmp_path / "empty").mkdir()
    found = doctor(SERVE_DEVICES_DIR=str(tmp_path / "empty"))
    fault = one_fault(found, 35, "devices")
    assert fault["code"] == "no_devices"
    assert "the host has 1, and none was given to this container" in fault["message"]
    assert "--device=/dev/neuron0" in fault["fix"]


@pytest.mark.parametrize("kind", ["directory", "regular_file", "dangling_link"])
def test_something_else_instead_of_a_device(doctor, kind):
    device = doctor.host.devices / "neuron0"
    device.unlink()
    match kind:
        case "directory":
            device.mkdir()
        case "regular_file":
            device.touch()
        case _:
            device.symlink_to(device.parent / "gone")
    fault = one_fault(doctor(), 35, "devices")
    assert fault["code"] == kind
    assert "--device" in fault["fix"]


def test_a_model_compiled_for_the_other_generation(doctor):
    found = doctor(MODEL_URI=str(doctor.model("trn1", generation="trn1")))
    fault = one_fault(found, 37, "cores")
    assert "compiled for Inf2/Trn1" in fault["message"]
    assert fault["fix"] == "run it on Inf2/Trn1, or compile it for Inf1"
    assert found.document["ownership"] is None


def test_a_model_that_needs_more_cores_than_there_are(doctor):
    found = doctor(MODEL_URI=str(doctor.model("wide", cores=8)))
    fault = one_fault(found, 36, "cores")
    assert "8 cores, and there are 4" in fault["message"]
    assert "more chips" in fault["fix"]


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize(("visible", "code"), [("2,3", 0), ("2-3", 0), ("3", 0), ("0-1", 0), ("4-5", 36)])
def test_cores_may_be_numbered_as_the_host_numbers_them(doctor, tmp_path, visible, code, renumber):
    """Neuron's scheduler gives ``--device=/dev/neuron1`` with NEURON_RT_VISIBLE_CORES=2,3."""
    second = host.create(tmp_path / "trn1", "trn1.32xlarge", chips=1, first=1, renumber=renumber)
    found = doctor(
        MODEL_URI=str(doctor.model("trn1", generation="trn1")),
        SERVE_DEVICES_DIR=str(second.devices),
        SERVE_SYSFS_DIR=str(second.sysfs),
        SERVE_SIMULATE_HOST=str(second.folder),
        NEURON_RT_VISIBLE_CORES=visible,
    )
    assert found.code == code, found.document["findings"]
    told = any("counts as the host does" in one["message"] for one in found.of("cores"))
    assert told is (visible in {"2,3", "2-3", "3"})


@pytest.fixture
def stranger(doctor, tmp_path):
    """A model server of somebody else, which owns cores 2 and 3."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    server = Server(
        folder,
        f"--model_base_path={doctor.model()}",
        "--model_name=m",
        module="neuronserve.simulator.server",
        environ={
            "SERVE_SIMULATE_HOST": str(doctor.host.folder),
            "NEURON_RT_VISIBLE_CORES": "2-3",
            "NEURON_PROCESS_TAG": "stranger",
        },
    )
    try:
        wait_for(lambda: holders(doctor.host)[3], "core 3 is owned")
        yield server
    finally:
        server.stop(9)


def test_cores_that_another_process_holds(doctor, stranger):
    found = doctor()
    fault = one_fault(found, 38, "cores")
    assert fault["data"]["pid"] == stranger.process.pid
    assert fault["data"]["cores"] == "2-3"
    assert "cores 2-3 are held by process" in fault["message"]
    assert "(stranger)" in fault["message"]
    assert f"kill {stranger.process.pid}" in fault["fix"]
    assert stranger.process.poll() is None


def test_cores_that_are_not_to_be_used_may_be_held(doctor, stranger):
    found = doctor(NEURON_RT_VISIBLE_CORES="0-1")
    assert (found.code, found.faults()) == (0, [])
    assert any("not among those to use" in one["message"] for one in found.of("cores"))


@pytest.fixture
def store():
    with RudeStore().running() as running:
        yield running


def stored(store, key="models/m.tar.gz"):
    return {
        "MODEL_URI": f"s3://{key}",
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "verysecretindeed",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_bucket_that_is_denied(doctor, store):
    store.on_head = lambda _: Fault("AccessDenied", 403)
    store.on_get = lambda *_: Fault("AccessDenied", 403)
    found = doctor(**stored(store))
    fault = one_fault(found, 12, "source")
    assert fault["message"] == "access to s3://models/m.tar.gz was denied"
    assert "s3:GetObject" in fault["fix"]


def test_an_object_that_is_not_there(doctor, store):
    fault = one_fault(doctor(**stored(store)), 11, "source")
    assert "no such object" in fault["message"]


def test_an_object_that_may_be_looked_at_but_not_read(doctor, store):
    store.objects["models/m.tar.gz"] = b"\x1f\x8b" + bytes(30)
    store.on_get = lambda *_: Fault("KMS.DisabledException", 400)
    fault = one_fault(doctor(**stored(store)), 12, "source")
    assert "KMS" in fault["message"]


def test_a_store_that_cannot_be_reached(doctor, store):
    environ = {**stored(store), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    fault = one_fault(doctor(**environ), 16, "source")
    assert "cannot be reached" in fault["message"]


def test_a_store_that_never_answers_is_given_up(doctor, store):
    store.objects["models/m.tar.gz"] = b"\x1f\x8b" + bytes(30)
    store.open_answers = 0
    found = doctor("--only", "source", "--timeout", "3", **stored(store))
    fault = one_fault(found, 16, "source")
    assert fault["code"] == "hung"


def test_secrets_are_told_to_nobody(doctor, store):
    store.objects["models/m.tar.gz"] = b"\x1f\x8b" + bytes(30)
    done = doctor.run("--json", **stored(store))
    assert "environment variables" in done.stdout
    assert "verysecretindeed" not in done.stdout
    assert "AKIDEXAMPLE" not in done.stdout


def test_a_stored_model_is_looked_into_only_when_asked(doctor, store, tmp_path):
    store.objects["models/m.tar.gz"] = _packed(doctor.model(), tmp_path / "m")
    seen = doctor("--only", "source,model", **stored(store))
    assert (seen.code, [one["level"] for one in seen.of("model")]) == (0, ["skip"])
    fetched = doctor("--only", "source,model", "--download", **stored(store))
    assert fetched.code == 0
    assert any("compiled for Inf1" in one["message"] for one in fetched.of("model"))


def test_a_stored_model_in_the_cache_is_looked_into_where_it_lies(doctor, store, tmp_path):
    store.objects["models/m.tar.gz"] = _packed(doctor.model(), tmp_path / "m")
    environ = {**doctor.environ, **stored(store), "SERVE_CACHE_DIR": str(tmp_path / "cache")}
    _fetch(environ, tmp_path / "work")
    asked = len(store.ranges)
    found = doctor("--only", "source,model", **environ)
    assert any("in the cache already" in one["message"] for one in found.of("source"))
    assert any("compiled for Inf1" in one["message"] for one in found.of("model"))
    assert len(store.ranges) - asked <= 2  # a few bytes, to see that they may be read


def _packed(folder, name):
    return Path(shutil.make_archive(str(name), "gztar", folder)).read_bytes()


def _fetch(environ, work):
    done = subprocess.run(
        [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(work)],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_without_the_network_no_store_is_asked(doctor, store):
    found = doctor("--no-network", **stored(store))
    assert (found.code, store.heads, store.ranges) == (0, 0, [])
    assert [one["level"] for one in found.of("source")] == ["skip"]


def test_wrong_settings_are_all_named_and_the_rest_is_looked_at(doctor):
    found = doctor(SERVE_DRAIN_SECONDS="soon", SAGEMAKER_GUNICORN_THREADS="0")
    assert found.code == 2
    assert {one["message"] for one in found.faults()} == {
        "SERVE_DRAIN_SECONDS='soon'",
        "SAGEMAKER_GUNICORN_THREADS='0'",
    }
    assert any("compiled for Inf1" in one["message"] for one in found.of("model"))


def test_a_simulated_host_is_made_and_removed(doctor):
    found = doctor(MODEL_SERVER="auto", SERVE_SIMULATE="inf1.6xlarge")
    assert found.code == 0
    assert len(found.document["ownership"]["chips"]) == 4
    assert found.document["simulated"]
