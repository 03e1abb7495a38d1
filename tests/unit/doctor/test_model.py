"""The model, its cores and its servers."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path

import pytest

from neuronserve import machine
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.inspect import look
from neuronserve.artifact.location import LocalLocation, S3Location
from neuronserve.artifact.peek import Stored
from neuronserve.doctor import asking
from neuronserve.doctor.checks import cores, model, recordings, servers, versions
from neuronserve.doctor.finding import Level
from neuronserve.errors import FrontError, ModelServerError
from neuronserve.messages import graph_pb2, saved_model_pb2
from neuronserve.neuron import holders as holders_room
from neuronserve.neuron.allotment import Allotment
from neuronserve.neuron.holders import Holder
from neuronserve.neuron.plan import Owner
from neuronserve.settings import Settings
from tests import handmade


def bundled(folder: Path, name="m", make=handmade.compiled, **options) -> Bundle:
    """A bundle of one model in version 1."""
    make(folder / name / "1", **options)
    compiled = look.compiled(folder / name / "1", 1)
    return Bundle(folder, (BundledModel(name, folder / name, (1,), (compiled,)),), name)


def about(bundle: Bundle, kind: str):
    [one] = bundle.models
    return list(versions.findings(one, one.compiled[0], kind))


def levels(findings):
    return [one.level for one in findings]


def test_signatures_are_told_with_dtypes_and_shapes(tmp_path):
    told = about(bundled(tmp_path, batch=4, dynamic=False), "neuron")[-1]
    assert told.message == "m/1: serving_default: x float32[4,3] -> y float32[4,3]"
    assert told.data["inputs"] == {"x": "float32[4,3]"}


def test_a_model_without_neuronops_is_told_to_run_on_the_cpu(tmp_path):
    first, signature = about(bundled(tmp_path, make=handmade.doubling), "neuron")
    assert first.message == "m/1: no NeuronOp: it runs on the CPU"
    assert signature.message.endswith("x float32[...] -> y float32[...]")


def test_what_was_compiled_is_told(tmp_path):
    first = about(bundled(tmp_path, batch=2, max_duplicates=64), "neuron")[0]
    assert "compiled for Inf1 (compiler 1.6.13.0" in first.message
    assert "1 core a copy, 64 in a process at most" in first.message
    assert first.data["generation"] == "NeuronCore-v1"


def test_a_plain_model_server_cannot_run_a_compiled_model(tmp_path):
    [warning] = [one for one in about(bundled(tmp_path), "tensorflow") if one.level is Level.WARN]
    assert "does not know" in warning.message
    assert "MODEL_SERVER=neuron" in warning.fix


def test_on_the_cpu_the_graph_it_was_compiled_from_stands_in(tmp_path):
    found = about(bundled(tmp_path), "cpu")
    assert Level.FAIL not in levels(found)
    assert any("the CPU runs the graph" in one.message for one in found)


def emptied(folder):
    """A model with a constant that the compiler emptied: it says 2,000 bytes and has none."""
    handmade.compiled(folder)
    file = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    [op] = [one for one in saved.meta_graphs[0].graph_def.node if one.op == "NeuronOp"]
    graph = graph_pb2.GraphDef.FromString(op.attr["graph_def"].s)
    [constant] = [one for one in graph.node if one.op == "Const"]
    constant.attr["value"].tensor.ClearField("tensor_content")
    constant.attr["value"].tensor.ClearField("float_val")
    constant.attr["value"].tensor.tensor_shape.dim[0].size = 500
    op.attr["graph_def"].s = graph.SerializeToString()
    file.write_bytes(saved.SerializeToString())


@pytest.mark.parametrize("kind", ["cpu", "simulator"])
def test_a_model_whose_constants_were_emptied_cannot_run_there(tmp_path, kind):
    found = about(bundled(tmp_path, make=emptied), kind)
    assert any("constants were emptied" in one.message for one in found if one.level is Level.WARN)


def test_a_stored_model_is_not_downloaded_unasked(patient):
    stored = Stored("s3://bucket/m", 1, 10, 10, "", "", None)
    [left_out] = model.check(patient(at=S3Location("bucket", "m"), stored=stored)).findings
    assert left_out.level is Level.SKIP
    assert "--download" in left_out.message


def test_a_folder_is_laid_out_elsewhere_and_looked_into(patient, tmp_path):
    handmade.compiled(tmp_path / "given" / "1")
    (tmp_path / "given" / "code").mkdir()
    (tmp_path / "given" / "code" / "inference.py").write_text("def handler(data, context): ...\n")
    given = tmp_path / "given"
    outcome = model.check(patient(MODEL_URI=given, at=LocalLocation(given), around={"run": asking.run}))
    assert levels(outcome.findings)[0] is Level.OK
    assert outcome.findings[0].message == "model (version 1); beside them: code"
    said = "requests go through code/inference.py, which can be loaded"
    assert [one.level for one in outcome.findings if one.message == said] == [Level.OK]
    assert sorted(path.name for path in given.iterdir()) == ["1", "code"]
    [one] = outcome.learned["bundle"].models
    assert one.compiled[0].cores == 1


def test_what_the_artifact_program_refuses_is_a_fault_with_its_exit_code(patient, tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "model.onnx").touch()
    given = tmp_path / "given"
    outcome = model.check(patient(MODEL_URI=given, at=LocalLocation(given), around={"run": asking.run}))
    [fault] = outcome.findings
    assert (fault.level, fault.exit_code, fault.code) == (Level.FAIL, 24, "other_framework")
    assert "ONNX" in fault.message


@pytest.mark.parametrize("answer", [asking.Ran(None, why="did not end within 1 s"), asking.Ran(-9, err="x")])
def test_an_artifact_program_that_says_nothing_is_a_fault(patient, tmp_path, answer):
    given = patient(MODEL_URI=tmp_path, at=LocalLocation(tmp_path), around={"run": lambda *_: answer})
    [fault] = model.check(given).findings
    assert fault.exit_code == 29
    assert answer.why in fault.message


def test_without_a_folder_to_write_to_nothing_is_laid_out(patient, tmp_path):
    given = dataclasses.replace(patient(MODEL_URI=tmp_path, at=LocalLocation(tmp_path)), scratch=None)
    assert levels(model.check(given).findings) == [Level.SKIP]


# --- warm-up and golden files


def recorded(tmp_path, text):
    (tmp_path / "golden.jsonl").write_text(text)
    return tmp_path / "golden.jsonl"


def of_recordings(tmp_path, extras=None, **environ):
    bundle = dataclasses.replace(bundled(tmp_path / "b"), extras_path=extras)
    settings = Settings.from_environ({name: str(value) for name, value in environ.items()})
    return list(recordings.findings(bundle, settings))


def test_golden_answers_of_the_artifact_are_read_to_the_last_line(tmp_path):
    recorded(tmp_path, '{"instances": [[1, 2, 3]], "predictions": [[1, 2, 3]]}\n{"instances": [[0, 0, 0]]}\n')
    [found] = of_recordings(tmp_path, extras=tmp_path)
    assert (found.level, found.data["requests"], found.data["answers"]) == (Level.OK, 2, 1)


def test_a_golden_file_without_answers_is_noted(tmp_path):
    [found] = of_recordings(tmp_path, SERVE_GOLDEN=recorded(tmp_path, '{"instances": [[0]]}\n'))
    assert found.level is Level.NOTE


@pytest.mark.parametrize("variable", ["SERVE_GOLDEN", "SERVE_WARMUP"])
def test_a_line_that_is_wrong_is_a_fault_with_its_number(tmp_path, variable):
    file = recorded(tmp_path, '{"instances": [[0]]}\n{"instance": 1}\n')
    [fault] = of_recordings(tmp_path, **{variable: file})
    assert (fault.level, fault.exit_code) == (Level.FAIL, 33)
    assert "line 2" in fault.message


def warm_up_file(tmp_path, data):
    file = tmp_path / "b/m/1/assets.extra/tf_serving_warmup_requests"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)


def test_a_models_own_warm_up_requests_are_counted(tmp_path):
    bundle = bundled(tmp_path / "b")
    warm_up_file(tmp_path, (struct.pack("<QI", 3, 0) + b"abc" + bytes(4)) * 2)
    [found] = recordings.findings(bundle, Settings.from_environ({}))
    assert (found.level, found.data["requests"]) == (Level.OK, 2)
    assert list(recordings.findings(bundle, Settings.from_environ({"SERVE_WARMUP": "off"}))) == []


def test_a_warm_up_file_that_is_cut_is_a_warning_as_the_model_server_decides(tmp_path):
    bundle = bundled(tmp_path / "b")
    warm_up_file(tmp_path, struct.pack("<QI", 300, 0) + b"abc")
    [warning] = recordings.findings(bundle, Settings.from_environ({}))
    assert (warning.level, warning.exit_code) == (Level.WARN, 0)


# --- cores


@pytest.fixture
def held(monkeypatch):
    """``held(Holder, ...)``: who holds cores, according to the driver."""

    def by(*found):
        monkeypatch.setattr(holders_room, "holders", lambda *_, **__: found)

    by()
    return by


def test_the_plan_and_its_map_are_learned(patient, chips, tmp_path, held):
    outcome = cores.check(patient(host=chips(2), bundle=bundled(tmp_path)))
    assert Level.FAIL not in levels(outcome.findings)
    made = outcome.learned["allotment"]
    assert [owner.shown for owner in made.owners] == ["0-3", "4-7"]
    json.dumps(made.map)


def test_what_the_runtimes_variables_leave_out_is_not_planned(patient, chips, tmp_path, held):
    outcome = cores.check(patient(host=chips(2), bundle=bundled(tmp_path), NEURON_RT_VISIBLE_CORES="4-7"))
    assert outcome.findings[0].message == "cores 4-7 may be used: 4 of 8"
    assert [owner.shown for owner in outcome.learned["allotment"].owners] == ["4-7"]


def test_without_the_model_the_cores_and_their_holders_are_told(patient, chips, held):
    held(Holder(7, "python serve.py", "", (0,), (0, 3)))
    outcome = cores.check(patient(host=chips()))
    assert levels(outcome.findings) == [Level.OK, Level.NOTE, Level.WARN]
    assert outcome.findings[-1].data["pid"] == 7


def test_a_holder_of_unknown_cores_may_be_in_the_way(patient, chips, tmp_path, held):
    held(Holder(0, "", "", (0,), None))
    [warning] = [
        one
        for one in cores.check(patient(host=chips(), bundle=bundled(tmp_path))).findings
        if one.level is Level.WARN
    ]
    assert warning.message.startswith("cores of neuron0 are held by process of an unknown number")
    assert "in its container" in warning.fix


def test_cores_are_told_as_programs_number_them(patient, chips, tmp_path, held):
    held(Holder(7, "x", "", (0,), (0, 1)))
    found = cores.check(patient(host=chips(), bundle=bundled(tmp_path), SERVE_CORE_OFFSET=48)).findings
    [fault] = [one for one in found if one.level is Level.FAIL]
    assert (fault.exit_code, fault.data["cores"]) == (38, "48-49")


@pytest.mark.parametrize(("tag", "level"), [("neuronserve-0", Level.NOTE), ("neuronserve-1", Level.FAIL)])
def test_only_the_servers_that_a_running_service_tells_of_are_its_own(
    patient, chips, tmp_path, held, tag, level
):
    held(Holder(7, "x", tag, (0,), (0, 3)))
    running = {"servers": [{"server": 0, "cores": "0-3"}]}
    found = cores.check(patient(host=chips(), bundle=bundled(tmp_path), running=running)).findings
    assert found[-1].level is level


def test_without_devices_every_server_has_all_models(patient, tmp_path):
    outcome = cores.check(patient(bundle=bundled(tmp_path), SAGEMAKER_TFS_INSTANCE_COUNT=2))
    assert outcome.learned["allotment"] == Allotment((Owner(0, None, (), ("m",)), Owner(1, None, (), ("m",))))


# --- servers


def plannable(patient, tmp_path, *, code="", **given):
    owners = (Owner(0, None, (), ("m",)), Owner(1, None, (), ("m",)))
    bundle = dataclasses.replace(bundled(tmp_path / "b"), code=code)
    known = {"kind": "cpu", "bundle": bundle, "allotment": Allotment(owners)}
    return patient(**known, **given)


def test_servers_are_planned_and_nothing_is_written(patient, tmp_path):
    given = plannable(patient, tmp_path)
    [found] = servers.check(given).findings
    assert (found.level, found.data["servers"]) == (Level.OK, 2)
    assert list(given.scratch.iterdir()) == []


def test_a_port_range_that_is_too_small_is_refused(patient, tmp_path):
    with pytest.raises(ModelServerError, match="has no room for 4 ports"):
        servers.check(plannable(patient, tmp_path, code="/code", SAGEMAKER_SAFE_PORT_RANGE="9000-9001"))


def test_ports_of_the_range_that_are_taken_are_a_fault(patient, tmp_path, monkeypatch):
    def taken(port):
        if port == 9001:
            raise FrontError("taken")

    monkeypatch.setattr(machine, "must_be_free", taken)
    found = servers.check(
        plannable(patient, tmp_path, code="/code", SAGEMAKER_SAFE_PORT_RANGE="9000-9009")
    ).findings
    assert (found[1].exit_code, found[1].data["ports"]) == (30, [9001])
