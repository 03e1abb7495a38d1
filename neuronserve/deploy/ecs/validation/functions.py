"""CloudFormation's short functions in YAML, such as ``!Ref``: read as the long ones, ``Ref: ...``.

``documents`` knows no tags, for a task definition has none; a template is written anew without them first.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from neuronserve.deploy import documents
from neuronserve.errors import InvalidInput

_TEMPLATE = re.compile(r"^(Resources|AWSTemplateFormatVersion)\s*:", re.MULTILINE)
_POSITION = re.compile(r", line \d+, column \d+")


def parse(content: str, name: str) -> Any:
    """The document in a file's text, with short functions where it is a template. Raises InvalidInput."""
    written = _with_long_functions(content) if _TEMPLATE.search(content) else content
    try:
        return documents.parse(written, name)
    except InvalidInput as error:
        if written == content:
            raise
        raise InvalidInput(_POSITION.sub("", error.message)) from None  # lines of what was written anew


def _with_long_functions(content: str) -> str:
    """The text with ``!Ref A`` as ``Ref: A``, others by their names alone; as it is, where it has none."""
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        if root is None or not _lengthen(root, set()):
            return content
        return yaml.serialize(root)
    except (yaml.YAMLError, RecursionError, ValueError):
        return content  # what is wrong with it is told by who reads it


def _lengthen(node: yaml.Node, seen: set[int]) -> bool:
    """Replace the short functions below a node; whether there were any."""
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return False
    seen.add(id(node))
    found = False
    for place, item in enumerate(node.value):
        if isinstance(node, yaml.MappingNode):
            key, value = item
            found |= _lengthen(value, seen) or _is_short(value)
            node.value[place] = key, _long(value)
        else:
            found |= _lengthen(item, seen) or _is_short(item)
            node.value[place] = _long(item)
    return found


def _is_short(node: yaml.Node) -> bool:
    return bool(node.tag.startswith("!"))


def _long(node: yaml.Node) -> yaml.Node:
    if not _is_short(node):
        return node
    text = "tag:yaml.org,2002:str"
    name = node.tag if node.tag == "!Ref" else f"!Fn::{node.tag[1:]}"
    value = node.value if isinstance(node.value, str) else ""
    pair = yaml.ScalarNode(text, name[1:]), yaml.ScalarNode(text, value, style="'")
    return yaml.MappingNode("tag:yaml.org,2002:map", [pair])
