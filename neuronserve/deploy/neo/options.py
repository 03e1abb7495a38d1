"""The options of ``scripts/compile-model run``, and what they come to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy import s3, verdict
from neuronserve.deploy.neo import compiler, targets
from neuronserve.deploy.neo.request import Job
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.s3 import Place
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import InvalidInput

INPUT, OUTPUT = "neo/input/", "neo/compiled/"  # below --bucket


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="a folder, a file, a .tar.gz, or s3://...tar.gz"
    )
    parser.add_argument(
        "--model-package", metavar="ARN", default="", help="a versioned model package instead"
    )
    _model(parser.add_argument_group("the model"))
    _target(parser.add_argument_group("the target"))
    _places(parser.add_argument_group("where"))
    _limits(parser.add_argument_group("the job"))
    _waiting(parser.add_argument_group("what is waited for"))


def _model(group: Any) -> None:
    group.add_argument("--framework", type=str.upper, metavar="NAME", help="default: as the files tell")
    group.add_argument(
        "--framework-version", metavar="V", default="", help="default for TensorFlow: as the model tells"
    )
    group.add_argument("--signature", metavar="NAME", help="default: serving_default, or the only one")
    group.add_argument("--batch", type=_positive, metavar="N", help="rows of one run (default: 1)")
    group.add_argument(
        "--shape", action="append", default=[], metavar="NAME=1,224,224,3",
        help="the shape of an input, the batch first; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--data-input-config",
        metavar="JSON",
        default="",
        help="DataInputConfig in AWS's words, sent as it is",
    )


def _target(group: Any) -> None:
    group.add_argument("--target", metavar="DEVICE", default="", help="ml_inf1, ml_inf2, ml_trn1, ml_c5, ...")
    group.add_argument("--target-os", metavar="OS", help="LINUX or ANDROID, instead of --target")
    group.add_argument("--target-arch", metavar="ARCH", help="X86_64, ARM64, ...")
    group.add_argument("--target-accelerator", metavar="NAME", help="NVIDIA, MALI, ...")
    group.add_argument(
        "--neuron-options", action="append", default=[], metavar="FLAGS",
        help="flags of the Neuron compiler: --neuron-options='--num-neuroncores 2 -O2'; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--compiler-options",
        metavar="JSON",
        default="",
        help="CompilerOptions in AWS's words, sent as they are",
    )


def _places(group: Any) -> None:
    group.add_argument("--bucket", metavar="NAME", help=f"for both: {INPUT} and {OUTPUT}JOB/ in it")
    group.add_argument("--upload-to", metavar="S3_URI", help="s3://bucket/prefix/ for the model's archive")
    group.add_argument("--compiled-to", metavar="S3_URI", help="s3://bucket/prefix/ for what is compiled")
    group.add_argument(
        "--kms-key", metavar="KEY", default="", help="id, alias or ARN: encrypts what is compiled"
    )


def _limits(group: Any) -> None:
    group.add_argument("--role", required=True, metavar="ROLE", help="that SageMaker takes: name or ARN")
    group.add_argument("--name", metavar="NAME", help="default: made of the model's digest and the options")
    group.add_argument("--max-runtime", type=int, default=3600, metavar="S", help="seconds (default: 3600)")
    group.add_argument("--max-wait", type=int, metavar="S", help="seconds, at least those of --max-runtime")
    group.add_argument("--max-pending", type=int, metavar="S", help="seconds, 1800 to 2419200")
    group.add_argument("--subnet", action="append", default=[], metavar="ID", help="may be repeated")
    group.add_argument("--security-group", action="append", default=[], metavar="ID", help="may be repeated")
    group.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    verdict.argument(group)


def _waiting(group: Any) -> None:
    group.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="for its end (default)"
    )
    group.add_argument("--timeout", type=seconds, metavar="S", help="wait at most so long (to its end)")
    group.add_argument("--stop-on-interrupt", action="store_true", help="Ctrl-C stops the job too")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of at least 1")
    return int(text)


def check(given: argparse.Namespace) -> None:
    """Raises InvalidInput for options that exclude one another."""
    if bool(given.model) == bool(given.model_package):
        raise InvalidInput("expected MODEL or --model-package, one of them")
    if given.model_package and (named := [name for name in _OF_A_MODEL if getattr(given, name)]):
        option = f"--{named[0].replace('_', '-')}"
        raise InvalidInput(f"{option} with --model-package: the package has its own")
    if given.data_input_config and (given.shape or given.batch or given.signature):
        raise InvalidInput("--data-input-config with --shape, --batch or --signature: expected one way")
    if bool(given.target) == bool(given.target_os or given.target_arch or given.target_accelerator):
        raise InvalidInput("expected --target, or --target-os and --target-arch")
    if given.target.startswith("ml.") or given.target in _FAMILIES:
        better = "_".join(["ml", *given.target.removeprefix("ml.").split(".")[:1]])
        raise InvalidInput(f"--target {given.target}: Neo's own word is expected", hint=f"such as {better}")
    if given.neuron_options and given.compiler_options:
        raise InvalidInput("--neuron-options with --compiler-options: expected one of them")
    if given.neuron_options and not targets.is_neuron(given.target):
        known = ", ".join(device for group in targets.groups() if group.neuron for device in group.devices)
        raise InvalidInput(f"--neuron-options: for {known} only", hint="use --compiler-options")


_OF_A_MODEL = ("framework", "framework_version", "signature", "batch", "shape", "data_input_config")
_FAMILIES = frozenset({"inf1", "inf2", "trn1", "trn1n", "trn2"})


def upload_place(given: argparse.Namespace) -> Place:
    """Where the archive goes. Raises InvalidInput."""
    return _place(given, "upload_to", INPUT)


def compiled_place(given: argparse.Namespace) -> Place:
    """Where Neo writes, or a prefix of it, see ``request.placed``. Raises InvalidInput."""
    return _place(given, "compiled_to", OUTPUT)


def _place(given: argparse.Namespace, member: str, below: str) -> Place:
    option = f"--{member.replace('_', '-')}"
    uri = getattr(given, member)
    if uri:
        return s3.prefix(option, uri)
    if given.bucket:
        return Place(s3.bucket("--bucket", given.bucket), below)
    raise InvalidInput(f"expected --bucket or {option}")


def job(given: argparse.Namespace, role: str, model: Mapping[str, Any]) -> Job:
    """What is asked for. ``model``: members of Job that the model tells."""
    platform = {"Os": given.target_os, "Arch": given.target_arch, "Accelerator": given.target_accelerator}
    text = compiler.encoded(compiler.joined(given.neuron_options)) if given.neuron_options else ""
    return Job(
        role=role,
        output=str(compiled_place(given)),
        model_package=given.model_package,
        device=given.target,
        platform={key: value for key, value in platform.items() if value},
        options=text or given.compiler_options or _eia(model.get("eia", {})),
        kms_key=given.kms_key,
        max_runtime=given.max_runtime,
        max_wait=given.max_wait,
        max_pending=given.max_pending,
        subnets=tuple(given.subnet),
        security_groups=tuple(given.security_group),
        tags=pairs("--tag", given.tag),
        **{key: value for key, value in model.items() if key != "eia"},
    )


def _eia(found: Mapping[str, Any]) -> str:
    """What Elastic Inference has to be told of a signature or a frozen graph's outputs."""
    return json.dumps(found) if found else ""
