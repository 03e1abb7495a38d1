"""Scanners for faults that attackers use: in the sources, in the packages, in what we deploy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import _workshop
from checks.tools import Skipped, said, tracked

# What checkov finds and we mean, each with the reason.
ACCEPTED = {
    "CKV_AWS_18": "the bucket of access logs has none itself: it would log its own writing for ever",
    "CKV_AWS_21": "access logs are written once and expire: versions of them would be kept for nothing",
}
# Off unless an operator asks for it, because it costs money or needs a domain: not in the plain template.
OPTIONAL = {
    "CKV_AWS_2": "HTTPS needs a certificate",
    "CKV_AWS_103": "HTTPS needs a certificate",
    "CKV_AWS_91": "access logs cost S3 storage",
}
_STACK = [
    "--instance-type=inf1.6xlarge", "--slots=2",
    "--image=123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1", "--model-uri=s3://models/digits.tar.gz",
    "--load-balancer", "--client-cidr=10.0.0.0/16", "--region=us-east-1",
]  # fmt: skip
_OPTIONS = [
    "--domain=digits.example.com", "--hosted-zone=Z0123456789ABC", "--access-logs",
    "--log-kms-key=arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
]  # fmt: skip


def bandit() -> str:
    """bandit on the package and the scripts: findings of medium severity and up"""
    program = str(_workshop.environment("security") / "bandit")
    text = "{relpath}:{line}: {test_id} {msg}"
    command = [program, "-q", "-ll", "-c", "pyproject.toml", "-f", "custom", "--msg-template", text]
    programs = [name for name in tracked("scripts/*") if "." not in Path(name).name]
    return said(*command, "-r", "neuronserve", "serve", "wsgi.py", "predictor.py", "scripts", *programs)


def checkov() -> str:
    """checkov on the Dockerfile and on the stack's template, plain and with every option"""
    program = str(_workshop.environment("security") / "checkov")
    common = [program, "--quiet", "--compact", "--skip-download"]
    wrong = [said(*common, "--framework", "dockerfile", "--file", "Dockerfile")]
    with tempfile.TemporaryDirectory(prefix="neuronserve-check-") as folder:
        for name, options, accepted in (("plain", [], OPTIONAL), ("whole", _OPTIONS, ACCEPTED)):
            template = f"{folder}/{name}.json"
            rendered = said(sys.executable, "scripts/stack", *_STACK, *options, "--out", template)
            skip = ["--skip-check", ",".join(accepted)]
            wrong.append(
                rendered or said(*common, *skip, "--framework", "cloudformation", "--file", template)
            )
    return "\n".join(filter(None, wrong))


def pip_audit() -> str:
    """pip-audit: known vulnerabilities of the packages that the image holds"""
    program = str(_workshop.environment("security") / "pip-audit")
    command = [program, "--disable-pip", "--require-hashes", "--progress-spinner=off", "--timeout=10"]
    for name in ("gateway", "cpuserver"):
        command += ["-r", str(_workshop.ROOT / "requirements" / f"{name}.txt")]
    done = subprocess.run(
        [*command, "--format=json"],
        env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "\n".join(vulnerabilities(done.stdout, done.stderr))


def vulnerabilities(report: str, trouble: str) -> list[str]:
    """Lines of a report of pip-audit. Raises Skipped when no vulnerability service knew a package."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        raise Skipped(
            f"no vulnerability service answers: {(trouble.splitlines() or ['?'])[-1][:200]}"
        ) from None
    if packages and all("skip_reason" in package for package in packages):
        raise Skipped(
            f"the package index has no list of vulnerabilities ({packages[0]['skip_reason'][:120]})"
        )
    return [
        f"{package['name']} {package['version']}: {one['id']}, fixed in {' or '.join(one['fix_versions'])}"
        for package in packages
        for one in package.get("vulns", [])
    ]
