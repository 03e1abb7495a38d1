"""Which model, and how it is fetched."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve import environment as read
from neuronserve.settings.variable import variable

_MODEL = "The model"
_FETCH = "Getting the model"


@dataclasses.dataclass(frozen=True)
class Model:
    # A table: a few lines for each variable.
    # fmt: off
    model_uri: str | None = variable(
        "MODEL_URI", read.text, "", group=_MODEL,
        meaning="`s3://bucket/key.tar.gz`, `s3://bucket/prefix/`, or a path to an archive or a "
        "directory; not set: what lies in `/opt/ml/model`",
    )
    model_name: str | None = variable(
        "MODEL_NAME", read.name, "", group=_MODEL,
        meaning="the name to serve it under; not set: as found in the artifact, else `model`",
    )
    model_digest: str | None = variable(
        "MODEL_DIGEST", read.digest, "", group=_MODEL,
        meaning="`sha256:...` or `blake2b:...` of the archive; not set: not checked",
    )
    compilation_job: str | None = variable(
        "COMPILATION_JOB", read.name, "", group=_MODEL,
        meaning="a SageMaker Neo job whose artifact is served, instead of `MODEL_URI`",
    )
    default_model_name: str | None = variable(
        "SAGEMAKER_TFS_DEFAULT_MODEL_NAME", read.name, "", group=_MODEL,
        meaning="of several models, the one for requests that name none",
    )
    # fmt: on


@dataclasses.dataclass(frozen=True)
class Fetch:
    # A table: a few lines for each variable.
    # fmt: off
    cache_dir: Path | None = variable(
        "SERVE_CACHE_DIR", read.path, "", group=_FETCH,
        meaning="where models are kept between starts; nobody else may write it; not set: "
        "`/var/cache/neuronserve` for root and in the image, else `neuronserve` in `XDG_CACHE_HOME` or "
        "`~/.cache`; in a folder for everybody, one of its own",
    )
    digest_mismatch: str = variable(
        "SERVE_DIGEST_MISMATCH", read.choice("fail", "warn"), "fail", group=_FETCH,
        meaning="what a wrong digest does, `MODEL_DIGEST` or the store's own: `fail`, or `warn`",
    )
    download_connections: int = variable(
        "SERVE_DOWNLOAD_CONNECTIONS", read.integer(1, 64), "8", unit="connections", group=_FETCH,
        meaning="ranges of an object downloaded at once",
    )
    download_retries: int = variable(
        "SERVE_DOWNLOAD_RETRIES", read.integer(0, 100), "6", unit="times", group=_FETCH,
        meaning="tries again after a cut connection, a stall or throttling, for each range, with back-off "
        "of at most 20 s; a try has 60 s until its answer begins, and is over when it brings less than "
        "64 KiB in 20 s",
    )
    max_unpacked_mb: int = variable(
        "SERVE_MAX_UNPACKED_MB", read.integer(1, 1 << 22), "65536", unit="MiB", group=_FETCH,
        meaning="what an archive may hold in all: a bound on bombs",
    )
    max_files: int = variable(
        "SERVE_MAX_FILES", read.integer(1, 10**7), "100000", unit="files", group=_FETCH,
        meaning="how many members an archive may have, and folders",
    )
    # fmt: on
