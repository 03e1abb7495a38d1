import json

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.sagemaker.local import eventstream


def read(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@given(st.lists(st.binary(max_size=2000), max_size=5))
def test_botocore_reads_parts_as_they_were_written(parts):
    events = read(b"".join(map(eventstream.part, parts)))
    assert [event.payload for event in events] == parts
    assert {event.headers[":event-type"] for event in events} <= {"PayloadPart"}


def test_an_exception_has_its_kind():
    (event,) = read(eventstream.exception("ModelStreamError", b'{"ErrorCode": "StreamBroken"}'))
    assert event.headers[":message-type"] == "exception"
    assert event.headers[":exception-type"] == "ModelStreamError"
    assert json.loads(event.payload) == {"ErrorCode": "StreamBroken"}
