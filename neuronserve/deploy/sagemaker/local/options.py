"""The command line of ``scripts/sagemaker local``, and the endpoint or transform job that it means."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence

from neuronserve.deploy.sagemaker.local import requests
from neuronserve.deploy.sagemaker.local.joining import Processing
from neuronserve.deploy.sagemaker.local.requests import Asked
from neuronserve.deploy.sagemaker.local.transform import Wanted
from neuronserve.deploy.sagemaker.local.wanted import Async, Container, Endpoint, Kind
from neuronserve.errors import InvalidInput

_NAME = "rehearsal"
_PARTS = ("name", "model", "image")
_ENV = "env."
_OF_ASYNC = ("async_output", "async_failure", "max_concurrent_invocations")
_OF_JOBS = (
    "output_dir", "content_type", "accept", "split_type", "strategy", "assemble_with", "max_payload",
    "max_concurrent", "compression", "input_filter", "output_filter", "join_source", "invocation_timeout",
    "max_retries",
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", nargs="?", default="", metavar="MODEL",
        help="model.tar.gz, a folder, or s3://...; for multi-model the folder or prefix of archives",
    )  # fmt: skip
    _add_endpoint(parser.add_argument_group("the endpoint"))
    _add_ground(parser.add_argument_group("how it runs here"))
    _add_async(parser.add_argument_group("asynchronous inference"))
    _add_transform(parser.add_argument_group("batch transform"))


def _add_endpoint(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--kind", choices=[str(kind) for kind in Kind], help="(realtime)")
    add(
        "--container", action="append", default=[], metavar="name=N,model=M,image=I,env.NAME=VALUE",
        help="one of several containers, in their order; all parts are optional",
    )  # fmt: skip
    add(
        "--request", action="append", default=[], metavar="FILE",
        help="AWS's own requests, as deploy and batch print them with --dry-run",
    )  # fmt: skip
    add("--name", default="", metavar="ENDPOINT", help=f"({_NAME}, or that of the request)")
    add("--network-isolation", action="store_true", help="no network and no credentials in the containers")
    add("--startup-timeout", type=_startup, metavar="S", help="for the first 200 of /ping, 60 to 3600 (600)")
    add("--no-model-cache", action="store_true", help="multi-model: unload each model after its invocation")


def _add_ground(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    which = group.add_mutually_exclusive_group()
    which.add_argument("--image", default="", metavar="IMAGE", help="run this image (the checkout's ./serve)")
    which.add_argument("--checkout", action="store_true", help="run ./serve, whatever the request's image is")
    add("--engine", metavar="PROGRAM", help="docker or podman (CONTAINER_ENGINE; else what is there)")
    add("--port", type=_port, default=0, metavar="PORT", help="of the runtime API (any free one)")
    add("--env", action="append", default=[], metavar="NAME[=VALUE]", help="a variable for every container")
    add("--pass-aws", action="store_true", help="hand on our credentials, as the role's")
    add("--memory", metavar="SIZE", help="what an image's container may use, in the engine's words")
    add("--device", action="append", default=[], metavar="DEVICE", help="give it to an image's container")
    add("--s3-dir", metavar="DIR", help="take this folder for S3: s3://bucket/key is DIR/bucket/key")
    add("--log", metavar="FILE", help="what containers print (standard error)")


def _add_async(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--async-output", default="", metavar="S3", help="s3:// prefix of the results")
    add("--async-failure", default="", metavar="S3", help="s3:// prefix of what says why there is none")
    add("--max-concurrent-invocations", type=_number, metavar="N", help=f"({Async.concurrent})")


def _add_transform(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--transform", default="", metavar="INPUT", help="run a transform job over a file, folder or s3://")
    add("--output-dir", default="", metavar="OUT", help="folder or s3:// prefix of the NAME.out files")
    add("--content-type", default="", metavar="TYPE")
    add("--accept", default="", metavar="TYPE")
    add("--split-type", choices=("None", "Line"), help="(None)")
    add("--strategy", choices=("SingleRecord", "MultiRecord"), help="(what the container says)")
    add("--assemble-with", choices=("None", "Line"), help="(None)")
    add("--max-payload", type=_number, metavar="MB", help="0: chunked, of any length")
    add("--max-concurrent", type=_number, metavar="N", help="requests at once")
    add("--compression", choices=("None", "Gzip"), help="of the input (None)")
    add("--input-filter", metavar="JSONPATH", help="what of a record is sent ($)")
    add("--output-filter", metavar="JSONPATH", help="what of the result is kept ($)")
    add("--join-source", choices=("None", "Input"), help="join input and result (None)")
    add("--invocation-timeout", type=_number, metavar="S", help="for each request, 1 to 3600 (600)")
    add("--max-retries", type=_number, metavar="N", help="of each request, 0 to 3 (3)")


def endpoint(given: argparse.Namespace, asked: Asked | None, variables: Mapping[str, str]) -> Endpoint:
    """``variables``: for every container. Raises InvalidInput."""
    if asked is None:
        found = _endpoint(given)
    else:
        if given.kind or given.container:
            raise InvalidInput("--kind and --container say again what --request says", hint="leave them out")
        found = requests.endpoint(asked, name=given.name, startup=given.startup_timeout)
    containers = tuple(
        _changed(one, given, variables, alone=len(found.containers) == 1) for one in found.containers
    )
    if found.asynchronous is None or asked is not None:
        where = "--request" if asked is not None else "--kind async"
        _refuse(given, _OF_ASYNC, f"it is an asynchronous endpoint's: {where}")
    isolated = found.isolated or given.network_isolation
    return dataclasses.replace(found, containers=containers, isolated=isolated)


def _changed(
    one: Container, given: argparse.Namespace, variables: Mapping[str, str], *, alone: bool
) -> Container:
    if given.model and not alone:
        raise InvalidInput("MODEL is for one container", hint="--container model=... for each of several")
    return dataclasses.replace(
        one,
        model=given.model or one.model,
        image="" if given.checkout else given.image or one.image,
        environment={**one.environment, **variables},
        cached=one.cached and not given.no_model_cache,
    )


def _endpoint(given: argparse.Namespace) -> Endpoint:
    several = len(given.container) > 1
    kind = Kind(given.kind or (Kind.PIPELINE if several else Kind.REALTIME))
    texts = given.container or [""]
    containers = tuple(
        _container(text, number, len(texts), kind, given.model) for number, text in enumerate(texts, 1)
    )
    asynchronous = None
    if kind is Kind.ASYNC and given.async_output:
        concurrent = given.max_concurrent_invocations or Async.concurrent
        asynchronous = Async(given.async_output, given.async_failure, concurrent)
    return Endpoint(
        given.name or _NAME, kind, containers, asynchronous=asynchronous,
        startup=given.startup_timeout or Endpoint.startup,
    )  # fmt: skip


def _container(text: str, number: int, count: int, kind: Kind, model: str) -> Container:
    """From ``name=N,model=M,image=I,env.NAME=VALUE``; ``model`` where it says none."""
    parts: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not (name in _PARTS or name.startswith(_ENV)) or name in parts:
            raise InvalidInput(
                f"--container: {name!r} is no part of a container, or it is there twice",
                hint="name=N,model=M,image=I,env.NAME=VALUE",
            )
        parts[name] = value
    return Container(
        name=parts.get("name") or ("primary" if count <= 1 else f"container-{number}"),
        model=parts.get("model", model if count == 1 else ""),
        image=parts.get("image", ""),
        environment={k.removeprefix(_ENV): v for k, v in parts.items() if k.startswith(_ENV)},
        multi_model=kind is Kind.MULTI_MODEL,
    )


def variables(given: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """--env's; NAME alone is ours, if we have it. Raises InvalidInput."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or any(c.isspace() or c == "\0" for c in name):
            raise InvalidInput("--env: a name is missing before =", hint="--env NAME=VALUE, or --env NAME")
        if equals or name in environ:
            found[name] = value if equals else environ[name]
    return found


@dataclasses.dataclass(frozen=True)
class JobAsked:
    """``input`` and ``output``: a path or s3:// URI each."""

    wanted: Wanted
    input: str
    output: str
    environment: Mapping[str, str]


def job(given: argparse.Namespace, asked: Asked | None) -> JobAsked | None:
    """The transform job that is asked for, if any; options count more than the request."""
    requested = asked is not None and bool(asked.get("CreateTransformJob"))
    if not (given.transform or requested):
        _refuse(given, _OF_JOBS, "it is a transform job's: --transform INPUT")
        return None
    found = JobAsked(Wanted(), "", "", {})
    if asked is not None and requested:
        found = JobAsked(*requests.job(asked))
    source, target = given.transform or found.input, given.output_dir or found.output
    if not target:
        raise InvalidInput("a transform job needs a place for its results", hint="--output-dir OUT")
    return JobAsked(_wanted(given, found.wanted), source, target, found.environment)


def _wanted(given: argparse.Namespace, before: Wanted) -> Wanted:
    process = Processing(
        given.input_filter or before.processing.sent,
        given.output_filter or before.processing.kept,
        given.join_source == "Input" if given.join_source else before.processing.joins,
    )
    said = {
        "content_type": given.content_type or None,
        "accept": given.accept or None,
        "split": given.split_type,
        "assemble": given.assemble_with,
        "strategy": given.strategy,
        "max_payload_mb": given.max_payload,
        "concurrent": given.max_concurrent,
        "compressed": given.compression == "Gzip" if given.compression else None,
        "timeout": given.invocation_timeout,
        "retries": given.max_retries,
    }
    return dataclasses.replace(
        before, processing=process, **{name: value for name, value in said.items() if value is not None}
    )


def _refuse(given: argparse.Namespace, names: Sequence[str], hint: str) -> None:
    """What would have no effect."""
    for name in names:
        if getattr(given, name) not in (None, ""):
            raise InvalidInput(f"--{name.replace('_', '-')} has no effect here", hint=hint)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number, 0 or more: {text}")
    return int(text)


def _port(text: str) -> int:
    port = _number(text)
    if port > 65_535:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to 65535: {text}")
    return port


def _startup(text: str) -> float:
    seconds = _number(text)
    if not 60 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"expected 60 to 3600 seconds: {text}")
    return float(seconds)
