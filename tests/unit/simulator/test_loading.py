"""What the runtime loads, what it refuses, and how many batches a run is."""

import types
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.cpuserver.status import Code, Refused, StatusError
from neuronserve.errors import DamagedModel
from neuronserve.generation import Generation
from neuronserve.simulator.batches import Batches
from neuronserve.simulator.faults import Faults
from neuronserve.simulator.loading import Loading, copies
from neuronserve.simulator.nrt import Nrt, NrtError
from neuronserve.simulator.occupancy import Occupancy
from neuronserve.simulator.running import Chips, OnCores, OnCpu


class Runner:
    def __init__(self, signatures: Mapping = types.MappingProxyType({})):
        self.meta_graph = types.SimpleNamespace(signature_def=signatures)
        self.ran = 0
        self.closed = False

    def run(self, feeds, fetches, timeout_ms=None):
        self.ran += 1
        return [feeds["x:0"]]

    def close(self):
        self.closed = True


def signature(**inputs):
    return types.SimpleNamespace(
        inputs={alias: types.SimpleNamespace(name=name) for alias, name in inputs.items()}
    )


def x(*shape):
    return {"x:0": (np.zeros(shape, np.float32), 1)}


def chips(cores=4, faults=None):
    return Chips(Occupancy(cores), tuple(range(8, 8 + cores)), faults or Faults(), 0.0)


def loading(compiled, cores=4, **kinds):
    made = chips(cores, **kinds)
    return Loading(lambda: made, made.faults, Generation.V1, 0.0, lambda _folder, _version: compiled)


def prepared(compiled, **kinds):
    runner = Runner({"serving_default": signature(x="x:0")})
    return loading(compiled, **kinds).prepare(1, Path("/m/1"))(runner)


COMPILED = Compiled(
    1, neuron=True, subgraphs=1, generation=Generation.V1, cores=1, duplicates=4,
    signatures={"serving_default": SignatureBatch(2, dynamic=True, inputs=("x",))},
)  # fmt: skip


def compiled(**changes):
    return Compiled(**{**vars(COMPILED), **changes})


@given(st.integers(1, 16), st.integers(1, 64), st.integers(1, 64))
def test_copies_lie_beside_each_other_on_cores_of_the_process(each, duplicates, owned):
    placed = copies(compiled(cores=each, duplicates=duplicates), max(owned, each))
    assert len(placed) == min(duplicates, max(owned, each) // each)
    assert [core for copy in placed for core in copy] == list(range(len(placed) * each))
    assert max(placed[-1]) < max(owned, each)


def test_another_generation_is_refused_with_the_runtimes_status(capfd):
    with pytest.raises(
        Refused, match=r'nrt_load: status=10, error message="Unsupported version of NEFF"\.'
    ) as no:
        prepared(compiled(generation=Generation.V2, compiler="2.12.68.0"))
    assert no.value.code is Code.INVALID_ARGUMENT
    assert "NEFF version: 2.12.68.0 (NeuronCore-v2, Inf2/Trn1) is not supported" in no.value.message
    lines = capfd.readouterr().err.splitlines()
    assert "ERROR  NEFF:neff_parse" in lines[0]
    assert lines[1].endswith("Failed to load NN, err: 10")


def test_a_model_that_does_not_tell_its_generation_is_loaded():
    assert isinstance(prepared(compiled(generation=None)), OnCores)


def test_a_model_that_needs_more_cores_than_the_process_owns_is_refused(capfd):
    with pytest.raises(Refused, match=r"status=9.*NEFF needs 8 NeuronCores, the process has 4") as refused:
        prepared(compiled(cores=8))
    assert refused.value.code is Code.RESOURCE_EXHAUSTED
    assert "err: 9" in capfd.readouterr().err


def test_a_model_of_another_generation_without_any_neuron_op_runs_on_cpu_and_takes_no_core():
    shared = loading(Compiled(1))
    runner = shared.prepare(1, Path("/m/1"))(Runner())
    assert isinstance(runner, OnCpu)
    runner.run(x(3, 2), ["y:0"])
    assert all(count.batches == 0 for count in shared.chips().occupancy.counts().values())


def test_a_damaged_model_is_refused_with_what_is_wrong():
    def damaged(_folder, _version):
        raise DamagedModel("its NEFF is cut off", hint="compile it again")

    with pytest.raises(Refused, match=r"its NEFF is cut off \(compile it again\)"):
        Loading(chips, Faults(), Generation.V1, 0.0, damaged).prepare(1, Path("/m/1"))


def held():
    raise NrtError(Nrt.FAILURE, "Nrt::Init failed: nrt_init", "a line")


def test_a_compiled_model_is_refused_where_the_process_got_no_cores():
    with pytest.raises(Refused, match="nrt_init: status=1") as refused:
        Loading(held, Faults(), Generation.V1, 0.0, lambda _f, _v: COMPILED).prepare(1, Path("/m/1"))
    assert refused.value.code is Code.UNAVAILABLE


def test_a_model_without_any_neuron_op_asks_for_no_cores():
    finish = Loading(held, Faults(), Generation.V1, 0.0, lambda _f, _v: Compiled(1)).prepare(1, Path("/m/1"))
    assert isinstance(finish(Runner()), OnCpu)


@pytest.mark.parametrize(("rows", "batches"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (23, 12)])
def test_a_dynamic_model_runs_as_many_batches_as_its_rows_fill(rows, batches):
    counted = Batches(COMPILED, {"serving_default": signature(x="x:0")})
    assert counted.count(x(rows, 3)) == batches


@pytest.mark.parametrize("rows", [0, 1, 3, 4])
def test_a_static_model_takes_its_own_batch_and_no_other(rows):
    static = compiled(signatures={"serving_default": SignatureBatch(2, inputs=("x",))})
    counted = Batches(static, {"serving_default": signature(x="x:0")})
    assert counted.count(x(2, 3)) == 1
    with pytest.raises(StatusError, match=rf"\[{rows},3\] is not compatible with expected shape \[2,3\]"):
        counted.count(x(rows, 3))


def test_only_inputs_that_have_the_batch_axis_are_counted():
    both = compiled(signatures={"s": SignatureBatch(2, inputs=("x",))})
    counted = Batches(both, {"s": signature(x="x:0", table="t:0")})
    assert counted.count({**x(2, 3), "t:0": (np.zeros((100,), np.float32), 1)}) == 1


def test_a_scalar_where_rows_are_wanted_is_refused():
    counted = Batches(COMPILED, {"serving_default": signature(x="x:0")})
    with pytest.raises(StatusError, match="is not compatible"):
        counted.count(x())


def test_each_batch_of_a_run_counts_on_each_core_of_its_copy():
    shared = loading(compiled(cores=2, duplicates=1))
    model = shared.prepare(1, Path("/m/1"))(Runner({"serving_default": signature(x="x:0")}))
    model.run(x(5, 2), ["y:0"])
    assert [count.batches for count in shared.chips().occupancy.counts().values()] == [3, 3, 0, 0]


def test_a_wrong_shape_occupies_no_core():
    shared = loading(compiled(signatures={"serving_default": SignatureBatch(2, inputs=("x",))}))
    model = shared.prepare(1, Path("/m/1"))(Runner({"serving_default": signature(x="x:0")}))
    with pytest.raises(StatusError):
        model.run(x(3, 2), ["y:0"])
    assert all(count.batches == 0 for count in shared.chips().occupancy.counts().values())


@pytest.mark.parametrize("model", [COMPILED, Compiled(1)], ids=["compiled", "cpu"])
def test_as_many_predictions_fail_as_commanded(model, capfd):
    faults = Faults()
    runner = prepared(model, faults=faults)
    faults.fail(2)
    for _ in range(2):
        with pytest.raises(StatusError, match="nrt_execute: status=1004") as failed:
            runner.run(x(2, 2), ["y:0"])
        assert failed.value.code is Code.INTERNAL
    assert runner.run(x(2, 2), ["y:0"])
    assert capfd.readouterr().err.count("NMGR:dlr_infer") == 2


@pytest.mark.parametrize("model", [COMPILED, Compiled(1)], ids=["compiled", "cpu"])
def test_a_hanging_prediction_ends_with_its_deadline_and_frees_its_core(model):
    faults = Faults()
    runner = prepared(model, cores=1, faults=faults)
    faults.hang(hung=True)
    with pytest.raises(StatusError) as late:
        runner.run(x(2, 2), ["y:0"], timeout_ms=1)
    assert late.value.code is Code.DEADLINE_EXCEEDED
    faults.hang(hung=False)
    assert runner.run(x(2, 2), ["y:0"])


def test_the_slowest_core_of_a_copy_sets_its_pace():
    faults = Faults()
    faults.slow(3, 10)
    assert [faults.factor(cores) for cores in ((2,), (3,), (2, 3), ())] == [1, 10, 10, 1]


def test_closing_a_model_closes_what_runs_it():
    for model in (COMPILED, Compiled(1)):
        inner = Runner({"serving_default": signature(x="x:0")})
        loading(model).prepare(1, Path("/m/1"))(inner).close()
        assert inner.closed
