"""A TaskSpec from a command line: the options that ``render``, ``run-local`` and ``scripts/stack`` share."""

from __future__ import annotations

import argparse
import math

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.rendering import environment, fit, names
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, Ports, TaskSpec
from neuronserve.deploy.pairs import pairs
from neuronserve.environment import Fault
from neuronserve.environment import instance_type as parse_type
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue
from neuronserve.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add them all; ``spec`` reads them."""
    what = parser.add_argument_group("what runs")
    what.add_argument("--instance-type", metavar="TYPE", help="an EC2 type, such as inf1.xlarge")
    what.add_argument("--image", required=True, metavar="IMAGE", help="the container image")
    where = what.add_mutually_exclusive_group()
    where.add_argument(
        "--model-uri", metavar="URI", help="s3://bucket/key.tar.gz or a path; default: in the image"
    )
    where.add_argument("--compilation-job", metavar="NAME", help="a SageMaker Neo job, instead of a URI")
    what.add_argument("--model", metavar="MODEL", help="look into this model (path or s3://): does it fit?")
    what.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable (repeat)")
    what.add_argument("--secret", action="append", default=[], metavar="NAME=ARN", help="a secret (repeat)")
    what.add_argument(
        "--environment-file", action="append", default=[], metavar="ARN", help="an S3 object (repeat)"
    )
    _add_sharing(parser.add_argument_group("how an instance is used"))
    _add_network(parser.add_argument_group("ports"))
    _add_life(parser.add_argument_group("start, stop, logs"))
    _add_names(parser.add_argument_group("names and rights"))


def _add_sharing(group: argparse._ArgumentGroup) -> None:
    mode = group.add_mutually_exclusive_group()
    mode.add_argument("--slots", type=int, metavar="K", help="K task definitions that share one instance")
    mode.add_argument("--managed", action="store_true", help="for ECS Managed Instances (not Inf1)")
    group.add_argument(
        "--placement", default="type", metavar="HOW", help="type (default), family, or a query expression"
    )
    group.add_argument(
        "--cpu", type=int, metavar="UNITS", help="of one task, 1024 a vCPU; default: its share"
    )
    group.add_argument("--memory", type=int, metavar="MIB", help="of one task; default: its share")
    group.add_argument(
        "--reserve-cpu", type=_whole, default=0, metavar="UNITS", help="of the instance, for daemons"
    )
    group.add_argument("--reserve-memory", type=_whole, default=0, metavar="MIB", help="the same")
    group.add_argument("--registered-memory", type=_whole, metavar="MIB", help="what an instance registers")


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--network", choices=[*Network], help="default: bridge; awsvpc with --managed")
    group.add_argument("--port", type=int, metavar="PORT", help="where the service listens; default: 8080")
    group.add_argument("--host-port", type=int, metavar="PORT", help="the instance's; slot N has PORT + N")
    group.add_argument(
        "--ports", choices=[*Ports], default=Ports.STATIC, help="dynamic: of the agent's choice"
    )


def _add_life(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--load-seconds", type=_whole, metavar="S", help="the longest start; default: 300")
    group.add_argument("--drain-seconds", type=float, metavar="S", help="for requests in flight; default: 25")
    group.add_argument(
        "--stop-timeout", type=int, metavar="S", help="until SIGKILL; default: the drain and 10"
    )
    group.add_argument("--no-restart", action="store_true", help="ECS never restarts the container in place")
    group.add_argument(
        "--read-only", action="store_true", help="a read-only root file system, and /tmp a volume"
    )
    group.add_argument("--log-group", metavar="NAME", help="default: /ecs/FAMILY")
    group.add_argument("--log-stream-prefix", default="neuronserve", metavar="TEXT")
    group.add_argument("--create-log-group", action="store_true", help="make it where it is absent")
    group.add_argument("--no-logs", action="store_true", help="leave the output on the instance")


def _add_names(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--family", metavar="NAME", help="default: from image, MODEL_NAME and type")
    group.add_argument("--container-name", default="neuronserve", metavar="NAME")
    group.add_argument("--execution-role", metavar="ROLE", help="name or ARN: pulls, logs, reads secrets")
    group.add_argument("--task-role", metavar="ROLE", help="name or ARN: reads the model")
    group.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="(repeat)")


def spec(given: argparse.Namespace, desk: Desk, instance_type: InstanceType | None = None) -> TaskSpec:
    """What the options ask for; ``instance_type`` goes before the option.

    Raises InvalidInput, SettingsError, and for a --model that does not fit WrongGeneration or NotEnoughCores.
    """
    instance = instance_type or _instance_type(given.instance_type)
    variables = pairs("--env", given.env)
    told = Settings.from_environ(
        {name: variables[name] for name in environment.MUST_BE_SEEN & variables.keys()}
    )
    port = _port(given.port, variables, told)
    names.image(given.image)
    family = given.family or names.default_family(given.image, variables.get("MODEL_NAME"), instance.name)
    made = TaskSpec(
        instance_type=instance,
        image=given.image,
        family=family,
        container=given.container_name,
        mode=Mode.MANAGED if given.managed else Mode.WHOLE if given.slots is None else Mode.SLOTS,
        slots=1 if given.slots is None else given.slots,
        model_uri=given.model_uri,
        compilation_job=given.compilation_job,
        region=variables.get("AWS_REGION") or desk.aws.region_if_known,
        environment={name: value for name, value in variables.items() if name != "SAGEMAKER_BIND_TO_PORT"},
        environment_files=tuple(given.environment_file),
        secrets=pairs("--secret", given.secret),
        port=port,
        host_port=given.host_port,
        ports=Ports(given.ports),
        network=Network(given.network or (Network.AWSVPC if given.managed else Network.BRIDGE)),
        placement=given.placement,
        cpu=given.cpu,
        memory_mib=given.memory,
        registered_memory_mib=given.registered_memory,
        reserved_cpu=given.reserve_cpu,
        reserved_memory_mib=given.reserve_memory,
        load_seconds=math.ceil(told.load_seconds) if given.load_seconds is None else given.load_seconds,
        drain_seconds=told.drain_seconds if given.drain_seconds is None else given.drain_seconds,
        stop_timeout=given.stop_timeout,
        restart=not given.no_restart,
        read_only=given.read_only,
        logs=_logs(given, desk, family),
        execution_role=given.execution_role,
        task_role=given.task_role,
        tags=pairs("--tag", given.tag),
    )
    if given.model:
        for note in fit.check(desk.inspect(given.model), made):
            desk.say(f"note: {note}")
    return made


def _instance_type(text: str | None) -> InstanceType:
    if not text:
        raise InvalidInput("no instance type", hint="use --instance-type; scripts/instances lists them")
    try:
        return catalogue()[parse_type(text)]
    except Fault as expected:
        raise InvalidInput(f"--instance-type {text!r}: expected {expected}") from None


def _port(asked: int | None, variables: dict[str, str], told: Settings) -> int:
    if asked is not None and "SAGEMAKER_BIND_TO_PORT" in variables and asked != told.bind_port:
        raise InvalidInput(
            f"--port {asked}, and SAGEMAKER_BIND_TO_PORT={told.bind_port}: expected one of them"
        )
    return told.bind_port if asked is None else asked


def _logs(given: argparse.Namespace, desk: Desk, family: str) -> Logs:
    if given.no_logs:
        if given.log_group or given.create_log_group:
            raise InvalidInput("--no-logs with --log-group or --create-log-group: expected one of them")
        return Logs()
    region = desk.aws.region_if_known or names.ecr_region(given.image)
    if not region:
        if given.log_group or given.create_log_group:
            raise InvalidInput("no AWS region is set for the logs", hint="use --region or AWS_REGION")
        return Logs()
    return Logs(given.log_group or f"/ecs/{family}", region, given.log_stream_prefix, given.create_log_group)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 0 or more")
    return int(text)
