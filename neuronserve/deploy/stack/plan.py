"""What a stack is to be: the tasks, and what is around them."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, Network, TaskSpec
from neuronserve.deploy.policy import model, task
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput

MIN_ROOT_GIB = 30
RETENTION = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)  # fmt: skip  days, of PutRetentionPolicy
METRICS = ("cpu", "memory", "requests")
_SCALE = re.compile(r"(?P<metric>[a-z]+)=(?P<target>\d+(\.\d+)?)")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9!_.'()/=+@:,-]+")
_LOG_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!.*AWSLogs)[^\s*?$]+)?/?")
PLACEHOLDER = "set-by-the-stack"  # never in a template: tasks.py puts references in its place


@dataclasses.dataclass(frozen=True)
class Scale:
    """Target tracking: ``cpu`` and ``memory`` in percent, ``requests`` a minute for each task."""

    metric: str
    target: float

    @classmethod
    def parse(cls, text: str) -> Scale:
        found = _SCALE.fullmatch(text)
        if not found or found["metric"] not in METRICS:
            raise InvalidInput(f"--scale {text}: expected cpu=PERCENT, memory=PERCENT or requests=N")
        target = float(found["target"])
        if not 0 < target <= (100 if found["metric"] != "requests" else 1e6):
            raise InvalidInput(f"--scale {text}: expected 1 to 100 percent, or up to a million requests")
        return cls(found["metric"], target)


@dataclasses.dataclass(frozen=True)
class Plan:
    """``tasks``: how many of each service; with ``scale`` the least, and ``max_tasks`` the most.

    ``root_gib``: the instances' disk. ``log_group``: one that exists; None: the stack makes one.
    ``access_logs``: the load balancer's, as S3 URI; empty: to a bucket that the stack makes; None: none.
    """

    spec: TaskSpec
    needs: Needs = dataclasses.field(default_factory=Needs)
    tasks: int = 1
    max_tasks: int = 1
    balancer: bool = False
    internet_facing: bool = False
    certificate: str = ""
    domain: str = ""
    hosted_zone: str = ""
    access_logs: str | None = None
    clients: str = ""
    scale: tuple[Scale, ...] = ()
    alarms: bool = True
    topic: str = ""
    insights: str = "enabled"
    logs: bool = True
    log_group: str | None = None
    retention_days: int = 30
    log_kms_key: str = ""
    root_gib: int = 100
    session_manager: bool = False

    def __post_init__(self) -> None:
        for fault in (self._number(), self._scaling(), self._balancing()):
            if fault:
                raise InvalidInput(fault)

    def _number(self) -> str:
        if self.tasks < 0:
            return f"--tasks {self.tasks}: expected 0 or more"
        if self.root_gib < MIN_ROOT_GIB:
            return f"--root-gib {self.root_gib}: expected {MIN_ROOT_GIB} or more, the size of the AMI"
        if self.retention_days not in RETENTION:
            days = ", ".join(map(str, RETENTION))
            return f"--log-retention-days {self.retention_days}: CloudWatch knows {days}"
        return ""

    def _scaling(self) -> str:
        metrics = [one.metric for one in self.scale]
        if len(set(metrics)) < len(metrics):
            return "--scale names a metric twice"
        if "requests" in metrics and not self.balancer:
            return "--scale requests=N without --load-balancer: nothing counts requests"
        if metrics and not self.tasks:
            return "--scale with --tasks 0: where no task runs nothing is measured, and none would start"
        if metrics and self.max_tasks <= self.tasks:
            return f"--scale with --tasks {self.tasks}: expected --max-tasks to be more, not {self.max_tasks}"
        return ""

    def _balancing(self) -> str:
        options = (self.internet_facing, self.certificate, self.domain, self.access_logs is not None)
        if not self.balancer and any(options):
            return (
                "--internet-facing, --certificate, --domain, --access-logs and --access-log-uri "
                "are for a --load-balancer"
            )
        if bool(self.domain) != bool(self.hosted_zone):
            return "--domain and --hosted-zone go together: the certificate is validated in the zone"
        if self.hosted_zone and not re.fullmatch("Z[A-Z0-9]{1,31}", self.hosted_zone):
            return f"--hosted-zone {self.hosted_zone}: expected an ID such as Z0123456789ABC"
        if self.domain and self.certificate:
            return "--domain makes a certificate; give --certificate or --domain, not both"
        if self.access_logs and not _LOG_URI.fullmatch(self.access_logs):
            return (
                f"--access-log-uri {self.access_logs}: expected s3://BUCKET or s3://BUCKET/PREFIX; "
                "the load balancer adds AWSLogs/ACCOUNT itself"
            )
        return ""

    @property
    def https(self) -> bool:
        """Whether the balancer speaks HTTPS whatever the stack's parameters say."""
        return bool(self.certificate or self.domain)

    @property
    def managed(self) -> bool:
        return self.spec.mode is Mode.MANAGED

    @property
    def awsvpc(self) -> bool:
        return self.spec.network is Network.AWSVPC

    @property
    def own_task_role(self) -> bool:
        """Whether the stack makes the task role: none was given, and the tasks need rights."""
        reads = bool(task.job(self.spec)) or task.address(self.spec, self.needs) is not None
        return not self.spec.task_role and (self.needs.exec or reads)

    @property
    def own_execution_role(self) -> bool:
        return not self.spec.execution_role

    @property
    def own_log_group(self) -> bool:
        return self.logs and self.log_group is None

    @property
    def model(self) -> model.Address | None:
        """The model's address where it can be a parameter: a plain bucket and key, given as an option."""
        uri = self.spec.model_uri
        if not uri or not uri.startswith("s3://") or "MODEL_URI" in self.spec.environment:
            return None
        found = model.address(uri)
        plain = not found.access_point and "--x-s3" not in found.bucket and _PLAIN_KEY.fullmatch(found.key)
        return found if plain else None

    def rendered(self) -> TaskSpec:
        """The spec as tasks get it, with placeholders for what the stack makes."""
        spec = self.spec
        logs = dataclasses.replace(spec.logs, group=None if not self.logs else self.log_group or PLACEHOLDER)
        return dataclasses.replace(
            spec,
            logs=dataclasses.replace(logs, region=logs.region or PLACEHOLDER, create_group=False),
            region=spec.region or PLACEHOLDER,
            execution_role=spec.execution_role or PLACEHOLDER,
            task_role=spec.task_role or (PLACEHOLDER if self.own_task_role else None),
        )

    def requests(self) -> list[dict[str, Any]]:
        """The task definitions. Raises InvalidInput for what ECS or the instance cannot do."""
        return render.task_definitions(self.rendered())

    def ports(self) -> tuple[int, int]:
        """The first and the last port at which tasks are reached; the agent's own range for dynamic ones."""
        found = [
            mapping.get("hostPort", mapping["containerPort"])
            for request in self.requests()
            for mapping in request["containerDefinitions"][0]["portMappings"]
        ]
        return (32768, 65535) if 0 in found else (min(found), max(found))

    def names(self) -> list[str]:
        """What distinguishes the services in logical IDs: nothing, or the slot."""
        return [f"Slot{n}" for n in range(self.spec.slots)] if self.spec.mode is Mode.SLOTS else [""]
