"""CompilerOptions, in the form that each target takes.

Source: the API's reference, OutputConfig. Flags in a JSON string for Neuron devices, an object for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import Finding, Severity, pointer
from neuronserve.deploy.neo import compiler, targets

_AT = pointer("OutputConfig", "CompilerOptions")
_DTYPES = ("float", "float32", "int64", "long")
_NVIDIA = ("gpu-code", "trt-ver", "cuda-ver")
_ANDROID = range(21, 30)
_KNOWN = frozenset(
    {
        "dtype",
        "mcpu",
        "mattr",
        "gpu-code",
        "trt-ver",
        "cuda-ver",
        "ANDROID_PLATFORM",
        "class_labels",
        "signature_def_key",
        "output_names",
        "set_tensors_values",
        "force_cpu",
        "opt-level",
        "transform_to_nhwc",
        "precision_mode",
    }
)  # fmt: skip  the last ones: EIA's


def findings(request: Mapping[str, Any], _region: str | None) -> Iterator[Finding]:
    output = request.get("OutputConfig", {})
    device, platform = output.get("TargetDevice"), output.get("TargetPlatform") or {}
    text = output.get("CompilerOptions")
    if targets.is_neuron(device):
        if text is not None:
            yield from _flags(text, device)
        return
    found = compiler.object_of(text) if text is not None else {}
    if found is None:
        yield _error("not-an-object", f"for {device or 'a platform'} it has to be a JSON object",
                     'such as {"mcpu": "skylake-avx512"}')  # fmt: skip
        return
    yield from _object(found, platform, request.get("InputConfig", {}).get("Framework"))


def _flags(text: str, device: str) -> Iterator[Finding]:
    flags = compiler.flags_of(text)
    if flags is not None:
        if fault := compiler.fault_of(flags):
            yield _error("bad-flags", fault, "see the Neuron compiler's command-line reference")
    elif compiler.object_of(text) is not None:
        yield _error("not-flags", f"for {device} it is not an object, but a JSON string of flags",
                     '--neuron-options "--num-neuroncores 2 -O2" writes it')  # fmt: skip
    else:
        yield _error("not-a-json-string", f"for {device} it has to be a JSON string, with its quotes",
                     "--neuron-options adds them")  # fmt: skip


def _object(
    found: Mapping[str, Any], platform: Mapping[str, Any], framework: str | None
) -> Iterator[Finding]:
    for name in sorted(set(found) - _KNOWN):
        yield Finding(_AT, Severity.WARNING, "unknown-option", f"{name} is no option that AWS names",
                      "check its spelling")  # fmt: skip
    dtype = found.get("dtype")
    if dtype is not None and framework != "PYTORCH":
        yield _error("dtype-not-taken", f"dtype is for PYTORCH, and not for {framework}", "leave it out")
    elif dtype is not None and not _dtypes(dtype):
        yield _error("bad-dtype", "dtype is unknown", f"use one of {', '.join(_DTYPES)}")
    if "mattr" in found and not _strings(found["mattr"]):
        yield _error("bad-mattr", "mattr is no list of flags", 'such as ["+neon"]')
    if "mcpu" in found and not isinstance(found["mcpu"], str):
        yield _error("bad-mcpu", "mcpu is no text", "such as skylake-avx512")
    yield from _accelerator(found, platform)
    yield from _android(found, platform)


def _dtypes(value: Any) -> bool:
    """One for all inputs, or one for each."""
    if isinstance(value, str):
        return value in _DTYPES
    each = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(each) and all(one in _DTYPES for one in each)


def _accelerator(found: Mapping[str, Any], platform: Mapping[str, Any]) -> Iterator[Finding]:
    missing = [name for name in _NVIDIA if not isinstance(found.get(name), str)]
    if platform.get("Accelerator") == "NVIDIA" and missing:
        yield _error("nvidia-options", f"for NVIDIA it needs {', '.join(missing)}",
                     'such as {"gpu-code": "sm_72", "trt-ver": "6.0.1", "cuda-ver": "10.1"}')  # fmt: skip


def _android(found: Mapping[str, Any], platform: Mapping[str, Any]) -> Iterator[Finding]:
    if "ANDROID_PLATFORM" not in found:
        return
    if platform.get("Os") != "ANDROID":
        yield _error(
            "android-options", "ANDROID_PLATFORM is for TargetPlatform ANDROID alone", "leave it out"
        )
    level = found["ANDROID_PLATFORM"]
    if isinstance(level, bool) or not isinstance(level, int) or level not in _ANDROID:
        yield _error("android-options", "ANDROID_PLATFORM: levels are 21 to 29", "use one of them")


def _strings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _error(code: str, message: str, fix: str) -> Finding:
    return Finding(_AT, Severity.ERROR, code, message, fix)
