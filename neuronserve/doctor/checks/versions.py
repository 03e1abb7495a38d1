"""One version of a model: its signatures, what was compiled into it, and whether its server can run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.artifact.bundle import BundledModel
from neuronserve.artifact.inspect import advice, look, savedmodel, scan
from neuronserve.artifact.inspect.report import Report
from neuronserve.compiled import Compiled
from neuronserve.doctor.finding import Finding, counted, note, ok, warn
from neuronserve.errors import DamagedModel
from neuronserve.messages import types_pb2
from neuronserve.modelserver import programs

_MOST_BYTES = 256 << 20  # of a graph that is parsed for its signatures alone
_INITIALISES = "__saved_model_init_op"  # a signature that TensorFlow 2 adds, and that is none to call


def findings(model: BundledModel, compiled: Compiled, kind: str) -> Iterator[Finding]:
    """``kind`` of model server that would run it; "" when not known."""
    folder = (model.base_path / str(compiled.version)).resolve()
    name = f"{model.name}/{compiled.version}"
    yield _compiled(name, compiled)
    if compiled.neuron:
        report = look.inspect(folder)
        yield from (
            (warn if one.grave else note)(f"{name}: {one.what}", one.fix) for one in advice.advice(report)
        )
        yield from _runs(name, report, kind)
    yield from _signatures(name, folder)


def _compiled(name: str, one: Compiled) -> Finding:
    if not one.neuron:
        return ok(f"{name}: no NeuronOp: it runs on the CPU", **one.as_dict())
    families = one.generation.families if one.generation else "an unknown generation"
    batches = ", ".join(
        f"{signature} at {batch.size}{' (dynamic)' if batch.dynamic else ''}"
        for signature, batch in one.signatures.items()
    )
    message = (
        f"{name}: compiled for {families} (compiler {one.compiler or 'not told'}), "
        f"{counted(one.cores, 'core')} a copy, {one.duplicates} in a process at most; "
        f"batch: {batches or 'not told'}"
    )
    return ok(message, **one.as_dict())


def _runs(name: str, report: Report, kind: str) -> Iterator[Finding]:
    """A compiled model without NeuronCores: the graph that it was compiled from runs, or nothing does."""
    if kind == programs.TENSORFLOW:
        message = f"{name} holds NeuronOps, which the tensorflow model server does not know"
        yield warn(message, "serve it with MODEL_SERVER=neuron, or cpu for a test")
    if kind not in (programs.CPU, programs.SIMULATOR):
        return
    lost = [one.name for one in report.running if one.ops is None or one.emptied]
    if lost:
        message = f"{name}: {', '.join(lost[:3])} can run on NeuronCores only: its constants were emptied"
        hint = "run it on Inferentia or Trainium, or serve the SavedModel it was compiled from"
        yield warn(message, hint)
    elif kind == programs.CPU:
        yield note(
            f"{name}: the CPU runs the graph that it was compiled from", "MODEL_SERVER=neuron uses the chips"
        )


def _signatures(name: str, folder: Path) -> Iterator[Finding]:
    file = scan.find(folder)
    if file is not None and file.stat().st_size > _MOST_BYTES:
        yield note(f"{name}: its graph has more than {_MOST_BYTES >> 20} MiB: signatures are not read")
        return
    try:
        graph, _ = savedmodel.graph_of(savedmodel.read(folder), folder)
    except DamagedModel as error:
        yield warn(error.message, error.hint)  # the model server judges it
        return
    told = {key: one for key, one in sorted(graph.signature_def.items()) if key != _INITIALISES}
    if not told:
        yield note(f"{name}: it has no signatures", "export it with signatures")
    for key, signature in told.items():
        sides = {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}
        shown = " -> ".join(
            ", ".join(f"{n} {s}" for n, s in side.items()) or "nothing" for side in sides.values()
        )
        yield ok(f"{name}: {key}: {shown}", signature=key, **sides)


def _tensors(side: Any) -> dict[str, str]:
    """``{"x": "float32[?,224,224,3]"}``; ``[...]`` where the rank is unknown."""
    return {name: f"{_dtype(info.dtype)}{_shape(info)}" for name, info in sorted(side.items())}


def _dtype(number: int) -> str:
    try:
        name = str(types_pb2.DataType.Name(number)).removeprefix("DT_").lower()
    except ValueError:
        return f"dtype {number}"
    return {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)


def _shape(info: Any) -> str:
    if info.tensor_shape.unknown_rank or not info.HasField("tensor_shape"):
        return "[...]"
    return f"[{','.join('?' if dim.size < 0 else str(dim.size) for dim in info.tensor_shape.dim)}]"
