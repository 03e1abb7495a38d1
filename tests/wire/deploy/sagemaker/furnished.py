"""A SageMaker with one endpoint, as moto has it."""

from __future__ import annotations

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def endpoint(cloud, name="digits", **config):
    """An endpoint with one variant on an Inf1 instance."""
    sagemaker = cloud.sagemaker
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": image, "ModelDataUrl": "s3://b/m.tar.gz"},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    variant["InstanceType"] = "ml.inf1.xlarge"
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **config)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
