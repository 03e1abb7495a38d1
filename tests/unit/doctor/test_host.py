"""Programs, devices, driver and limits."""

from __future__ import annotations

import json
import sys

import pytest

from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.doctor.asking import Ran
from neuronserve.doctor.checks import devices, driver, limits
from neuronserve.doctor.checks import programs as programs_check
from neuronserve.doctor.finding import Level
from neuronserve.generation import Generation
from neuronserve.neuron.allotment import Allotment
from neuronserve.neuron.plan import Owner


def told(outcome, level):
    return [one for one in outcome.findings if one.level is level]


@pytest.fixture
def sound(programs):
    """A machine with nginx, and Pythons that have TensorFlow."""
    programs.answers = {
        "nginx": Ran(0, err="nginx version: nginx/1.22.1\n"),
        "python": Ran(0, out=json.dumps({"tensorflow": "2.21.0", "neuronserve": True})),
        "tensorflow_model_server_neuron": Ran(0, out="TensorFlow ModelServer: 2.10.1\n"),
    }
    return programs.answers


def test_all_programs_are_told_with_their_versions(patient, sound):
    outcome = programs_check.check(patient(MODEL_SERVER="cpu", SERVE_CPU_PYTHON="/somewhere/python"))
    assert [one.level for one in outcome.findings] == [Level.OK] * 3
    assert outcome.learned["kind"] == "cpu"
    versions = outcome.learned["versions"]
    assert (versions["nginx"], versions["model_server"]) == ("1.22.1", "TensorFlow 2.21.0")


def test_a_machine_without_nginx_cannot_start(patient, sound):
    del sound["nginx"]
    [fault] = told(
        programs_check.check(patient(SERVE_CPU_PYTHON="/somewhere/python", MODEL_SERVER="cpu")), Level.FAIL
    )
    assert (fault.exit_code, fault.fix) == (32, "apt-get install nginx")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Ran(0, out=json.dumps({"tensorflow": None, "neuronserve": True})), "has no TensorFlow"),
        (Ran(1, err="boom"), "ended with 1: boom"),
        (Ran(None, why="did not end within 10 s"), "did not end within 10 s"),
    ],
)
def test_the_embedded_server_needs_a_python_with_tensorflow(patient, sound, answer, why):
    sound["python"] = answer
    [fault] = told(
        programs_check.check(patient(SERVE_CPU_PYTHON="/somewhere/python", MODEL_SERVER="cpu")), Level.FAIL
    )
    assert fault.exit_code == 30
    assert why in fault.message
    assert "SERVE_CPU_PYTHON" in fault.fix


def test_tensorflow_itself_is_not_imported(patient, sound, programs):
    check = patient(SERVE_CPU_PYTHON="/somewhere/python", MODEL_SERVER="cpu")
    programs_check.check(check)
    [asked] = [argv for argv in programs.ran if argv[0].endswith("python")]
    assert "import tensorflow" not in asked[-1]


def test_a_neuron_server_that_was_asked_for_and_is_not_there_is_a_fault(patient, sound):
    del sound["tensorflow_model_server_neuron"]
    outcome = programs_check.check(patient(MODEL_SERVER="neuron"))
    [fault] = told(outcome, Level.FAIL)
    assert fault.exit_code == 30
    assert "MODEL_SERVER_BINARY" in fault.fix
    assert outcome.learned["kind"] == ""


def test_a_neuron_server_is_only_asked_for_its_version(patient, sound, programs):
    outcome = programs_check.check(patient(MODEL_SERVER="neuron"))
    assert outcome.learned["versions"]["model_server"] == "TensorFlow ModelServer: 2.10.1"
    assert [argv[1:] for argv in programs.ran if "neuron" in argv[0]] == [["--version"]]


def test_a_neuron_server_that_cannot_tell_its_version_is_a_warning(patient, sound):
    sound["tensorflow_model_server_neuron"] = Ran(127, err="libnrt.so.1: cannot open shared object file")
    [warning] = told(programs_check.check(patient(MODEL_SERVER="neuron")), Level.WARN)
    assert "libnrt.so.1" in warning.message
    assert "LD_LIBRARY_PATH" in warning.fix


def test_where_devices_are_not_used_that_is_a_warning(patient, tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "neuron0").touch()
    given = {"SERVE_DEVICES_DIR": tmp_path / "dev", "SERVE_SYSFS_DIR": tmp_path / "sys", "kind": "cpu"}
    [warning] = devices.check(patient(**given)).findings
    assert warning.level is Level.WARN
    assert "does not use them" in warning.message


def test_chips_of_the_host_that_the_container_was_not_given_are_a_warning(patient, tmp_path):
    for chip in range(4):
        (tmp_path / f"sys/devices/virtual/neuron_device/neuron{chip}").mkdir(parents=True)
    given = {"SERVE_DEVICES_DIR": tmp_path / "dev", "SERVE_SYSFS_DIR": tmp_path / "sys", "kind": "cpu"}
    [warning] = devices.check(patient(**given)).findings
    assert "the host has 4 Neuron chips, and none was given" in warning.message
    assert "--device" in warning.fix


def test_without_any_chip_the_cpu_needs_none(patient, tmp_path):
    given = {"SERVE_DEVICES_DIR": tmp_path, "SERVE_SYSFS_DIR": tmp_path, "kind": "cpu"}
    [fine] = devices.check(patient(**given)).findings
    assert fine.level is Level.OK


def test_the_simulator_that_makes_no_host_is_a_device_fault(patient, programs):
    name = sys.executable.rpartition("/")[2]
    programs.answers[name] = Ran(1, err="error: 9 chips from chip 0 on: inf1.xlarge has 1\n")
    [fault] = devices.check(patient(SERVE_SIMULATE="inf1.xlarge", kind="simulator")).findings
    assert fault.exit_code == 35
    assert "inf1.xlarge has 1" in fault.message


@pytest.mark.parametrize(
    ("version", "generation", "level"),
    [
        ("2.24.7.0", Generation.V1, Level.OK),
        ("2.25.0.0", Generation.V1, Level.WARN),
        ("2.25.0.0", Generation.V2, Level.OK),
        ("", Generation.V1, Level.NOTE),
    ],
)
def test_a_driver_after_the_last_one_for_inf1_is_a_warning_there(patient, chips, version, generation, level):
    host = chips(driver=version, generation=generation)
    assert driver.check(patient(host=host, kind="neuron")).findings[0].level is level


@pytest.mark.parametrize(
    ("version", "generation", "level"),
    [
        ("2.22.14.0", Generation.V1, Level.OK),
        ("2.23.110.0", Generation.V1, Level.FAIL),
        ("2.23.110.0", Generation.V2, Level.OK),
    ],
)
def test_a_runtime_that_dropped_inf1_is_a_fault_there(patient, chips, programs, version, generation, level):
    programs.answers["dpkg-query"] = Ran(0, out=f"installed {version}")
    outcome = driver.check(patient(host=chips(generation=generation), kind="neuron"))
    assert outcome.findings[1].level is level
    assert outcome.findings[1].exit_code == (30 if level is Level.FAIL else 0)
    assert outcome.learned["versions"]["runtime"] == version


@pytest.mark.parametrize("answer", [Ran(1, err="no packages found"), Ran(0, out="not-installed "), Ran(None)])
def test_without_its_package_the_runtime_is_known_by_its_file(patient, chips, programs, tmp_path, answer):
    programs.answers["dpkg-query"] = answer
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libnrt.so.2.22.14.0").touch()
    (tmp_path / "lib/libnrt.so.1").symlink_to("libnrt.so.2.22.14.0")
    outcome = driver.check(patient(host=chips(), kind="neuron"))
    assert outcome.learned["versions"]["runtime"] == "2.22.14.0"


def test_a_runtime_that_nothing_tells_of_is_said_to_be_unknown(patient, chips):
    outcome = driver.check(patient(host=chips(), kind="neuron"))
    assert outcome.findings[1].level is Level.NOTE
    assert "not known" in outcome.findings[1].message
    assert "runtime" not in outcome.learned["versions"]


def test_a_simulated_driver_is_said_to_be_one(patient, chips):
    outcome = driver.check(patient(host=chips(simulated=True), kind="simulator"))
    assert any("simulated" in one.message for one in told(outcome, Level.NOTE))


def test_tools_that_are_absent_are_named(patient, chips, programs):
    programs.answers["neuron-ls"] = Ran(0)
    notes = told(driver.check(patient(host=chips(), kind="neuron")), Level.NOTE)
    assert notes[-1].message.startswith("neuron-monitor not installed")
    assert notes[-1].fix == "install aws-neuronx-tools"


def group(tmp_path, **files):
    (tmp_path / "cgroup").mkdir()
    for name, text in files.items():
        (tmp_path / "cgroup" / name.replace("_", ".")).write_text(text)


def test_too_few_processes_are_a_warning_that_says_how_many_more(patient, tmp_path):
    group(tmp_path, pids_max="20", pids_current="10")
    [warning] = told(limits.check(patient()), Level.WARN)
    assert warning.message.startswith("10 more processes and threads are allowed")
    assert "--pids-limit" in warning.fix


def test_a_model_larger_than_the_memory_is_a_warning(patient, tmp_path):
    group(tmp_path, memory_max=str(1 << 20))
    (tmp_path / "m/1").mkdir(parents=True)
    with (tmp_path / "m/1/saved_model.pb").open("wb") as file:
        file.truncate(300 << 10)
    bundle = Bundle(tmp_path, (BundledModel("m", tmp_path / "m", (1,)),), "m")
    owners = tuple(Owner(n, (n, n), (0,), ("m",)) for n in range(2))
    [warning] = told(limits.check(patient(bundle=bundle, allotment=Allotment(owners))), Level.WARN)
    assert warning.data == {"limit": 1 << 20, "needed": (500 << 20) + (1200 << 10)}
    assert "roughly" in warning.message


def test_requests_that_need_more_files_than_are_allowed_are_a_warning(patient, monkeypatch):
    monkeypatch.setattr(limits.resource, "getrlimit", lambda which: (256, 256))
    warned = told(limits.check(patient(SERVE_MAX_IN_FLIGHT=1000)), Level.WARN)
    assert any("256 open files are allowed" in one.message for one in warned)


def test_where_nothing_is_limited_nothing_is_warned_of(patient, tmp_path, monkeypatch):
    monkeypatch.setattr(limits.resource, "getrlimit", lambda which: (-1, -1))
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:       16000000 kB\n")
    assert {one.level for one in limits.check(patient()).findings} == {Level.OK}
