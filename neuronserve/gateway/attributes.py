"""``X-Amzn-SageMaker-Custom-Attributes``: which model, version, signature and method is meant.

``tfs-model-name=M,tfs-model-version=V,tfs-signature-name=S,tfs-method=predict|classify|regress``, the
names of AWS's own container plus the signature. Other attributes are the caller's own and pass.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from urllib.parse import quote

from neuronserve.errors import BadAttributes

METHODS = ("predict", "classify", "regress")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_.>/-]{1,255}")
LONGEST = 1024  # of CustomAttributesHeader in the runtime's API; visible ASCII
_PREFIX = "tfs-"
_UNQUOTED = "_.>/-"  # a model may name its signatures as it likes; a header may not hold all of that


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """What a request asks for; empty or None where it leaves the choice to the service."""

    model: str = ""
    version: int | None = None
    signature: str = ""
    method: str = "predict"


ANY = Route()


def parse(header: str | None) -> Route:
    """The route in a header. Raises BadAttributes, naming the attribute and what it may be."""
    if not header:
        return ANY
    found: dict[str, str] = {}
    for part in header.split(","):
        name, equals, value = part.strip().partition("=")
        if not name.startswith(_PREFIX):
            continue
        if name in found:
            raise BadAttributes(f"the custom attribute {name} is given twice")
        if not equals:
            raise BadAttributes(f"the custom attribute {name} has no value", hint=f"write {name}=VALUE")
        found[name] = value.strip()
    route = Route(
        model=_matching(found, "tfs-model-name", _NAME, "a model's name"),
        version=_version(found.pop("tfs-model-version", None)),
        signature=_matching(found, "tfs-signature-name", _SIGNATURE, "a signature's name"),
        method=_method(found.pop("tfs-method", "predict")),
    )
    if found:
        raise BadAttributes(
            f"the custom attribute {min(found)!r} is not known",
            hint="known: tfs-model-name, tfs-model-version, tfs-signature-name, tfs-method",
        )
    return route


@functools.lru_cache(maxsize=1024)
def echo(model: str, version: int | None, signature: str, method: str) -> str:
    """What was used, in the same words; without a name that makes it longer than the platform passes on."""
    parts = [f"tfs-model-name={quote(model, safe=_UNQUOTED)}"]
    if version is not None:
        parts.append(f"tfs-model-version={version}")
    if signature:
        parts.append(f"tfs-signature-name={quote(signature, safe=_UNQUOTED)}")
    parts.append(f"tfs-method={method}")
    while len(told := ",".join(parts)) > LONGEST:
        parts.remove(max(parts, key=len))
    return told


def _matching(found: dict[str, str], name: str, pattern: re.Pattern[str], expected: str) -> str:
    value = found.pop(name, None)
    if value is None:
        return ""
    if not pattern.fullmatch(value):
        raise BadAttributes(f"the custom attribute {name}={value!r} is not {expected}")
    return value


def _version(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value[:20]) < 1 << 63 and len(value) < 20):
        raise BadAttributes(f"the custom attribute tfs-model-version={value!r} is not a whole number")
    return int(value)


def _method(value: str) -> str:
    if value not in METHODS:
        raise BadAttributes(
            f"the custom attribute tfs-method={value!r} is not a method", hint="one of " + ", ".join(METHODS)
        )
    return value
