"""Which environment variables a model server gets: those that it needs, by name, and no others.

A model is a program: its graph may read files, and its own process's variables are one. What the service was
given for other purposes (credentials, tokens, addresses with passwords in them, an operator's own secrets) is
not among them, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_NAMES = {
    "PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "LANG", "LANGUAGE", "TZ", "TZDIR", "TERM",
    "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONHASHSEED",
    "PYTHONUTF8",
    "PYTHONWARNINGS", "PYTHONFAULTHANDLER", "PYTHONMALLOC", "VIRTUAL_ENV", "GLIBC_TUNABLES", "TCMALLOC",
    "AWS_NEURON_VISIBLE_DEVICES", "SERVE_CORE_OFFSET",
}  # fmt: skip
_FAMILIES = (
    "LC", "NEURON", "NEURONCORE", "NEURONX", "NRT",  # the locale; the Neuron runtime
    # TensorFlow and below it
    "TF", "TF2", "XLA", "ABSL", "GRPC", "CUDA", "NVIDIA", "ONEDNN", "DNNL", "TFLITE", "TPU", "LIBTPU",
    "OMP", "GOMP", "KMP", "MKL", "OPENBLAS", "BLIS", "VECLIB", "NUMEXPR",  # threads
    "MALLOC", "TCMALLOC", "JEMALLOC", "FI", "RDMAV", "NCCL", "CCOM",  # memory; collectives over EFA
    "SERVE_SIMULATE",
)  # fmt: skip
_OF_A_FAMILY = re.compile(rf"(?:{'|'.join(_FAMILIES)})(?:_[A-Za-z0-9_]*)?")
# such a name is taken for what it says, whichever family it is of; an operator may name it all the same
_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|PRIVATE_?KEY|API_?KEY", re.IGNORECASE)


def needed(environ: Mapping[str, str], further: Collection[str] = ()) -> dict[str, str]:
    """``further``: what an operator named."""
    return {name: value for name, value in environ.items() if name in further or _is_needed(name)}


def _is_needed(name: str) -> bool:
    return name in _NAMES or (_OF_A_FAMILY.fullmatch(name) is not None and not _SECRET.search(name))
