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
# Systems whose support has ended: AWS's parameter still resolves, to an image that gets no more corrections.
ENDED = {"al2": "Amazon Linux 2 ended on 2026-06-30"}
RECOMMENDED = PARAMETERS["al2023"]
