"""The instances: an Auto Scaling group on ECS's Neuron AMI, or ECS Managed Instances."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.ecs.rendering import container
from neuronserve.deploy.stack.intrinsic import Resource, Resources, get, ref, sub, when
from neuronserve.deploy.stack.plan import Plan

PROVIDER = "CapacityProvider"
ASSOCIATION = "ClusterCapacityProviders"
_WARM_UP = 180  # seconds until a new instance has joined the cluster
_ROOT = "/dev/xvda"  # of Amazon Linux 2023


def conditions(plan: Plan) -> dict[str, Any]:
    if plan.managed:
        return {}
    return {"ProtectInstances": {"Fn::Equals": [ref("TerminationProtection"), "ENABLED"]}}


def resources(plan: Plan) -> Resources:
    profile: Resources = {
        "InstanceProfile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Roles": [ref("InstanceRole")]},
        }
    }
    if plan.managed:
        return profile | {PROVIDER: _managed_provider(plan)}
    return profile | {
        "LaunchTemplate": _launch_template(plan),
        "Instances": _group(),
        PROVIDER: _group_provider(),
        ASSOCIATION: _association(),
    }


def user_data(plan: Plan) -> str:
    """The agent's settings. No ECS_RESERVED_MEMORY: the tasks' memory leaves room for the host already."""
    settings = {
        "ECS_CLUSTER": "${Cluster}",
        # the agent's own 30 s would end a task whose definition says nothing before it has drained
        "ECS_CONTAINER_STOP_TIMEOUT": f"{container.stop_timeout(plan.spec)}s",
    }
    if plan.awsvpc:
        settings["ECS_AWSVPC_BLOCK_IMDS"] = "true"  # else a task could be the instance
    lines = [f"{name}={value}" for name, value in settings.items()]
    return "\n".join(["#!/bin/bash", "cat >> /etc/ecs/ecs.config <<'END'", *lines, "END", ""])


def _launch_template(plan: Plan) -> Resource:
    tags = [{"Key": "Name", "Value": sub("${AWS::StackName} Neuron")}]
    return {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {
            "LaunchTemplateData": {
                "ImageId": ref("NeuronAmi"),
                "InstanceType": plan.spec.instance_type.name,
                "IamInstanceProfile": {"Arn": get("InstanceProfile", "Arn")},
                "SecurityGroupIds": [get("InstanceSecurityGroup", "GroupId")],
                # one hop: containers behind a bridge do not reach it, and cannot become the instance
                "MetadataOptions": {
                    "HttpEndpoint": "enabled",
                    "HttpTokens": "required",
                    "HttpPutResponseHopLimit": 1,
                },
                "BlockDeviceMappings": [
                    {
                        "DeviceName": _ROOT,
                        "Ebs": {
                            "VolumeType": "gp3",
                            "VolumeSize": ref("RootVolumeGiB"),
                            "Encrypted": True,
                            "DeleteOnTermination": True,
                        },
                    }
                ],
                "TagSpecifications": [
                    {"ResourceType": "instance", "Tags": tags},
                    {"ResourceType": "volume", "Tags": tags},
                ],
                "UserData": {"Fn::Base64": sub(user_data(plan))},
            }
        },
    }


def _group() -> Resource:
    """Its size is the capacity provider's business: a desired capacity here would undo it at each update.

    A new launch template, for example with a newer AMI, is for new instances; those that run are replaced
    when somebody says so (the output InstanceRefresh), never by an update of the stack.
    """
    return {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {
            "MinSize": ref("MinInstances"),
            "MaxSize": ref("MaxInstances"),
            "VPCZoneIdentifier": ref("SubnetIds"),
            "LaunchTemplate": {
                "LaunchTemplateId": ref("LaunchTemplate"),
                "Version": get("LaunchTemplate", "LatestVersionNumber"),
            },
            "NewInstancesProtectedFromScaleIn": when("ProtectInstances", True, False),
            # ECS puts it there when it manages a group; without it an update would take it away
            "Tags": [{"Key": "AmazonECSManaged", "Value": "true", "PropagateAtLaunch": True}],
        },
    }


def _group_provider() -> Resource:
    return {
        "Type": "AWS::ECS::CapacityProvider",
        "Properties": {
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": get("Instances", "AutoScalingGroupARN"),
                "ManagedScaling": {
                    "Status": "ENABLED",
                    "TargetCapacity": 100,
                    "InstanceWarmupPeriod": _WARM_UP,
                },
                "ManagedTerminationProtection": ref("TerminationProtection"),
                "ManagedDraining": "ENABLED",
            },
        },
    }


def _association() -> Resource:
    return {
        "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
        "Properties": {
            "Cluster": ref("Cluster"),
            "CapacityProviders": [ref(PROVIDER)],
            "DefaultCapacityProviderStrategy": [{"CapacityProvider": ref(PROVIDER), "Weight": 1}],
        },
    }


def _managed_provider(plan: Plan) -> Resource:
    """It belongs to its cluster by name; an association would be refused."""
    kind = plan.spec.instance_type
    return {
        "Type": "AWS::ECS::CapacityProvider",
        "DependsOn": ["InfrastructurePolicy"],
        "Properties": {
            "ClusterName": ref("Cluster"),
            "ManagedInstancesProvider": {
                "InfrastructureRoleArn": get("InfrastructureRole", "Arn"),
                "PropagateTags": "CAPACITY_PROVIDER",
                "InstanceLaunchTemplate": {
                    "Ec2InstanceProfileArn": get("InstanceProfile", "Arn"),
                    "NetworkConfiguration": {
                        "Subnets": ref("SubnetIds"),
                        "SecurityGroups": [get("InstanceSecurityGroup", "GroupId")],
                    },
                    "StorageConfiguration": {"StorageSizeGiB": ref("RootVolumeGiB")},
                    # a tag of the stack with a slash in its name would keep instances from starting
                    "InstanceMetadataTagsPropagation": False,
                    "InstanceRequirements": {
                        "AllowedInstanceTypes": [kind.name],
                        "VCpuCount": {"Min": kind.vcpus, "Max": kind.vcpus},
                        "MemoryMiB": {"Min": kind.memory_mib, "Max": kind.memory_mib},
                    },
                },
            },
        },
    }
