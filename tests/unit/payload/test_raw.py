from __future__ import annotations

import pytest

from neuronserve.errors import InputMismatch
from neuronserve.payload import Form, decode
from tests.unit.payload.specs import THREE, signatures


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/jpeg", "IMAGE/PNG"])
@pytest.mark.parametrize(
    ("shape", "wanted"), [((None,), (1,)), ((1,), (1,)), ((), ()), (None, (1,)), ((None, 1), (1, 1))]
)
def test_the_whole_body_is_one_string(kind, shape, wanted):
    for body in (b"\xff\xd8\x00", bytearray(b"\xff\xd8\x00"), memoryview(b"\xff\xd8\x00")):
        found = decode(body, kind, signatures(image=("string", shape)))
        assert found.form is Form.FREE
        assert found.arrays["image"].shape == wanted
        assert found.arrays["image"].ravel()[0] == b"\xff\xd8\x00"


@pytest.mark.parametrize("known", [THREE, signatures(a=("string", None), b=("string", None))])
def test_other_signatures_are_refused_with_what_they_take(known):
    with pytest.raises(InputMismatch, match=r'one string input.*signature "serving_default" takes "'):
        decode(b"x", "image/png", known)


def test_a_batch_of_another_size_is_refused():
    with pytest.raises(InputMismatch, match=r"shape \[1\]; the signature wants \[4\]"):
        decode(b"x", "image/png", signatures(image=("string", (4,))))
