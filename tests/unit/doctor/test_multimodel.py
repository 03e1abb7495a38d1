"""A multi-model endpoint has no model before its platform loads one: that is no fault."""

from pathlib import Path

from neuronserve.doctor.checks import cores, model, servers, source
from neuronserve.doctor.finding import Level
from neuronserve.generation import Generation
from neuronserve.neuron.chips import Chip, Host


def chip(index):
    return Chip(index, Path(f"/dev/neuron{index}"), index, Generation.V1, 4, 8192, "inf1.6xlarge", "sysfs")


def test_nothing_is_missed_and_the_servers_are_planned(patient, tmp_path):
    host = Host((chip(0), chip(1)), (), "", "inf1.6xlarge", None, simulated=False)
    here = patient(SAGEMAKER_MULTI_MODEL="true", SERVE_MODELS_DIR=tmp_path / "models", host=host, kind="cpu")
    found = [source.check(here), model.check(here), cores.check(here)]
    for outcome in found:
        assert {one.level for one in outcome.findings} <= {Level.OK, Level.NOTE}
    assert "which is not there yet" in found[0].findings[0].message
    allotted = found[2].learned["allotment"]
    assert [owner.shown for owner in allotted.owners] == ["0-3", "4-7"]
    planned = servers.check(patient(SAGEMAKER_MULTI_MODEL="true", host=host, kind="cpu", allotment=allotted))
    assert planned.findings[0].message == "2 cpu model servers"
