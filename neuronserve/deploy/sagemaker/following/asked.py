"""From the options of ``deploy`` to the spec of an endpoint, with what they name looked up."""

from __future__ import annotations

import argparse
import re

from neuronserve.deploy import roles
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.sagemaker.following import alarms, options
from neuronserve.deploy.sagemaker.following.containers import Given
from neuronserve.deploy.sagemaker.following.deployment import Order, Patience
from neuronserve.deploy.sagemaker.following.planning import Wish
from neuronserve.deploy.sagemaker.plan import names, requests
from neuronserve.deploy.sagemaker.plan.rollout import Policy, Rollout, Size
from neuronserve.deploy.sagemaker.plan.spec import Async, Capture, EndpointSpec, Hosting, Kind, Variant
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.errors import InvalidInput

_BAKES = 300  # seconds in which alarms look at each step, where nothing else is asked


def order(given: argparse.Namespace, desk: Desk) -> Order:
    """Raises InvalidInput, and what AWS answers to a look-up."""
    spec = _spec(given, desk)
    made = [
        alarms.errors(spec.name, variant.name, given.errors_alarm)
        for variant in spec.variants
        if given.errors_alarm
    ]
    several = bool(given.variant)
    wish = Wish(
        counts=given.instance_count is not None or "count=" in ",".join(given.variant),
        weights=several and "weight=" in ",".join(given.variant),
        recreate=given.recreate,
    )
    return Order(requests.build(spec), wish, tuple(made), tuple(given.accept_finding))


def patience(given: argparse.Namespace) -> Patience:
    return Patience(wait=given.wait, seconds=given.timeout, prune=given.prune)


def kind(text: str) -> Kind:
    if text in options.REFUSED_KINDS:
        why = hosting.SERVERLESS if text == "serverless" else hosting.ELASTIC_INFERENCE
        raise InvalidInput(f"--kind {text}: {why}", hint=f"use {', '.join(Kind)}")
    if text not in [*Kind]:
        raise InvalidInput(f"--kind {text}: expected {', '.join(Kind)}")
    return Kind(text)


def _spec(given: argparse.Namespace, desk: Desk) -> EndpointSpec:
    name, sort = names.check(given.endpoint, "endpoint"), kind(given.kind)
    if given.accelerator_type:
        raise InvalidInput(
            f"--accelerator-type: {hosting.ELASTIC_INFERENCE}", hint="use an Inf1, Inf2 or Trn1 instance type"
        )
    asynchronous = _async(given, sort)
    variants = Given(given, desk, sort).variants()
    return EndpointSpec(
        name=name,
        kind=sort,
        role=_role(given, desk),
        variants=variants,
        region=desk.aws.region_if_known,
        hosting=_hosting(given),
        isolated=given.network_isolation,
        subnets=tuple(given.subnet),
        security_groups=tuple(given.security_group),
        asynchronous=asynchronous,
        capture=_capture(given),
        rollout=rollout(given, name, variants),
        model_cache=_only(given.model_cache, "--model-cache", sort, Kind.MULTI_MODEL),
        metrics=given.metrics,
        tags=pairs("--tag", given.tag),
    )


def _role(given: argparse.Namespace, desk: Desk) -> str:
    if not given.role:
        raise InvalidInput("no execution role", hint="use --role, by name or ARN")
    return roles.arn(desk.aws, given.role)


def _hosting(given: argparse.Namespace) -> Hosting:
    return Hosting(
        volume_gb=given.volume_gb,
        download_seconds=given.download_timeout,
        startup_seconds=given.startup_timeout,
        routing=given.routing,
        ami=given.inference_ami,
        managed=_bounds(given.managed_scaling),
        ssm=given.ssm,
        kms_key=given.kms_key,
    )


def _bounds(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5}):([0-9]{1,5})", text)
    if not found:
        raise InvalidInput(f"--managed-scaling {text[:40]}: expected MIN:MAX, such as 1:4")
    return int(found[1]), int(found[2])


def _async(given: argparse.Namespace, sort: Kind) -> Async | None:
    words = [name for name in vars(given) if name.startswith("async_") and getattr(given, name)]
    if sort is not Kind.ASYNC:
        for word in words:
            raise InvalidInput(f"--{word.replace('_', '-')} is for --kind async", hint="leave it out")
        return None
    if not given.async_output:
        raise InvalidInput("--kind async needs --async-output, where results go", hint="an s3:// URI")
    return Async(
        output=given.async_output,
        failure=given.async_failure,
        concurrency=given.async_concurrency,
        success_topic=given.async_success_topic,
        error_topic=given.async_error_topic,
        include_response=given.async_include_response,
        kms_key=given.async_kms_key,
    )


def _capture(given: argparse.Namespace) -> Capture | None:
    if not given.capture:
        if given.capture_mode or given.capture_kms_key or given.capture_csv or given.capture_json:
            raise InvalidInput("--capture-... without --capture", hint="--capture says where it goes")
        return None
    return Capture(
        destination=given.capture,
        percent=given.capture_percent,
        modes=tuple(given.capture_mode) or ("Input", "Output"),
        kms_key=given.capture_kms_key,
        csv=tuple(given.capture_csv),
        json=tuple(given.capture_json),
    )


def rollout(given: argparse.Namespace, endpoint: str, variants: tuple[Variant, ...]) -> Rollout | None:
    """None where nothing of it was asked: SageMaker then replaces all at once."""
    made = [alarms.errors(endpoint, one.name, 1)["AlarmName"] for one in variants if given.errors_alarm]
    watched = (*given.alarm, *made)
    policy = Policy(given.policy) if given.policy else Policy.ALL_AT_ONCE
    asked = (given.policy, given.step_wait, given.terminate_wait, given.update_timeout, *watched)
    if given.step and policy is Policy.ALL_AT_ONCE:
        raise InvalidInput("--step is for --policy canary, linear or rolling", hint="leave it out")
    if given.rollback_step and policy is not Policy.ROLLING:
        raise InvalidInput("--rollback-step is for --policy rolling", hint="leave it out")
    if given.terminate_wait is not None and policy is Policy.ROLLING:
        raise InvalidInput("--terminate-wait is for blue/green policies", hint="leave it out")
    if not any(item is not None for item in asked):
        return None
    wait = given.step_wait if given.step_wait is not None else _BAKES if watched else 0
    return Rollout(
        policy=policy,
        step=Size.parse(given.step, "--step") if given.step else None,
        wait=wait,
        terminate=given.terminate_wait,
        most=given.update_timeout,
        rollback_step=Size.parse(given.rollback_step, "--rollback-step") if given.rollback_step else None,
        alarms=watched,
    )


def _only(value: bool | None, option: str, sort: Kind, of: Kind) -> bool | None:
    if value is not None and sort is not of:
        raise InvalidInput(f"{option} is for --kind {of}", hint="leave it out")
    return value
