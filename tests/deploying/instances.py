"""Container instances that join a cluster of moto's as an agent would: by the identity of an EC2 instance.

Moto gives each 4096 units of cpu and 7482 MiB, whatever its type.
"""

from __future__ import annotations

import json

AMI = "ami-12c6146b"  # one that moto knows


def join(aws, cluster="c", instance_type="inf1.xlarge", **attributes):
    """The ARN of a new container instance."""
    launched = aws.ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, InstanceType=instance_type)
    identity = json.dumps({"instanceId": launched["Instances"][0]["InstanceId"]})
    joined = aws.ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=identity)
    arn = joined["containerInstance"]["containerInstanceArn"]
    if attributes:
        aws.ecs.put_attributes(
            cluster=cluster,
            attributes=[
                {"name": name, "value": value, "targetId": arn} for name, value in attributes.items()
            ],
        )
    return arn
