"""The object graph of a SavedModel: which variable each signature reads, and which each checkpoint key is.

Handles are names of ``VarHandleOp`` nodes in the main graph; objects are numbers in the object graph.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from neuronserve.cpuserver import tensorproto

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_ESCAPED = re.compile(r"\.([.S])")  # in a key, ".." is a dot of a child's name and ".S" a slash


def captured(meta_graph: Any, nodes: Mapping[str, Any]) -> dict[str, int | None]:
    """Each handle that a signature's function takes -> its object, None where that is not told.

    ``nodes``: the main graph's nodes by name.
    """
    functions, found = meta_graph.object_graph_def.concrete_functions, dict[str, int | None]()
    outputs = (info for sign in meta_graph.signature_def.values() for info in sign.outputs.values())
    for name in sorted({info.name.partition(":")[0] for info in outputs}):
        call = nodes.get(name)
        if call is None or "f" not in call.attr:
            continue
        function = call.attr["f"].func.name
        bound = list(functions[function].bound_inputs) if function in functions else []
        sources = data_inputs(call)
        if len(bound) > len(sources):
            bound = []
        told = [None] * (len(sources) - len(bound)) + bound  # captures come last
        for source, item in zip(sources, told, strict=True):
            if source in nodes and nodes[source].op == "VarHandleOp":
                found[source] = item if found.get(source, item) == item else None
    return found


def restored(meta_graph: Any, nodes: Mapping[str, Any]) -> dict[int, str]:
    """Each object whose value the saver restores -> the handle it assigns that value to."""
    call = nodes[meta_graph.saver_def.restore_op_name.partition(":")[0]]
    library = meta_graph.graph_def.library.function
    function = next((f for f in library if f.signature.name == call.attr["f"].func.name), None)
    if function is None:
        return {}
    arguments = [argument.name for argument in function.signature.input_arg]
    handles = dict(zip(arguments, data_inputs(call), strict=False))
    objects = meta_graph.object_graph_def.nodes
    children = functools.cache(lambda at: {child.local_name: child.node_id for child in objects[at].children})
    found = {_follow(children, key): handles.get(argument) for argument, key in _assignments(function)}
    return {item: handle for item, handle in found.items() if item is not None and handle is not None}


def data_inputs(node: Any) -> list[str]:
    """The names of the nodes whose first output it takes; others as they are written."""
    return [name.removesuffix(":0") for name in node.input if not name.startswith("^")]


def _assignments(function: Any) -> Iterator[tuple[str, str]]:
    """The restore function's assignments: an argument, and the checkpoint key of what it is given."""
    nodes = {node.name: node for node in function.node_def}
    keys = {node.name: _keys(nodes, node) for node in function.node_def if node.op == "RestoreV2"}
    for node in function.node_def:
        if node.op != "AssignVariableOp":
            continue
        source, _, output = node.input[1].partition(":")
        while source in nodes and nodes[source].op == "Identity":
            source, _, output = nodes[source].input[0].partition(":")
        at = int(output.rpartition(":")[2])  # of "tensors:3"
        if at < len(keys.get(source, ())):
            yield node.input[0], keys[source][at]


def _keys(nodes: Mapping[str, Any], restore: Any) -> list[str]:
    """The checkpoint keys that a RestoreV2 node reads; none when they are no constant."""
    names = nodes.get(restore.input[1].partition(":")[0])
    if names is None or names.op != "Const":
        return []
    return [key.decode() for key in tensorproto.decode(names.attr["value"].tensor)]


def _follow(children: Callable[[int], Mapping[str, int]], key: str) -> int | None:
    """The object that a checkpoint key names: a path of children from the root, then what it is of it."""
    if not key.endswith(_VALUE):
        return None
    at = 0
    for step in key.removesuffix(_VALUE).split("/"):
        name = _ESCAPED.sub(lambda found: "/" if found[1] == "S" else ".", step)
        if name not in children(at):
            return None
        at = children(at)[name]
    return at
