"""The cluster and its log group."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack.intrinsic import NOTHING, Resources, is_set, ref, when
from neuronserve.deploy.stack.plan import Plan


def conditions(plan: Plan) -> dict[str, Any]:
    return {"HasLogKey": is_set("LogKmsKeyArn")} if plan.own_log_group else {}


def resources(plan: Plan) -> Resources:
    """Both have names of CloudFormation's making, so that two stacks never want the same one."""
    settings = [{"Name": "containerInsights", "Value": plan.insights}]
    made: Resources = {"Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterSettings": settings}}}
    if plan.own_log_group:
        made["LogGroup"] = {
            "Type": "AWS::Logs::LogGroup",
            # the log of a start that failed is worth most after the stack was rolled back; lines expire
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "RetentionInDays": ref("LogRetentionDays"),
                # without a key of one's own, CloudWatch Logs encrypts with one of AWS's
                "KmsKeyId": when("HasLogKey", ref("LogKmsKeyArn"), NOTHING),
            },
        }
    return made
