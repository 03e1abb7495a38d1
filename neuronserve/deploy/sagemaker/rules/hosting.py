"""What SageMaker's hosting does with each instance family: data alone.

Sources: SageMaker's API reference and developer guide ("Deployment guardrails: exclusions", "Shadow tests:
exclusions", "Asynchronous inference", "ProductionVariant"), and what its Python SDK had to learn about
volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Families whose instances have NVMe disks of their own, which SageMaker uses instead of an EBS volume.
LOCAL_DISK: Final = frozenset({"trn1", "trn1n", "trn2"})

# InferenceAmiVersion -> the families it is made for; of those with Neuron chips.
AMIS: Final[Mapping[str, frozenset[str]]] = {
    "al2-ami-sagemaker-inference-neuron-2": frozenset({"inf2", "trn1", "trn1n", "trn2"}),
}

# What endpoints on these families cannot have, each with AWS's page about it.
NO_GUARDRAILS: Final = frozenset({"inf1"})
NO_ASYNC: Final = frozenset({"inf1"})
NO_SHADOW: Final = frozenset({"inf1"})

MOST_CONTAINERS: Final = 15
FEWEST_IN_A_PIPELINE: Final = 2
ENVIRONMENT_BYTES: Final = 32 << 10  # keys and values, of all containers of a model together
STOP_SECONDS: Final = 30  # between SIGTERM and SIGKILL

# Variables that the platform sets itself, and when.
OF_THE_PLATFORM: Final[Mapping[str, str]] = {
    "SAGEMAKER_BIND_TO_PORT": "for each container of a pipeline or of direct invocation",
    "SAGEMAKER_SAFE_PORT_RANGE": "for each container of a pipeline or of direct invocation",
    "SAGEMAKER_MULTI_MODEL": "when Mode is MultiModel",
    "SAGEMAKER_BATCH": "in batch transform",
    "SAGEMAKER_BATCH_STRATEGY": "in batch transform",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB": "in batch transform",
    "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "in batch transform",
}
CREDENTIALS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
# Variables that make the container fetch something itself.
FETCHES: Final = ("MODEL_URI", "COMPILATION_JOB")

SERVERLESS: Final = "serverless inference has CPUs only: no NeuronCores and no other accelerator"
ELASTIC_INFERENCE: Final = "Amazon Elastic Inference has ended: AWS takes no accelerators of it any more"
TRN2: Final = "TensorFlow was never supported on Trn2"
