"""Serve TensorFlow models compiled by SageMaker Neo for AWS Inferentia and Trainium."""

__version__ = "0.1.0"
