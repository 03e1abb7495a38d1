"""What a person should know of a task definition and cannot see in it: one line each."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.rendering import constraints, health, names
from neuronserve.deploy.ecs.rendering.container import stop_timeout
from neuronserve.deploy.ecs.rendering.spec import Mode, Network, Ports, TaskSpec
from neuronserve.generation import Generation

_UNPRIVILEGED = 1024
_MARGIN = 5  # seconds that the processes need to end after the drain


def of(spec: TaskSpec) -> list[str]:
    return [*_model(spec), *_place(spec), *_times(spec), *_rights(spec)]


def _model(spec: TaskSpec) -> Iterator[str]:
    told = {*spec.environment, *spec.secrets}
    if not (spec.model_uri or spec.compilation_job or {"MODEL_URI", "COMPILATION_JOB"} & told):
        if spec.environment_files:
            yield "MODEL_URI must be in the environment file, or the model in the image (/opt/ml/model)"
        else:
            yield "no --model-uri: the image itself must hold the model, in /opt/ml/model"
    if spec.instance_type.generation is Generation.V3:
        yield f"{spec.instance_type.name}: AWS never released TensorFlow for Trn2; models run on the CPU"


def _place(spec: TaskSpec) -> Iterator[str]:
    instance = spec.instance_type
    if spec.region and spec.region not in instance.regions:
        yield f"{instance.name} is not offered in {spec.region}, or no Neuron AMI; see scripts/instances"
    if spec.memory_mib is None and spec.registered_memory_mib is None:
        yield "memory is an estimate of what such instances register; --registered-memory sets the real value"
    if spec.mode is Mode.SLOTS:
        yield "each slot is a service of its own, with minimumHealthyPercent 0 and maximumPercent 100"
        if spec.ports is Ports.DYNAMIC or spec.network is Network.AWSVPC:
            yield (
                "no host port keeps two tasks of one slot from the same chips: use distinctInstance, "
                "or a service of the DAEMON strategy"
            )
    if spec.placement == constraints.FAMILY and spec.mode is not Mode.MANAGED:
        larger = [one.name for one in constraints.family(instance) if one.chips > instance.chips]
        if larger:
            yield f"on {', '.join(larger)} only the first {instance.chips} of the chips have this task"
    if unfit := constraints.unfit(spec):
        more = f" and {len(unfit) - 1} more" if len(unfit) > 1 else ""
        yield f"the placement allows {unfit[0].name}{more} too, which cannot do with these chips or models"
    if spec.network is Network.HOST and spec.port < _UNPRIVILEGED:
        yield f"port {spec.port} on the host's network: only a privileged user of the image may have it"
    if spec.network is Network.AWSVPC:
        yield "awsvpc: run-task and services need subnets and security groups"


def _times(spec: TaskSpec) -> Iterator[str]:
    if spec.load_seconds > health.LONGEST_LOAD:
        yield (
            f"no health check can wait {spec.load_seconds} s, at most {health.LONGEST_LOAD}: "
            f"give the service healthCheckGracePeriodSeconds {spec.load_seconds}"
        )
    if stop_timeout(spec) < spec.drain_seconds + _MARGIN:
        yield f"stop timeout {stop_timeout(spec)} s: little is left after a drain of {spec.drain_seconds:g} s"


def _rights(spec: TaskSpec) -> Iterator[str]:
    if not spec.logs.group:
        yield "no log group, as with --no-logs or without a region: the output stays on the instance"
    if spec.logs.create_group:
        yield f"the log group {spec.logs.group} is made where absent, which needs logs:CreateLogGroup"
    if not spec.execution_role and (spec.logs.group or names.ecr_region(spec.image)):
        if spec.mode is Mode.MANAGED:
            yield "no --execution-role: Managed Instances pull from Amazon ECR and write logs with one only"
        else:
            yield "no --execution-role: the container instance's own role pulls the image and writes the log"
    from_s3 = (spec.model_uri or "").startswith("s3://") or spec.compilation_job
    if from_s3 and not spec.task_role:
        yield "no --task-role: the container instance's own role must be able to read the model"
