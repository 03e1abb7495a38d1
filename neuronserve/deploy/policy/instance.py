"""The container instance's role: what the ECS agent on it does.

AWS's AmazonEC2ContainerServiceforEC2Role, less what is not needed: clusters are not made by instances, images
and logs are the execution role's business, and the cluster is this one.
"""

from __future__ import annotations

from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.policy.place import Place


def statements(cluster: str, place: Place) -> list[Statement]:
    """The role's rights in one cluster."""
    arn = place.arn("ecs", f"cluster/{cluster}")
    return [
        Statement("FindTheEndpoint", ("ecs:DiscoverPollEndpoint",), ("*",)),
        Statement(
            "JoinTheCluster",
            (
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ),
            (arn,),
        ),
        Statement(
            "WorkForTheCluster",
            ("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"),
            (place.arn("ecs", f"container-instance/{cluster}/*"),),
        ),
        Statement(
            "TagItselfWhenItJoins",
            ("ecs:TagResource",),
            (place.arn("ecs", f"container-instance/{cluster}/*"),),
            {"StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}},
        ),
        Statement("ReadItsTags", ("ec2:DescribeTags",), ("*",)),
    ]
