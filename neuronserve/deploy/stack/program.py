"""Write one CloudFormation template for the whole service.

It holds a cluster, instances on ECS's Neuron AMI (an Auto Scaling group as capacity provider, or with
--managed ECS Managed Instances), roles with least rights, a log group, task definitions, a service for each,
alarms, and where asked a load balancer and scaling. The template goes to standard output, or to --out;
nothing is sent to AWS. Deploy it with:

  aws cloudformation deploy --capabilities CAPABILITY_IAM --template-file FILE --stack-name NAME
      --parameter-overrides VpcId=vpc-... SubnetIds=subnet-...,subnet-...

Another image, model or number of tasks is a parameter. For another instance type or number of slots make
another stack: an update would start the new tasks beside the old ones, which still hold the chips.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from neuronserve.deploy import documents, exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.rendering import notes, options
from neuronserve.deploy.ecs.rendering.spec import Logs
from neuronserve.deploy.policy import program as policy
from neuronserve.deploy.stack.plan import Plan, Scale
from neuronserve.deploy.stack.template import INLINE_LIMIT, fit, template
from neuronserve.errors import InvalidInput

_HTTPS = "--certificate, or --domain and --hosted-zone, make it HTTPS"


def arguments(parser: argparse.ArgumentParser) -> None:
    around = parser.add_argument_group("the stack")
    around.add_argument(
        "--tasks", type=int, default=1, metavar="N", help="of each service; with --scale the least (1)"
    )
    around.add_argument("--max-tasks", type=int, metavar="N", help="the most, with --scale (twice --tasks)")
    around.add_argument(
        "--scale",
        action="append",
        default=[],
        metavar="METRIC=TARGET",
        help="cpu=60, memory=70 or requests=1000; again for more",
    )
    around.add_argument(
        "--root-gib", type=int, default=100, metavar="GIB", help="root volume of an instance (100)"
    )
    around.add_argument(
        "--session-manager", action="store_true", help="let Session Manager into the instances"
    )
    around.add_argument("--client-cidr", default="", metavar="CIDR", help="who may send requests")
    balancing = parser.add_argument_group("load balancer")
    balancing.add_argument(
        "--load-balancer", action="store_true", help="an Application Load Balancer, internal"
    )
    balancing.add_argument("--internet-facing", action="store_true", help="a public one")
    balancing.add_argument("--certificate", default="", metavar="ARN", help="for HTTPS")
    balancing.add_argument(
        "--domain", default="", metavar="NAME", help="for HTTPS: the stack makes a certificate and a record"
    )
    balancing.add_argument("--hosted-zone", default="", metavar="ID", help="of the --domain, in Route 53")
    access = balancing.add_mutually_exclusive_group()
    access.add_argument(
        "--access-logs", action="store_const", const="", dest="access_logs",
        help="a line for each request, in a bucket that the stack makes (costs S3 storage)",
    )  # fmt: skip
    access.add_argument(
        "--access-log-uri", dest="access_logs", metavar="S3_URI", help="the same in a bucket that exists"
    )
    watching = parser.add_argument_group("watching")
    watching.add_argument(
        "--alarms-topic", default="", metavar="ARN", help="an SNS topic for alarms and failures"
    )
    watching.add_argument("--no-alarms", action="store_true", help="no alarms at all")
    watching.add_argument(
        "--container-insights", choices=("disabled", "enabled", "enhanced"), default="enabled",
        help="metrics of the cluster; without them no alarm tells of missing tasks (enabled)",
    )  # fmt: skip
    watching.add_argument("--log-retention-days", type=int, default=30, metavar="DAYS", help="(30)")
    watching.add_argument("--log-kms-key", default="", metavar="ARN", help="a KMS key for the log group")
    policy.needs_arguments(parser.add_argument_group("rights"))
    options.arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="where to write it (standard output)")


def run(given: argparse.Namespace, desk: Desk) -> int:
    made = plan(given, desk)
    text = _text(template(made), desk.form)
    tasks = dataclasses.replace(made.rendered(), region=made.spec.region)
    for note in (*notes.of(tasks), *_transport(made), *fit(len(text.encode()))):
        desk.say(f"note: {note}")
    if given.out and given.dry_run:
        desk.say(f"{given.out}: not written: --dry-run")
    if given.out and not given.dry_run:
        _write(given.out, text)
        desk.say(f"{given.out}: {len(text.encode()):,} bytes")
    else:
        desk.out.write(text)
    return exits.YES


def plan(given: argparse.Namespace, desk: Desk) -> Plan:
    """What the options ask for. Raises InvalidInput."""
    spec = options.spec(given, desk)
    if not given.log_group:
        spec = dataclasses.replace(spec, logs=Logs(stream_prefix=given.log_stream_prefix))
    return Plan(
        spec=spec,
        needs=policy.needs(given),
        tasks=given.tasks,
        max_tasks=given.tasks * 2 if given.max_tasks is None else given.max_tasks,
        balancer=given.load_balancer,
        internet_facing=given.internet_facing,
        certificate=given.certificate,
        domain=given.domain,
        hosted_zone=given.hosted_zone,
        access_logs=given.access_logs,
        clients=given.client_cidr,
        scale=tuple(Scale.parse(one) for one in given.scale),
        alarms=not given.no_alarms,
        topic=given.alarms_topic,
        insights=given.container_insights,
        logs=not given.no_logs,
        log_group=given.log_group,
        retention_days=given.log_retention_days,
        log_kms_key=given.log_kms_key,
        root_gib=given.root_gib,
        session_manager=given.session_manager,
    )


def _transport(made: Plan) -> list[str]:
    """What to say of a load balancer that clients reach without TLS."""
    if not made.balancer or made.https:
        return []
    if made.internet_facing:
        return [f"anybody on the way can read and change requests over HTTP: {_HTTPS}"]
    return [f"the load balancer speaks HTTP: {_HTTPS}"]


def _text(document: dict[str, Any], form: str) -> str:
    """JSON that is too large for a request is written without spaces when that helps."""
    text = documents.dump(document, form)
    if form == "json" and len(text.encode()) > INLINE_LIMIT:
        dense = json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"
        return dense if len(dense.encode()) <= INLINE_LIMIT else text
    return text


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text)
    except OSError as error:
        raise InvalidInput(f"{name}: {error.strerror}") from None
