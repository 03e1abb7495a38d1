"""A loaded session's empty variables, filled from those that the saver restored for the same object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from neuronserve.cpuserver.restore import objects
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, Refused
from neuronserve.messages import graph_pb2

_PREFIX = "neuronserve_restore"


class Extensible(Protocol):
    """What is needed of a session."""

    @property
    def meta_graph(self) -> Any: ...

    def extend(self, graph_def: graph_pb2.GraphDef, prefix: str, inputs: Mapping[str, str]) -> None: ...

    def run(self, feeds: Mapping[str, Typed], fetches: Sequence[str]) -> list[Typed]: ...


def complete(session: Extensible) -> int:
    """Give each variable that a signature reads and that has no value its own; how many there were.

    Refused when it is not certain what its value is.
    """
    meta_graph = session.meta_graph
    if not meta_graph.object_graph_def.nodes or not meta_graph.saver_def.restore_op_name:
        return 0  # of TF1, or saved without values
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    restoring = nodes[meta_graph.saver_def.restore_op_name.partition(":")[0]]
    captured = objects.captured(meta_graph, nodes)
    doubtful = sorted(captured.keys() - objects.data_inputs(restoring))
    empty = _empty(session, doubtful) if doubtful else []  # an init op may have filled some
    if empty:
        restored = objects.restored(meta_graph, nodes)
        items = ((handle, captured[handle]) for handle in empty)
        twins = {handle: "" if item is None else restored.get(item, "") for handle, item in items}
        _check([handle for handle, twin in twins.items() if not _alike(nodes, handle, twin)])
        _copy(session, nodes, twins)
    return len(empty)


def _check(unknown: Sequence[str]) -> None:
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise Refused(
            Code.FAILED_PRECONDITION,
            f"Its signatures read variables that it does not restore, and whose values cannot be told: "
            f"{unknown[0]}{more}. tf.saved_model.save() writes such a SavedModel of a Keras 3 model; "
            "write it with model.export(path) instead",
        )


def _alike(nodes: Mapping[str, Any], handle: str, twin: str) -> bool:
    """Whether there is a twin, with the same dtype and shape."""
    if twin not in nodes:
        return False
    attributes = nodes[handle].attr, nodes[twin].attr
    return all(attributes[0][key] == attributes[1][key] for key in ("dtype", "shape"))


def _empty(session: Extensible, handles: Sequence[str]) -> list[str]:
    """Those of the handles whose variable has no value."""
    graph, inputs = graph_pb2.GraphDef(), dict[str, str]()
    for at, handle in enumerate(handles):
        graph.node.add(name=f"has_value_{at}", op="VarIsInitializedOp", input=[f"handle_{at}"])
        inputs[f"handle_{at}"] = handle
    session.extend(graph, f"{_PREFIX}/before", inputs)
    filled = session.run({}, [f"{_PREFIX}/before/has_value_{at}:0" for at in range(len(handles))])
    return [handle for handle, (value, _) in zip(handles, filled, strict=True) if not value]


def _copy(session: Extensible, nodes: Mapping[str, Any], twins: Mapping[str, str]) -> None:
    """Assign to each handle its twin's value; both share one buffer then."""
    graph, inputs = graph_pb2.GraphDef(), dict[str, str]()
    for at, (handle, twin) in enumerate(twins.items()):
        _add_copy(graph, at, nodes[handle].attr["dtype"].type)
        inputs |= {f"handle_{at}": handle, f"twin_{at}": twin}
    session.extend(graph, _PREFIX, inputs)
    session.run({}, [f"{_PREFIX}/copied_{at}:0" for at in range(len(twins))])


def _add_copy(graph: graph_pb2.GraphDef, at: int, dtype: int) -> None:
    read = graph.node.add(name=f"value_{at}", op="ReadVariableOp", input=[f"twin_{at}"])
    give = graph.node.add(name=f"give_{at}", op="AssignVariableOp", input=[f"handle_{at}", read.name])
    for node in (read, give):
        node.attr["dtype"].type = dtype
    # an assignment has no output that could be fetched
    graph.node.add(name=f"copied_{at}", op="VarIsInitializedOp", input=[f"handle_{at}", f"^{give.name}"])
