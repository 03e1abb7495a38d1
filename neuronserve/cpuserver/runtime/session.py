"""A SavedModel loaded into a TensorFlow session, and runs of it.

``TF_LoadSessionFromSavedModel`` is the loader of TF Serving: it reads ``saved_model.pb`` or
``.pbtxt``, restores variables, runs init ops and feeds assets, for TF1- and TF2-style models alike.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve.cpuserver.runtime import graphs
from neuronserve.cpuserver.runtime.library import Output, Status, buffer_from, load, take_bytes
from neuronserve.cpuserver.runtime.tensors import from_tensor, to_tensor
from neuronserve.cpuserver.tensorproto import Array
from neuronserve.messages import config_pb2, graph_pb2, meta_graph_pb2

Typed = tuple[Array, int]  # an array and its TensorFlow dtype


class Session:
    """A loaded model. ``run`` may be called from many threads at once."""

    def __init__(self, folder: Path, tags: Sequence[str], config: config_pb2.ConfigProto) -> None:
        """Load the meta graph with exactly these tags; raises StatusError with TensorFlow's text."""
        self._library = load()
        self._graph = self._library.TF_NewGraph()
        self._outputs: dict[str, Output] = {}
        self._lock = threading.Lock()
        meta_graph = self._library.TF_NewBuffer()
        try:
            self._session = self._load(folder, tags, config, meta_graph)
        except BaseException:
            self._library.TF_DeleteBuffer(meta_graph)
            self._library.TF_DeleteGraph(self._graph)
            raise
        self.meta_graph = meta_graph_pb2.MetaGraphDef.FromString(take_bytes(meta_graph))

    def forget_graph(self) -> None:
        """Keep only the signatures of ``meta_graph``: the graph itself lives in TensorFlow."""
        self.meta_graph.ClearField("graph_def")
        self.meta_graph.ClearField("object_graph_def")
        # the memory of what is cleared belongs to the message, until there is none
        self.meta_graph = meta_graph_pb2.MetaGraphDef.FromString(self.meta_graph.SerializeToString())

    def extend(self, graph_def: graph_pb2.GraphDef, prefix: str, inputs: Mapping[str, str]) -> None:
        """Add nodes, as ``graphs.add_nodes`` does, which later runs can fetch."""
        graphs.add_nodes(self._graph, graph_def, prefix, inputs)

    def _load(
        self, folder: Path, tags: Sequence[str], config: config_pb2.ConfigProto, meta_graph: Any
    ) -> Any:
        library, content = self._library, config.SerializeToString()
        options = library.TF_NewSessionOptions()
        try:
            with Status() as status:
                library.TF_SetConfig(options, content, len(content), status.pointer)
                status.check()
            names = (ctypes.c_char_p * len(tags))(*(tag.encode() for tag in tags))
            with Status() as status:
                session = library.TF_LoadSessionFromSavedModel(
                    options,
                    None,
                    str(folder).encode(),
                    names,
                    len(tags),
                    self._graph,
                    meta_graph,
                    status.pointer,
                )
                status.check()
            return session
        finally:
            library.TF_DeleteSessionOptions(options)

    def run(
        self, feeds: Mapping[str, Typed], fetches: Sequence[str], timeout_ms: int | None = None
    ) -> list[Typed]:
        """Feed and fetch tensors by their names in the graph (``name:0``).

        ``timeout_ms``: after it TensorFlow stops and DEADLINE_EXCEEDED is raised.
        """
        sources = [self._output(name) for name in feeds]
        wanted = [self._output(name) for name in fetches]
        library, tensors = self._library, [to_tensor(array, dtype) for array, dtype in feeds.values()]
        results = (ctypes.c_void_p * len(wanted))()
        options = _run_options(timeout_ms)
        try:
            with Status() as status:
                library.TF_SessionRun(
                    self._session, options,
                    (Output * len(sources))(*sources), (ctypes.c_void_p * len(tensors))(*tensors),
                    len(sources),
                    (Output * len(wanted))(*wanted), results, len(wanted),
                    None, 0, None, status.pointer,
                )  # fmt: skip
                status.check()
            return [from_tensor(result) for result in results]
        finally:
            for tensor in (*tensors, *results):
                if tensor:
                    library.TF_DeleteTensor(tensor)
            if options is not None:
                library.TF_DeleteBuffer(options)

    def _output(self, name: str) -> Output:
        with self._lock:
            if name not in self._outputs:
                self._outputs[name] = graphs.find_output(self._graph, name)
            return self._outputs[name]

    def close(self) -> None:
        """Free the model. No ``run`` may be under way or follow."""
        for free in (self._library.TF_CloseSession, self._library.TF_DeleteSession):
            with Status() as status:
                free(self._session, status.pointer)
        self._library.TF_DeleteGraph(self._graph)


def _run_options(timeout_ms: int | None) -> Any:
    if timeout_ms is None:
        return None
    return buffer_from(config_pb2.RunOptions(timeout_in_ms=max(1, timeout_ms)).SerializeToString())
