"""Listings of each kind, for tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuronserve.deploy.sagemaker.marketplace.listing import Listing, Test

ACCOUNT = "123456789012"
PLAIN = Listing(
    image="neuronserve:cpu",
    model="model.tar.gz",
    tests=(Test(Path("rows.csv"), "text/csv"),),
    ecr=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1.0",
    model_uri="s3://models/net/model.tar.gz",
    tests_uri="s3://models/net/tests/",
    output_uri="s3://models/net/out/",
    name="net",
    role=f"arn:aws:iam::{ACCOUNT}:role/validation",
    hosting=("ml.inf2.xlarge", "ml.trn1.2xlarge"),
    transform=("ml.inf2.xlarge",),
    content_types=("text/csv",),
    response_types=("application/json",),
)
KINDS = {
    "plain": PLAIN,
    "lines": dataclasses.replace(
        PLAIN,
        tests=(Test(Path("rows.jsonl"), "application/jsonlines", "application/jsonlines"),),
        content_types=("application/jsonlines", "text/csv"),
        response_types=("application/jsonlines", "application/json"),
        split="Line",
        description="y = 2x",
        environment={"SERVE_LOG_LEVEL": "warning"},
        tags={"team": "a"},
    ),
    "version": dataclasses.replace(PLAIN, name="", group="nets"),
    "cpu": dataclasses.replace(PLAIN, hosting=("ml.c5.xlarge",), transform=("ml.c5.xlarge", "ml.m5.xlarge")),
}
