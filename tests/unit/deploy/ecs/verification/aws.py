"""An AWS of a few answers, shaped as botocore's model of the service has them."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator


def error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "told by the test"}}, operation)


def fits(service, operation, *, given=None, answer=None):
    """Fails when a request, or an answer, is not what the service's model says."""
    model = boto3.client(service, region_name="us-east-1").meta.service_model.operation_model(operation)
    for value, shape in ((given, model.input_shape), (answer, model.output_shape)):
        if value is not None:
            report = ParamValidator().validate(value, shape)
            assert not report.has_errors(), report.generate_report()


class Simulator:
    """IAM's policy simulator for a role that may do what ``allowed`` has: (action, resource) pairs."""

    def __init__(self, *allowed, fails=None):
        self.allowed = set(allowed)
        self.fails = fails
        self.asked = []

    def get_paginator(self, name):
        assert name == "simulate_principal_policy"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **given):
        if self.fails:
            raise error(self.fails, "SimulatePrincipalPolicy")
        fits("iam", "SimulatePrincipalPolicy", given=given)
        self.asked.append(given)
        for action in given["ActionNames"]:
            known = (action, given["ResourceArns"][0]) in self.allowed
            answer = {
                "EvaluationResults": [
                    {"EvalActionName": action, "EvalDecision": "allowed" if known else "implicitDeny"}
                ],
                "IsTruncated": False,
            }
            fits("iam", "SimulatePrincipalPolicy", answer=answer)
            yield answer
