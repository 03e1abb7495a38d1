"""What a job's FailureReason means, and what to do; the data is in ``failures.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LOG = "see the log group /aws/sagemaker/CompilationJobs, streams {name}/..."


@functools.cache
def _meanings() -> tuple[tuple[re.Pattern[str], str], ...]:
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return tuple((re.compile(row["pattern"]), row["do"]) for row in raw["meaning"])


def meaning(reason: str) -> str:
    """What to do, for a FailureReason; "" for one that nobody has met."""
    return next((said for pattern, said in _meanings() if pattern.search(reason)), "")


def explained(job: Mapping[str, Any]) -> str:
    """The hint for a job that ended otherwise than well."""
    if job["CompilationJobStatus"] == "STOPPED":
        return "somebody stopped it, or its StoppingCondition did: --max-runtime gives it longer"
    log = _LOG.format(name=job["CompilationJobName"])
    said = meaning(str(job.get("FailureReason", "")))
    return f"{said}; {log}" if said else log
