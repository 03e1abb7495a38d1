"""The Amazon machine images that ECS publishes for Neuron, as SSM parameters.

The leaf ``image_id`` is a plain string, which ``{{resolve:ssm:...}}`` and DescribeImages take as it is.
That of Amazon Linux 2023 serves all families: on Inf1 it goes back to driver 2.21 when it boots.
"""

from __future__ import annotations

_BASE = "/aws/service/ecs/optimized-ami"
PARAMETERS = {
    "al2023": f"{_BASE}/amazon-linux-2023/neuron/recommended/image_id",
    "al2": f"{_BASE}/amazon-linux-2/inf/recommended/image_id",
}
RECOMMENDED = PARAMETERS["al2023"]
