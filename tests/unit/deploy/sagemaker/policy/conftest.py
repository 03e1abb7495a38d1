"""Policies as ``scripts/policy sagemaker`` prints them."""

from __future__ import annotations

import argparse

import pytest

from neuronserve.deploy.policy import place as places
from neuronserve.deploy.sagemaker.policy import options, program, verbs
from tests.deploying.ask import ACCOUNT


@pytest.fixture
def wanted():
    """``wanted("--endpoint", "digits", region=...)`` -> the value that the options come to."""

    def made(*words, region="us-east-1"):
        parser = argparse.ArgumentParser()
        options.arguments(parser)
        return options.wanted(parser.parse_args(words), places.of(region, ACCOUNT))

    return made


@pytest.fixture
def policies(wanted):
    """Both policies of some options; ``rows``: as --verbs has them."""

    def made(*words, region="us-east-1", rows=None):
        found = wanted(*words, region=region)
        return program.policies(found, program.ROLES, verbs.chosen(rows, found))

    return made


@pytest.fixture
def execution(policies):
    return lambda *words: policies(*words)["execution"]


@pytest.fixture
def deployer(policies):
    return lambda rows, *words: policies(*words, rows=rows)["deployer"]
