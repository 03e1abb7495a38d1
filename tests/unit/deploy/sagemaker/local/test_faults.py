"""The rehearsal's errors, read by botocore's own parser for the service's own model."""

from __future__ import annotations

import pytest
from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.sagemaker.local import api, faults
from neuronserve.deploy.sagemaker.local.faults import Fault, Teller

MODEL = ServiceModel(Loader().load_service_model("sagemaker-runtime", "service-2"), "sagemaker-runtime")
OPERATION = MODEL.operation_model("InvokeEndpoint")
TELLER = Teller("e", "us-east-1", 2048)
IN_STREAMS = {"ModelStreamError", "InternalStreamFailure"}  # these have no status
MADE = [
    faults.invalid("m"), faults.too_large(7), faults.not_ready("m"), faults.unavailable("m"),
    faults.internal("m"), TELLER.model_error("c", 400, "t"), TELLER.timed_out("c"),
    TELLER.unanswered("c", "w"),
]  # fmt: skip


def parsed(fault: Fault):
    """As a client sees it."""
    reply = api._refused(fault)
    response = {
        "body": b"".join(reply.body),
        "headers": HeadersDict(dict(reply.headers)),
        "status_code": int(reply.status[:3]),
    }
    return create_parser("rest-json").parse(response, OPERATION.output_shape)


@pytest.mark.parametrize("fault", MADE, ids=lambda fault: fault.code)
def test_each_error_is_one_of_the_model_with_its_status_and_members(fault):
    shape = MODEL.shape_for(fault.code)
    assert shape.metadata["error"]["httpStatusCode"] == fault.status
    assert set(fault.document()) <= set(shape.members)
    found = parsed(fault)
    assert (found["Error"]["Code"], found["Error"]["Message"]) == (fault.code, fault.message)


@pytest.mark.parametrize("name", sorted({shape.name for shape in MODEL.error_shapes} - IN_STREAMS))
def test_any_error_of_the_model_would_be_read_as_itself(name):
    shape = MODEL.shape_for(name)
    status = shape.metadata["error"]["httpStatusCode"]
    found = parsed(Fault(name, status, "why"))
    assert (found["Error"], found["ResponseMetadata"]["HTTPStatusCode"]) == (
        {"Message": "why", "Code": name}, status,
    )  # fmt: skip


@given(st.integers(300, 599), st.text())
def test_a_containers_words_come_through_whole_or_cut_at_a_character(status, text):
    fault = TELLER.model_error("c", status, text)
    assert parsed(fault)["Error"]["Message"] == fault.message
    told = fault.members["OriginalMessage"]
    assert text.startswith(told)
    assert len(told.encode()) <= 2048
    assert told == text or len(text.encode()) > 2048
