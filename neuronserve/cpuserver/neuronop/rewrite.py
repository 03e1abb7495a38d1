"""The SavedModel with all its NeuronOps replaced, put where TensorFlow can load it.

The graph, which may have hundreds of megabytes, lies in memory until it is loaded: a full disk does not keep
the server from starting again, and of a server that is killed a small folder of links is left.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from neuronserve.artifact.inspect import scan
from neuronserve.cpuserver.neuronop import mapping
from neuronserve.cpuserver.neuronop.node import OP, NeuronNode, parse, refused
from neuronserve.cpuserver.neuronop.subgraph import to_function
from neuronserve.messages import saved_model_pb2


class Rewritten:
    """``folder`` is the SavedModel, until ``cleanup()``; its graph can be read until ``loaded()``."""

    def __init__(self, graph: bytes) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="neuronserve-cpu-", ignore_cleanup_errors=True)
        self._memory: int | None = os.memfd_create(scan.FILES[0])
        self.folder = Path(self._scratch.name)
        try:
            with os.fdopen(os.dup(self._memory), "wb") as file:
                file.write(graph)
            (self.folder / scan.FILES[0]).symlink_to(f"/proc/self/fd/{self._memory}")
        except BaseException:
            self.cleanup()
            raise

    def loaded(self) -> None:
        """Give back the memory of the graph."""
        if self._memory is not None:
            os.close(self._memory)
            self._memory = None

    def cleanup(self) -> None:
        self.loaded()
        self._scratch.cleanup()


def for_cpu(folder: Path) -> Rewritten | None:
    """A folder with the rewritten model, or None when the model holds no NeuronOp and needs none.

    Variables and assets are linked, not copied. Raises Refused when it cannot be right.
    """
    file = scan.find(folder)
    if file is None or not scan.mentions_neuron(folder):
        return None
    model = _read(file)
    if model is None or not _rewrite_all(model):
        return None
    rewritten = Rewritten(model.SerializeToString())
    for child in folder.iterdir():
        if child.name not in scan.FILES:
            (rewritten.folder / child.name).symlink_to(child.resolve())
    return rewritten


def _read(file: Path) -> Any:
    """The model, or None when it is damaged: TensorFlow says so better."""
    model = saved_model_pb2.SavedModel()
    try:
        if file.suffix == ".pb":
            model.ParseFromString(file.read_bytes())
        else:
            text_format.Parse(file.read_text(), model)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError):
        return None
    return model


def _rewrite_all(model: Any) -> int:
    """Replace every NeuronOp in main graphs and functions; how many there were."""
    count = 0
    for meta_graph in model.meta_graphs:
        library = meta_graph.graph_def.library
        count += _rewrite(meta_graph.graph_def.node, library, in_function=False)
        for function in list(library.function):
            count += _rewrite(function.node_def, library, in_function=True, ends=function.ret)
        ops = meta_graph.meta_info_def.stripped_op_list.op
        kept = [op for op in ops if op.name != OP]
        if len(kept) < len(ops):
            del ops[:]
            ops.extend(kept)
    return count


def _rewrite(nodes: Any, library: Any, *, in_function: bool, ends: Any = None) -> int:
    found = [node for node in nodes if node.op == OP]
    for node in found:
        parsed = parse(node)
        name = _function_name(node)
        if not any(function.signature.name == name for function in library.function):
            function = to_function(parsed, mapping.twins(node, nodes), name)
            _merge(library, parsed)
            library.function.append(function)
        _become_call(node, parsed, name)
        if in_function:
            _rename_outputs(node.name, nodes, ends)
    return len(found)


def _function_name(node: Any) -> str:
    content = node.SerializeToString(deterministic=True)
    return f"neuronserve_{hashlib.blake2b(content, digest_size=12).hexdigest()}"


def _merge(library: Any, node: NeuronNode) -> None:
    """Bring the functions that the subgraph calls into the model's library."""
    known = {function.signature.name: function for function in library.function}
    for function in node.graph.library.function:
        same = known.get(function.signature.name)
        if same is None:
            library.function.append(function)
        elif same != function:
            raise refused(
                node.name, f"function {function.signature.name} of its graph differs from the model's own"
            )


def _become_call(node: Any, parsed: NeuronNode, function: str) -> None:
    """Turn the node, in place, into a call; it keeps its name, inputs and control inputs."""
    node.op, node.device = "PartitionedCall", ""
    node.attr.clear()
    node.attr["Tin"].list.type.extend(port.dtype for port in parsed.inputs)
    node.attr["Tout"].list.type.extend(port.dtype for port in parsed.outputs)
    node.attr["f"].func.name = function


def _rename_outputs(name: str, nodes: Iterable[Any], ends: Any) -> None:
    """In functions, inputs name the output argument too: NeuronOp's is not PartitionedCall's."""
    old, new = f"{name}:output_tensors:", f"{name}:output:"
    for node in nodes:
        for at, source in enumerate(node.input):
            if source.startswith(old):
                node.input[at] = new + source.removeprefix(old)
    for key, value in list(ends.items()):
        if value.startswith(old):
            ends[key] = new + value.removeprefix(old)
