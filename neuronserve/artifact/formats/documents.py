"""JSON and other text that belongs to a model."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO

_MOST = 8 << 20  # bytes of a document that are read
_OPENVINO = re.compile(rb"<net\s[^>]*name=|<net>")
_TEXT_GRAPH = re.compile(rb"\s*node\s*:?\s*\{\s*name\s*:")


def of(file: BinaryIO, head: bytes) -> str:
    """The key of a format; "" for what is no such document."""
    start = head.lstrip()
    if start.startswith(b"{L") or (start.startswith(b"{") and b'"learner"' in head[:200]):
        return "xgboost" if b"learner" in head else ""
    if start.startswith(b"{"):
        file.seek(0)
        return _of_json(file.read(_MOST))
    if start.startswith((b"<?xml", b"<net")) and _OPENVINO.search(head[:4096]):
        return "openvino"
    if head.startswith(b"tree\nversion="):
        return "lightgbm"
    if head.startswith(b"model_checkpoint_path:"):
        return "checkpoint"
    if head.startswith(b"saved_model_schema_version:"):
        return "misnamed"
    return "graph" if _TEXT_GRAPH.match(head) else ""


def _of_json(text: bytes) -> str:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    if "learner" in document:
        return "xgboost"
    if {"nodes", "arg_nodes", "heads"} <= document.keys():
        return "dlr" if '"tvm_op"' in json.dumps(document["nodes"]) else "mxnet"
    if "modelTopology" in document or document.get("format") in ("graph-model", "layers-model"):
        return "tfjs"
    if {"model_type", "architectures", "transformers_version"} & document.keys():
        return "optimum" if "neuron" in document else "hf_config"
    keras = "keras_version" in document or str(document.get("module", "")).startswith("keras")
    return "keras" if keras and {"class_name", "config"} <= document.keys() else ""
