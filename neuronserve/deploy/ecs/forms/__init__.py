"""A task definition in other words: CloudFormation, Compose, ``docker run``."""
