"""The executable of a NeuronOp, a NEFF: a header of 1,024 bytes, then a tar, gzip'd or not.

The header, little-endian, as two real files and AWS's tools have it::

    0   u64 package version, u64 header size, u64 data size, u64 major, u64 minor
    40  char[128] build          168 u32 num_tpb: NeuronCores
    172 hash[32], uuid[16]       220 char[256] name: "1.6.13.0+9f61b2f75-/tmp/..."
    476 u32 requested tpb count  480 u8[64] per node, u64 feature bits, u32 lnc size

In the tar, ``info.json`` has the compiler's ``tool_version``: 1.x is Inf1's compiler, 2.x that of Inf2 and
Trn1. A ``kelf-*.json`` names ``"target": "sunda"`` for Inf2 and Trn1, and none for Inf1. Both are
observations of a few files and no documented format: a heuristic, told as such.
"""

from __future__ import annotations

import dataclasses
import json
import re
import struct
from fnmatch import fnmatchcase
from typing import Any

from neuronserve.artifact.inspect.packed import Stream, Unreadable, is_packed, members
from neuronserve.generation import Generation

HEADER_BYTES = 1024
UNPACK_BYTES = 1 << 29  # of one executable: enough to find what is looked for, and little for a bomb
MODEL_BYTES = 1 << 31  # of all executables of a model
MOST_CORES = 1023  # of one executable: tensorflow-neuron refuses a model_config with more

_HEADER = struct.Struct("<5Q128sI48s256sI")
_INFO, _KELF = "info.json", "kelf-*.json"
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6})+(\+\w{1,40})?", re.ASCII)
_GENERATIONS = {"1": Generation.V1, "2": Generation.V2}
_TARGETS = {"sunda": Generation.V2}


@dataclasses.dataclass(frozen=True)
class Executable:
    """What one executable tells. ``fault``: why it, or a part of it, could not be read; else "".

    ``cores`` and ``requested_cores`` are the header's, -1 when unknown. ``generation`` is None when there
    is no evidence, or when it contradicts itself; ``evidence`` says what there was. ``unpacked``: bytes that
    were, to find this out. ``content``: bytes of all its data unpacked, as it says itself, mod 2^32.
    """

    bytes: int
    fault: str = ""
    cores: int = -1
    requested_cores: int = -1
    compiler: str = ""
    target: str = ""
    generation: Generation | None = None
    evidence: tuple[str, ...] = ()
    contradiction: str = ""
    unpacked: int = 0
    content: int = 0


class Reader:
    """Reads the executables of one model, with one bound for all that is unpacked."""

    def __init__(self, limit: int = MODEL_BYTES) -> None:
        self._left = limit

    def __call__(self, data: bytes) -> Executable:
        made = read(data, limit=min(UNPACK_BYTES, self._left))
        self._left = max(0, self._left - made.unpacked)
        return made


def read(data: bytes, *, limit: int = UNPACK_BYTES) -> Executable:
    """Read an executable, unpacking at most ``limit`` bytes; never raises for what it holds."""
    fault = _no_neff(data)
    if fault:
        return Executable(len(data), f"not readable: {fault}")
    fields = _HEADER.unpack_from(data)
    stream = Stream(data, HEADER_BYTES, limit)
    found = _Found()
    fault = _cut_short(data, fields[2])
    try:
        _look(stream, found)
    except Unreadable as error:
        fault = fault or f"its data is not readable: {error}"
    if not fault and not found.has_info:
        fault = f"its data holds no {_INFO}"
    compiler = found.compiler or _version(fields[8].partition(b"\0")[0].decode("ascii", "replace"))
    generation, evidence, contradiction = _judge(compiler, found)
    return Executable(
        bytes=len(data), fault=fault, cores=fields[6], requested_cores=_known(fields[9]), compiler=compiler,
        target=found.target or "", generation=generation, evidence=evidence, contradiction=contradiction,
        unpacked=stream.position, content=_content(data, fields[2]),
    )  # fmt: skip


@dataclasses.dataclass
class _Found:
    has_info: bool = False
    compiler: str = ""
    target: str | None = None  # "": a kelf was read, and it names none


def _no_neff(data: bytes) -> str:
    if not data:
        return "it is empty"
    if len(data) < HEADER_BYTES:
        return f"it has {len(data):,} bytes, and the header of a NEFF alone has {HEADER_BYTES:,}"
    fields = _HEADER.unpack_from(data)
    header, cores = fields[1], fields[6]
    if header != HEADER_BYTES:
        return f"it is no NEFF: its header would have {header:,} bytes instead of {HEADER_BYTES:,}"
    if not 1 <= cores <= MOST_CORES:
        return f"it is no NEFF, or damaged: its header speaks of {cores:,} NeuronCores"
    return ""


def _cut_short(data: bytes, claimed: int) -> str:
    there = len(data) - HEADER_BYTES
    return f"it is cut short: {there:,} of {claimed:,} bytes of data are there" if there < claimed else ""


def _content(data: bytes, claimed: int) -> int:
    """Of a gzip stream its last four bytes tell (RFC 1952, ISIZE)."""
    end = min(len(data), HEADER_BYTES + claimed)
    packed = is_packed(data[HEADER_BYTES : HEADER_BYTES + 2])
    return int.from_bytes(data[end - 4 : end], "little") if packed else end - HEADER_BYTES


def _look(stream: Stream, found: _Found) -> None:
    """Read on until both files were seen: the weights in between can be large."""
    for name, content in members(stream, lambda name: name == _INFO or fnmatchcase(name, _KELF)):
        parsed = _json(content)
        if name == _INFO:
            found.has_info = True
            found.compiler = _version(str(parsed.get("tool_version", "")))
        elif content is not None and found.target is None:
            found.target = _printable(_target(parsed))
        if found.has_info and found.target is not None:
            return


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        parsed = json.loads(content or b"")
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _target(kelf: dict[str, Any]) -> str:
    """At the top, or at the first of its graphs that has one."""
    graphs = kelf.get("graphs")
    places = [kelf, *(graphs if isinstance(graphs, list) else [])]
    named = [one["target"] for one in places if isinstance(one, dict) and isinstance(one.get("target"), str)]
    return next((name for name in named if name), "")


def _judge(compiler: str, found: _Found) -> tuple[Generation | None, tuple[str, ...], str]:
    """Generation, evidence, contradiction."""
    by_compiler = _GENERATIONS.get(compiler.partition(".")[0])
    by_target = _TARGETS.get(found.target or "")
    evidence = []
    if compiler:
        families = f"that of {by_compiler.families}" if by_compiler else "of no known generation"
        evidence.append(f"compiler {compiler}: {families}")
    if found.target:
        families = f"that of {by_target.families}" if by_target else "unknown"
        evidence.append(f'target "{found.target}": {families}')
    elif found.target is not None:
        evidence.append(f"no target is named, as by {Generation.V1.families}'s compiler")
    contradiction = ""
    if by_compiler and by_target and by_compiler != by_target:
        contradiction = (
            f"compiler {compiler} is {by_compiler.families}'s, target {found.target} {by_target.families}'s"
        )
        return None, tuple(evidence), contradiction
    if by_compiler is Generation.V2 and found.target == "":
        contradiction = f"compiler {compiler} is {by_compiler.families}'s, and yet no target is named"
    return by_compiler or by_target, tuple(evidence), contradiction


def _version(text: str) -> str:
    match = _VERSION.match(text)
    return match[0] if match else ""


def _printable(text: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text[:40])


def _known(cores: int) -> int:
    return cores if 1 <= cores <= MOST_CORES else -1
