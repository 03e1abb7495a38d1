"""JSON and YAML documents, read from files and written as text."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from neuronserve.deploy.findings import pointer
from neuronserve.errors import InvalidInput

LARGEST = 16 << 20  # bytes; ECS takes task definitions of 64 KiB
_DEEPEST = 64  # levels; the deepest member of a task definition is on the tenth


def read(name: str) -> Any:
    """The value in a JSON or YAML file; ``-`` is standard input. Raises InvalidInput."""
    return parse(text(name), name)


def text(name: str) -> str:
    """A file's text; ``-`` is standard input. Raises InvalidInput."""
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _bytes(Path(name))
        if len(data) > LARGEST:
            raise InvalidInput(f"{name}: larger than {LARGEST >> 20} MiB: that is no such document")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: not UTF-8 text, at byte {error.start}") from None
    except OSError as error:
        raise InvalidInput(f"{name}: {error.strerror}") from None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def parse(content: str, name: str) -> Any:
    """The value of a JSON or YAML text; ``name`` is for messages. Raises InvalidInput with line and column.

    Only what JSON has comes out: YAML's other types (bytes, sets, numbers as keys) are refused. A key that is
    there twice is an error: readers keep the last one and say nothing.
    """
    begin = content.lstrip()[:1]
    if not begin:
        raise InvalidInput(f"{name}: empty")
    try:
        if begin in "{[" and not name.endswith((".yml", ".yaml")):
            found = _json(content, name)
        else:
            found = yaml.load(content, _Loader)  # nosec B506  # noqa: S506  derived from SafeLoader
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInput(f"{name}{where}: {error.problem or error.context}") from None
    except RecursionError:
        raise InvalidInput(f"{name}: nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(f"{name}: {str(error).partition(chr(10))[0].partition(';')[0]}") from None
    if fault := next(_faults(found, ()), None):
        raise InvalidInput(f"{name}#{fault}")
    return found


def _faults(value: Any, steps: tuple[str | int, ...]) -> Iterator[str]:
    """What JSON could not say, or no document of AWS's does, with its place."""
    if isinstance(value, (dict, list)) and len(steps) > _DEEPEST:
        yield f"{pointer(*steps[:3])}: nested too deeply"
    elif isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                yield f"{pointer(*steps)}: the key {key!r} is no text: put it in quotes"
            yield from _faults(key, steps)
            yield from _faults(member, (*steps, str(key)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _faults(item, (*steps, place))
    elif isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            yield f"{pointer(*steps)}: half a character (a lone surrogate, \\ud800 to \\udfff)"
    elif not (value is None or isinstance(value, (bool, int)) or _finite(value)):
        yield f"{pointer(*steps)}: {type(value).__name__} is no value of JSON"


def _finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _json(content: str, name: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InvalidInput(f"{name}: the key {twice!r} is there twice in one object")
        return found

    def constant(word: str) -> Any:
        raise InvalidInput(f"{name}: {word} is no JSON")

    return json.loads(content, object_pairs_hook=unique, parse_constant=constant)


class _Loader(yaml.SafeLoader):
    """YAML's safe types, no key twice, dates as text, and no aliases: they can grow without bound."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not taken", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # the library's own signature
        found = super().construct_mapping(node, deep=deep)
        if len(found) != len(node.value):
            raise yaml.MarkedYAMLError(problem="a key is there twice", problem_mark=node.start_mark)
        return found


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


def dump(value: Any, form: str = "json") -> str:
    """A document as text, ``json`` or ``yaml``, ending in a newline; times become ISO 8601."""
    plain = json.loads(json.dumps(value, default=_plain, ensure_ascii=False))
    if form == "yaml":
        return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value)
