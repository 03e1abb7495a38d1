"""Variants and containers, as the options of ``deploy`` tell them."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Mapping

from neuronserve.compiled import Compiled
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.sagemaker.following import resolving
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.deploy.sagemaker.plan.spec import VARIANT, Container, Kind, Variant
from neuronserve.deploy.sagemaker.rules import Built
from neuronserve.deploy.sagemaker.rules.subject import ML
from neuronserve.errors import InvalidInput

_PARTS = frozenset({"weight", "count", "type"})


@dataclasses.dataclass(frozen=True)
class Given:
    given: argparse.Namespace
    desk: Desk
    kind: Kind

    def variants(self) -> tuple[Variant, ...]:
        """Raises InvalidInput."""
        if self.given.variant and (self.kind.several or self.given.model_data or self.given.compilation_job):
            raise InvalidInput(
                "--variant names its model itself, and has one container",
                hint="leave --model-data and --compilation-job out, and use --kind realtime or async",
            )
        if self.given.variant:
            return tuple(self._variant(text) for text in self.given.variant)
        containers = self._several() if self.kind.several else (self._single(),)
        return (Variant(containers, self._type(None), VARIANT, self.given.instance_count or 1),)

    def _variant(self, text: str) -> Variant:
        name, equals, rest = text.partition("=")
        uri, *parts = rest.split(",")
        told = dict(part.partition("=")[::2] for part in parts)
        if not equals or not uri or not set(told) <= _PARTS or len(told) != len(parts):
            raise InvalidInput(f"--variant {text[:80]}: expected NAME=S3_URI[,weight=W][,count=N][,type=T]")
        return Variant(
            (Container(self._image(), _uri("--variant", uri), environment=self._environment()),),
            self._type(told.get("type")),
            names.check(name, "variant"),
            _number("count", told["count"]) if "count" in told else self.given.instance_count or 1,
            _weight(told["weight"]) if "weight" in told else None,
        )

    def _type(self, text: str | None) -> str:
        name = text or self.given.instance_type
        if not name:
            raise InvalidInput("no instance type", hint="use --instance-type; scripts/instances lists them")
        return name if name.startswith(ML) else f"{ML}{name}"

    def _image(self, other: str | None = None) -> str:
        image: str | None = other or self.given.image
        if not image:
            raise InvalidInput("no image", hint="use --image: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG")
        return image

    def _environment(self) -> dict[str, str]:
        return pairs("--env", self.given.env)

    def _single(self) -> Container:
        if self.given.container:
            raise InvalidInput("--container is for --kind pipeline or direct", hint="use --model-data")
        uri, built = self._model()
        return Container(self._image(), uri, environment=self._environment(), built=built)

    def _model(self) -> tuple[str | None, Built | None]:
        uri, job = self.given.model_data, self.given.compilation_job
        if uri and job:
            raise InvalidInput("--model-data and --compilation-job: expected one of them")
        if job and self.kind is Kind.MULTI_MODEL:
            raise InvalidInput(
                "--compilation-job is one model, and a multi-model endpoint takes a prefix",
                hint="use --model-data s3://BUCKET/PREFIX/",
            )
        if not (uri or job):
            raise InvalidInput("no model", hint="use --model-data or --compilation-job")
        if job:
            uri, built = resolving.artefact(self.desk.aws, job)
            return uri, self._looked_into() or built
        return _uri("--model-data", uri), self._looked_into()

    def _looked_into(self) -> Built | None:
        if not self.given.model:
            return None
        return _built(self.desk.inspect(self.given.model), self.given.model)

    def _several(self) -> tuple[Container, ...]:
        if self.given.model_data or self.given.compilation_job or self.given.model:
            raise InvalidInput(
                f"--kind {self.kind} names its models with --container", hint="HOSTNAME=S3_URI"
            )
        told = {}
        for text in self.given.container:
            name, _, uri = text.partition("=")
            if names.check(name, "container") in told:
                raise InvalidInput(f"--container {name} is there twice")
            told[name] = _uri("--container", uri) if uri else None
        images = self._of_containers("--container-image", self.given.container_image, told)
        cores = self._of_containers("--container-cores", self.given.container_cores, told)
        own = self._own_environment(told)
        return tuple(
            Container(
                self._image(images.get(name)), uri, name, {**self._environment(), **own.get(name, {})},
                cores.get(name),
            )
            for name, uri in told.items()
        )  # fmt: skip

    def _of_containers(self, option: str, words: list[str], known: Mapping[str, object]) -> dict[str, str]:
        found = pairs(option, words)
        for name in found:
            _known(option, name, known)
        return found

    def _own_environment(self, known: Mapping[str, object]) -> dict[str, dict[str, str]]:
        found: dict[str, list[str]] = {}
        for word in self.given.container_env:
            name, colon, pair = word.partition(":")
            if not colon:
                raise InvalidInput("--container-env: expected HOSTNAME:NAME=VALUE")
            _known("--container-env", name, known)
            found.setdefault(name, []).append(pair)
        return {name: pairs(f"--container-env {name}", words) for name, words in found.items()}


def _known(option: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise InvalidInput(
            f"{option} {name[:40]}: no such container", hint=f"known: {', '.join(known) or 'none'}"
        )


def _uri(option: str, text: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+", text):
        raise InvalidInput(
            f"{option} {text[:80]}: expected s3://BUCKET/KEY.tar.gz, or s3://BUCKET/PREFIX/",
            hint="`scripts/package-model` makes the archive, and uploads it",
        )
    return text


def _number(what: str, text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise InvalidInput(f"--variant: {what}={text[:20]}: expected a whole number, 1 or more")
    return int(text)


def _weight(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise InvalidInput(f"--variant: weight={text[:20]}: expected a number, 0 or more")
    return float(text)


def _built(models: Mapping[str, tuple[Compiled, ...]], source: str) -> Built | None:
    """Of all versions of all models: the generation, and the most cores that one copy takes."""
    found = [one for versions in models.values() for one in versions if one.neuron]
    generations = {one.generation for one in found if one.generation}
    if len(generations) > 1:
        raise InvalidInput(
            f"{source}: its models were compiled for {' and '.join(sorted(generations))}",
            hint="no instance has both: pack them apart",
        )
    plain = tuple(name for name, versions in models.items() if not any(one.neuron for one in versions))
    if not (found or plain):
        return None
    cores = max((one.cores for one in found), default=0)
    return Built(next(iter(generations), None), cores, source, uncompiled=plain)
