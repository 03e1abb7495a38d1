"""Lines that ask a rehearsed endpoint, ready to be pasted."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.sagemaker.local.wanted import Endpoint, Kind

_REGION = "us-east-1"  # any will do
_TARGETS = {Kind.MULTI_MODEL: ("TargetModel", "MODEL.tar.gz"), Kind.DIRECT: ("TargetContainerHostname", "")}


def lines(endpoint: Endpoint, url: str, s3_dir: str = "") -> Iterator[str]:
    """For our own `invoke`, curl, the AWS CLI and boto3, which wants some credentials: any will do."""
    path = f"{url}/endpoints/{endpoint.name}"
    if endpoint.kind is Kind.ASYNC:
        results = f" --s3-dir {s3_dir}" if s3_dir else ""
        yield _ours(endpoint, url, f"--location s3://BUCKET/KEY{results}")
        header = "-H 'X-Amzn-SageMaker-InputLocation: s3://BUCKET/KEY'"
        yield f"  curl -s -i -X POST {path}/async-invocations {header}"
        yield from _aws(endpoint, url, "invoke-endpoint-async", "--input-location s3://BUCKET/KEY")
        yield _boto3(endpoint, url, "invoke_endpoint_async", 'InputLocation="s3://BUCKET/KEY"')
        return
    parameter, value = _TARGETS.get(endpoint.kind, ("", ""))
    value = value or endpoint.containers[0].name
    ours = {Kind.MULTI_MODEL: f" --target-model {value}", Kind.DIRECT: f" --target-container {value}"}
    yield _ours(endpoint, url, f"body.json{ours.get(endpoint.kind, '')}")
    header = f" -H 'X-Amzn-SageMaker-{_dashed(parameter)}: {value}'" if parameter else ""
    yield f"  curl -s {path}/invocations -H 'Content-Type: application/json'{header} --data-binary @body.json"
    option = f" --{_dashed(parameter).lower()} {value}" if parameter else ""
    yield from _aws(endpoint, url, "invoke-endpoint", f"--body fileb://body.json{option} answer.json")
    named = f', {parameter}="{value}"' if parameter else ""
    yield _boto3(endpoint, url, "invoke_endpoint", f"Body=body{named}")


def _ours(endpoint: Endpoint, url: str, rest: str) -> str:
    return f"  scripts/sagemaker invoke {endpoint.name} --endpoint-url {url} {rest}"


def _aws(endpoint: Endpoint, url: str, operation: str, rest: str) -> Iterator[str]:
    yield (
        f"  aws sagemaker-runtime {operation} --region {_REGION} --no-sign-request --endpoint-url {url} "
        f"--endpoint-name {endpoint.name} --content-type application/json {rest}"
    )


def _boto3(endpoint: Endpoint, url: str, operation: str, rest: str) -> str:
    client = f'boto3.client("sagemaker-runtime", "{_REGION}", endpoint_url="{url}")'
    return f'  {client}.{operation}(EndpointName="{endpoint.name}", ContentType="application/json", {rest})'


def _dashed(parameter: str) -> str:
    """TargetModel -> Target-Model."""
    return "".join(f"-{c}" if c.isupper() and i else c for i, c in enumerate(parameter))
