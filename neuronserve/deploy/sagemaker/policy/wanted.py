"""What somebody has to do with on SageMaker, as a value; and the ARNs of what the scripts make there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from neuronserve.deploy.policy.place import Place
from neuronserve.deploy.sagemaker.following import alarms, logtail
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.deploy.sagemaker.policy.storage import Area
from neuronserve.deploy.sagemaker.transform import following as transform

COMPILATION_LOG = "/aws/sagemaker/CompilationJobs"
_MARK = "?" * names.DIGITS  # the digest in a derived name


@dataclasses.dataclass(frozen=True)
class Neo:
    """``sources``: archives in S3 that are compiled as they are. ``uploads`` and ``compiled``: where archives
    are put, and where Neo writes.
    """

    sources: tuple[Area, ...] = ()
    uploads: tuple[Area, ...] = ()
    compiled: tuple[Area, ...] = ()

    @property
    def areas(self) -> tuple[Area, ...]:
        return (*self.sources, *self.uploads, *self.compiled)


@dataclasses.dataclass(frozen=True)
class Data:
    """What goes in and out, in S3. ``models``: archives, or what holds several files."""

    models: tuple[Area, ...] = ()
    async_inputs: tuple[Area, ...] = ()
    async_results: tuple[Area, ...] = ()
    captures: tuple[Area, ...] = ()
    transform_inputs: tuple[Area, ...] = ()
    transform_outputs: tuple[Area, ...] = ()
    packed: tuple[Area, ...] = ()  # where scripts/package-model puts archives
    sources: tuple[Area, ...] = ()  # models in S3 that it packs anew


@dataclasses.dataclass(frozen=True)
class Keys:
    """KMS keys as ARN, ID or alias. ``models``: what models and inputs are encrypted with; ``outputs``: what
    results, captures, compiled and uploaded models are; ``volumes``: the instances' disks.
    """

    models: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Network:
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Wanted:
    """``roles``: execution roles, as ARNs. ``models``, ``configs``, ``transforms``: by name, those whose
    names do not follow from the endpoint's. ``jobs``: compilation jobs, by name or as ``digits-*``; none:
    any. ``alarms``: others than the endpoint's own. ``topics``: ARNs of SNS.
    """

    place: Place
    endpoints: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    data: Data = Data()
    neo: Neo = Neo()
    keys: Keys = Keys()
    network: Network = Network()

    def _arns(self, kind: str, found: Iterable[str]) -> tuple[str, ...]:
        """SageMaker writes the names in its ARNs in lower case."""
        spellings = {spelling for name in found for spelling in (name, name.lower())}
        return tuple(self.place.arn("sagemaker", f"{kind}/{name}") for name in sorted(spellings))

    def endpoint_arns(self) -> tuple[str, ...]:
        return self._arns("endpoint", self.endpoints)

    def config_arns(self) -> tuple[str, ...]:
        return self._arns("endpoint-config", (*map(_derived, self.endpoints), *self.configs))

    def model_arns(self) -> tuple[str, ...]:
        return self._arns("model", self._models())

    def transform_arns(self) -> tuple[str, ...]:
        return self._arns("transform-job", (*map(_derived, self._models()), *self.transforms))

    def compilation_arns(self) -> tuple[str, ...]:
        return self._arns("compilation-job", self.jobs or ("*",))

    def package_arns(self) -> tuple[str, ...]:
        """Versions of a group lie below it."""
        return self._arns("model-package", (part for name in self.packages for part in (name, f"{name}/*")))

    def _models(self) -> tuple[str, ...]:
        return (*map(_derived, self.endpoints), *self.models)

    def endpoint_logs(self) -> tuple[str, ...]:
        return tuple(map(self._group, map(logtail.group, self.endpoints)))

    def transform_logs(self) -> tuple[str, ...]:
        return (self._group(transform.GROUP),)

    def compilation_logs(self) -> tuple[str, ...]:
        return (self._group(COMPILATION_LOG),)

    def _group(self, name: str) -> str:
        return self.place.arn("logs", f"log-group:{name}")

    def alarm_arns(self) -> tuple[str, ...]:
        """Those that the scripts make."""
        return tuple(self.place.arn("cloudwatch", f"alarm:{alarms.prefix(name)}*") for name in self.endpoints)

    def tracking_arns(self) -> tuple[str, ...]:
        """Those that Application Auto Scaling makes."""
        found = [f"alarm:TargetTracking-endpoint/{name}/variant/*" for name in self.endpoints]
        return tuple(self.place.arn("cloudwatch", name) for name in found)

    @property
    def transforms_something(self) -> bool:
        return bool(self.data.transform_inputs or self.data.transform_outputs)

    @property
    def compiles(self) -> bool:
        return bool(self.neo.areas)

    @property
    def hosts(self) -> bool:
        """It is about models, of endpoints or of transform jobs."""
        return bool(self.endpoints or self.models or self.transforms or self.packages)


def _derived(name: str) -> str:
    """The pattern of the names that follow from one (``names.derived``)."""
    return f"{names.stem(name)}-{_MARK}"
