"""An Application Load Balancer that asks ``/ping``; slots are targets of one group.

HTTPS with a certificate that exists or one for a domain of Route 53, and access logs in S3.
"""

from __future__ import annotations

import math
from typing import Any

from neuronserve.deploy.stack.intrinsic import NOTHING, Resource, Resources, get, is_set, ref, sub, when
from neuronserve.deploy.stack.plan import Plan

BALANCER, TARGETS, LISTENER = "LoadBalancer", "TargetGroup", "Listener"
_IDLE = 70  # seconds: more than a request may take (60), less than the front keeps a connection (75)
_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_INTERVAL, _HEALTHY, _UNHEALTHY = 10, 2, 3
_CERTIFICATE, _LOG_BUCKET, _LOG_POLICY = "Certificate", "AccessLogBucket", "AccessLogBucketPolicy"
_LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"  # who writes the logs, in every region


def conditions(plan: Plan) -> dict[str, Any]:
    return {"HasCertificate": is_set("CertificateArn")} if plan.balancer and not plan.https else {}


def resources(plan: Plan) -> Resources:
    if not plan.balancer:
        return {}
    made = {BALANCER: _balancer(plan), TARGETS: _targets(plan), LISTENER: _listener(plan)}
    if plan.domain:
        made |= {_CERTIFICATE: _certificate(), "DomainRecord": _record()}
    if plan.access_logs == "":
        made |= {_LOG_BUCKET: _log_bucket(), _LOG_POLICY: _log_bucket_policy()}
    return made


def with_https(plan: Plan, then: Any, otherwise: Any) -> Any:
    """``then`` where the balancer speaks HTTPS: always, or when the stack's parameter names a certificate."""
    return then if plan.https else when("HasCertificate", then, otherwise)


def attachment(plan: Plan, port: int) -> dict[str, Any]:
    """A service's properties for it; ``port``: the container's, another in each slot on a host's network."""
    return {
        "LoadBalancers": [
            {
                "ContainerName": plan.spec.container,
                "ContainerPort": port,
                "TargetGroupArn": ref(TARGETS),
            }
        ],
        # the load, and what the balancer takes to believe it
        "HealthCheckGracePeriodSeconds": plan.spec.load_seconds + _INTERVAL * (_HEALTHY + 1),
    }


def _balancer(plan: Plan) -> Resource:
    attributes: dict[str, Any] = {
        "idle_timeout.timeout_seconds": str(_IDLE),
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    if plan.access_logs is not None:
        bucket, prefix = _access_logs(plan)
        attributes |= {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket}
        attributes |= {"access_logs.s3.prefix": prefix} if prefix else {}
    made: Resource = {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {
            "Type": "application",
            "Scheme": "internet-facing" if plan.internet_facing else "internal",
            "Subnets": ref("LoadBalancerSubnetIds"),
            "SecurityGroups": [get("BalancerSecurityGroup", "GroupId")],
            "LoadBalancerAttributes": _attributes(attributes),
        },
    }
    if plan.access_logs == "":  # the balancer writes a test object when it is made
        made["DependsOn"] = [_LOG_POLICY]
    return made


def _targets(plan: Plan) -> Resource:
    attributes: dict[str, Any] = {
        # ECS stops a task when this is over: long enough for what is in flight, as the task's own drain
        "deregistration_delay.timeout_seconds": str(math.ceil(plan.spec.drain_seconds)),
        "load_balancing.algorithm.type": "least_outstanding_requests",
    }
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "TargetType": "ip" if plan.awsvpc else "instance",
            "Protocol": "HTTP",
            "Port": plan.spec.port,  # each task's own port takes its place
            "VpcId": ref("VpcId"),
            "HealthCheckPath": "/ping",
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckIntervalSeconds": _INTERVAL,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": _HEALTHY,
            "UnhealthyThresholdCount": _UNHEALTHY,
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": _attributes(attributes),
        },
    }


def _listener(plan: Plan) -> Resource:
    """One listener: with HTTPS port 80 stays closed, so that no client sends a body that others can read."""
    certificate = ref(_CERTIFICATE if plan.domain else "CertificateArn")
    return {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": ref(BALANCER),
            "Port": with_https(plan, 443, 80),
            "Protocol": with_https(plan, "HTTPS", "HTTP"),
            "Certificates": with_https(plan, [{"CertificateArn": certificate}], NOTHING),
            "SslPolicy": with_https(plan, _TLS, NOTHING),
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref(TARGETS)}],
        },
    }


def _certificate() -> Resource:
    """ACM validates it by a record that it makes in the hosted zone; such certificates cost nothing."""
    validation = {"DomainName": ref("DomainName"), "HostedZoneId": ref("HostedZoneId")}
    return {
        "Type": "AWS::CertificateManager::Certificate",
        "Properties": {
            "DomainName": ref("DomainName"),
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [validation],
        },
    }


def _record() -> Resource:
    return {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {
            "HostedZoneId": ref("HostedZoneId"),
            "Name": ref("DomainName"),
            "Type": "A",
            "AliasTarget": {
                "DNSName": get(BALANCER, "DNSName"),
                "HostedZoneId": get(BALANCER, "CanonicalHostedZoneID"),
            },
        },
    }


def _access_logs(plan: Plan) -> tuple[Any, str]:
    """Bucket and prefix of the access logs: the stack's own bucket, or the one of --access-log-uri."""
    if plan.access_logs == "":
        return ref(_LOG_BUCKET), ""
    bucket, _, prefix = (plan.access_logs or "").removeprefix("s3://").partition("/")
    return bucket, prefix.rstrip("/")


def _log_bucket() -> Resource:
    """Load balancers write to buckets with SSE-S3 only; the logs outlive the stack, each for some days."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "expire",
                        "Status": "Enabled",
                        "ExpirationInDays": ref("AccessLogDays"),
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    }
                ]
            },
        },
    }


def _log_bucket_policy() -> Resource:
    bucket = get(_LOG_BUCKET, "Arn")
    everything = {"Fn::Join": ["", [bucket, "/*"]]}
    own = sub(f"${{{_LOG_BUCKET}.Arn}}/AWSLogs/${{AWS::AccountId}}/*")
    statements = [
        {
            "Sid": "LoadBalancerWritesAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": _LOG_DELIVERY},
            "Action": "s3:PutObject",
            "Resource": own,
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, everything],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": ref(_LOG_BUCKET), "PolicyDocument": document},
    }


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
