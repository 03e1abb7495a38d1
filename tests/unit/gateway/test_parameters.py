"""What batch transform is told: as much at once as there is room for, and never more than it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.gateway.parameters import Asked, Host, batch_bytes, compute
from neuronserve.payload.signature import Signature, TensorSpec

GB, MB = 1 << 30, 1 << 20
HOSTS = st.builds(Host, st.integers(1, 5000), st.integers(0, 300 * MB), st.integers(0, 2000 * GB))
MAYBE = st.none() | st.integers(0, 100)


def told(asked: Asked, host: Host) -> tuple[int, str, int]:
    found = compute(asked, host)
    return found["MaxConcurrentTransforms"], found["BatchStrategy"], found["MaxPayloadInMB"]


@given(MAYBE, MAYBE, HOSTS)
def test_the_product_is_what_the_platform_takes(concurrent, payload, host) -> None:
    found_concurrent, strategy, found_payload = told(Asked(concurrent or None, payload), host)
    assert found_concurrent >= 1
    assert strategy == "MULTI_RECORD"
    if payload is None:
        assert 1 <= found_payload <= 100
    if not (concurrent and payload):  # the job said both: the platform has checked them
        assert found_concurrent * found_payload <= 100


@given(HOSTS)
def test_what_is_in_memory_at_a_time_has_room_unless_one_megabyte_has_not(host) -> None:
    concurrent, _, payload = told(Asked(), host)
    assert concurrent * payload * 8 * MB <= max(host.memory, 8 * MB)


@pytest.mark.parametrize(
    ("host", "concurrent", "payload"),
    [
        (Host(1, 100, 16 * GB), 1, 6),
        (Host(4, 100, 16 * GB), 4, 6),
        (Host(16, 100, 200 * GB), 16, 6),
        (Host(64, 100, 200 * GB), 64, 1),
        (Host(4, 10 * MB, 16 * GB), 4, 25),
        (Host(4, 30 * MB, 16 * GB), 3, 33),
        (Host(4, 500 * MB, 16 * GB), 1, 100),
        (Host(4, 100, 100 * MB), 4, 3),
        (Host(4, 100, 0), 1, 1),
    ],
)
def test_copies_batches_and_memory_decide(host, concurrent: int, payload: int) -> None:
    assert told(Asked(), host) == (concurrent, "MULTI_RECORD", payload)


def test_what_the_job_says_is_kept() -> None:
    host = Host(8, 100, 16 * GB)
    assert told(Asked(concurrent=3), host) == (3, "MULTI_RECORD", 6)
    assert told(Asked(payload=50), host) == (2, "MULTI_RECORD", 50)
    assert told(Asked(concurrent=1, payload=20, strategy="single_record"), host) == (1, "SINGLE_RECORD", 20)
    assert told(Asked(payload=0), host) == (8, "MULTI_RECORD", 0)


def test_a_batch_as_text_is_as_large_as_its_numbers() -> None:
    image = Signature("s", "predict", {"x": TensorSpec("x", "float32", (None, 224, 224, 3))}, {})
    assert batch_bytes(image, 4) == 4 * 224 * 224 * 3 * 12
    unknown = Signature("s", "predict", {"x": TensorSpec("x", "string", None)}, {})
    assert batch_bytes(unknown, 1) == 12
