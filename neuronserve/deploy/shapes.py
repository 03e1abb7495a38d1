"""A request against botocore's model of the service: what botocore itself checks, and what it leaves to AWS.

botocore refuses wrong types, absent members and unknown ones. It does not look at enumerations, patterns,
lengths and ranges, stops at none of them offline, and its messages hold no pointer.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from neuronserve.deploy import members
from neuronserve.deploy.findings import Finding, Severity, pointer


class Unknown:
    """A value that is known only later, such as CloudFormation's ``Ref``; it passes every check."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
_MANY = 40  # words that a person still reads; SageMaker has some 280 instance types
_UNKNOWN = "unknown-member"
NULL = "null"  # the code of a finding: an object's member is null


def findings(service: str, operation: str, params: Any, *, others: tuple[str, ...] = ()) -> list[Finding]:
    """What of ``params`` AWS would refuse for its shape; ``service`` and ``operation`` in botocore's words.

    It takes any JSON value. Values are not repeated, unless they should have been a word of a fixed list.
    ``others``: operations whose members may be there by mistake.
    """
    model = operation_model(service, operation)
    found = list(_walk(model.input_shape, params, "")) if model.input_shape else []
    elsewhere = tuple(operation_model(service, other) for other in others)
    return [
        dataclasses.replace(one, fix=members.advice(model, one.pointer, one.fix.split(), elsewhere))
        if one.code == _UNKNOWN
        else one
        for one in found
    ]


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's own description of a call; no session and no credentials are needed."""
    return _service_model(service).operation_model(operation)


@functools.cache
def words(service: str, shape: str) -> frozenset[str]:
    """The words of an enumeration, such as EC2's ``InstanceType``."""
    return frozenset(_service_model(service).shape_for(shape).metadata.get("enum", ()))


@functools.cache
def _service_model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def type_of(value: Any) -> str:
    """What a JSON value is, for a person."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


_INT32, _INT64 = 1 << 31, 1 << 63
_WORDS = {
    "structure": "an object", "map": "an object", "list": "a list", "string": "a string",
    "boolean": "a boolean", "integer": "an integer", "long": "an integer", "float": "a number",
    "double": "a number", "timestamp": "a time", "blob": "text",
}  # fmt: skip


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_IS: dict[str, Callable[[Any], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, (list, tuple)),
    "string": lambda value: isinstance(value, str),
    "blob": lambda value: isinstance(value, (str, bytes)),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "timestamp": lambda value: isinstance(value, str) or _number(value),
}


def _walk(shape: Shape, value: Any, at: str) -> Iterator[Finding]:
    kind = shape.type_name
    if isinstance(value, Unknown) or shape.metadata.get("document") or kind not in _IS:
        return
    if not _IS[kind](value):
        yield _wrong_type(kind, value, at)
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, at)
    elif isinstance(shape, ListShape):
        yield from _length(shape, value, at, "items")
        for index, item in enumerate(value):
            yield from _walk(shape.member, item, at + pointer(index))
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, at)
    elif isinstance(value, str):
        yield from _text(shape, value, at)
    elif _number(value):
        yield from _range(shape, value, at)


def _map(shape: MapShape, value: dict[Any, Any], at: str) -> Iterator[Finding]:
    yield from _length(shape, value, at, "entries")
    for key, item in value.items():
        for finding in _walk(shape.key, key, at + pointer(key)):
            yield dataclasses.replace(finding, message=f"the key: {finding.message}")
        yield from _walk(shape.value, item, at + pointer(key))


def _wrong_type(kind: str, value: Any, at: str) -> Finding:
    if value is None:
        fix = "leave it out"
    elif kind == "string" and _IS["double"](value):
        fix = "put it in quotes"
    elif isinstance(value, str) and kind not in ("structure", "map", "list"):
        fix = "write it without quotes"
    elif kind == "list":
        fix = "put it in brackets"
    else:
        fix = f"make it {_WORDS[kind]}"
    return Finding(at, Severity.ERROR, "wrong-type", f"expected {_WORDS[kind]}, found {type_of(value)}", fix)


def _structure(shape: StructureShape, value: dict[Any, Any], at: str) -> Iterator[Finding]:
    written = {str(key).lower() for key, item in value.items() if item is not None}
    for name in shape.required_members:
        if name.lower() not in written:  # in another case it is an unknown member, told below
            yield Finding(at, Severity.ERROR, "missing-member", f"{name} is missing", f"add {name}")
    for key, item in value.items():
        if item is None and key in shape.members:
            if key not in shape.required_members:
                yield Finding(at + pointer(key), Severity.ERROR, NULL, "null, and no value", "leave it out")
        elif key in shape.members:
            yield from _walk(shape.members[key], item, at + pointer(key))
        else:
            yield _unknown_member(key, list(shape.members), at)
    known = [key for key in value if key in shape.members]
    if shape.is_tagged_union and len(known) != 1:
        names = ", ".join(shape.members)
        yield Finding(
            at, Severity.ERROR, "union", f"expected exactly one of {names}, found {len(known)}", "keep one"
        )


def _unknown_member(key: Any, known: list[str], at: str) -> Finding:
    """Its fix holds the known members, until ``findings`` looks where it belongs."""
    return Finding(
        at + pointer(str(key)),
        Severity.ERROR,
        _UNKNOWN,
        f"{_short(str(key))} is no member of this object",
        " ".join(known),
    )


def _text(shape: Shape, value: str, at: str) -> Iterator[Finding]:
    words = shape.metadata.get("enum")
    if words and value not in words:
        yield _unknown_word(value, list(words), at)
    yield from _length(shape, value, at, "characters")
    pattern = shape.metadata.get("pattern")
    expression = _compiled(pattern) if pattern else None
    if expression and not expression.fullmatch(value):
        yield Finding(
            at,
            Severity.ERROR,
            "pattern",
            "it holds a character, or has a form, that AWS does not take here",
            f"AWS's pattern is {pattern}",
        )


def _unknown_word(value: str, words: list[str], at: str) -> Finding:
    same = next((word for word in words if word.lower() == value.lower()), None)
    near = same or _nearest(value, words)
    fix = f"write {same}: upper and lower case matter" if same else f"did you mean {near}?" if near else ""
    if len(words) <= _MANY:
        known, fix = ", ".join(words), fix or "use one of them"
    else:
        known, fix = f"the {len(words)} that AWS takes here", fix or "AWS's API reference lists them"
    return Finding(at, Severity.ERROR, "unknown-word", f"{_short(value)!r} is none of {known}", fix)


def _nearest(value: str, words: list[str]) -> str | None:
    """The word of the most similar letters, whatever their case: ``NEURON_CORE`` -> ``NeuronDevice``."""
    plain = {word.lower().replace("_", ""): word for word in words}
    found = difflib.get_close_matches(value.lower().replace("_", "").replace("-", ""), plain, n=1)
    return plain[found[0]] if found else None


def _length(shape: Shape, value: Any, at: str, what: str) -> Iterator[Finding]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _outside(at, f"{len(value)} {what}, and at least {low} are needed")
    if high is not None and len(value) > high:
        yield _outside(at, f"{len(value)} {what}, and at most {high} are allowed")


def _range(shape: Shape, value: float, at: str) -> Iterator[Finding]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("integer", "long"):
        bound = _INT32 if shape.type_name == "integer" else _INT64
        low, high = (-bound if low is None else low), (bound - 1 if high is None else high)
    if low is not None and value < low:
        yield _outside(at, f"less than the smallest allowed value, {low}")
    if high is not None and value > high:
        yield _outside(at, f"more than the largest allowed value, {high}")


def _outside(at: str, message: str) -> Finding:
    return Finding(at, Severity.ERROR, "out-of-range", message, "keep it within the limits")


_CLASSES = {
    "L": r"\w",
    "N": r"\w",
    "Z": r"\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    "S": r"\u0000-\uffff",
    "Print": r"\x20-\x7e",
    "Alnum": "a-zA-Z0-9",
    "ASCII": r"\x00-\x7f",
}  # fmt: skip  what Java and Unicode call a class of characters -> what stands for it within brackets


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """AWS's pattern for Python, which has no classes of Unicode: letters and digits become those of a word.

    None where it still is none for Python: then AWS alone checks it.
    """
    pattern = pattern.replace(r"\z", r"\Z")
    for name, characters in _CLASSES.items():
        inside = re.compile(rf"(\[[^\]]*?)\\p\{{{name}\}}")
        while (joined := inside.sub(lambda found: found[1] + characters, pattern)) != pattern:  # noqa: B023  used here alone
            pattern = joined
        pattern = pattern.replace(rf"\p{{{name}}}", f"[{characters}]")
    try:
        return re.compile(pattern)
    except (re.error, RecursionError):
        return None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
