"""Content types <-> named numpy arrays. Pure: no Flask, no gRPC, no TensorFlow, no network.

In: ``inflate`` (Content-Encoding), ``media_type`` (Content-Type), ``decode`` -> ``Decoded``. Out: ``choose``
(Accept; before the model is run) -> ``encode``, or ``encode_results`` for classify and regress.

``jsonforms``, ``csvbody``, ``npybody`` and ``rawbody`` read; ``cast`` and ``shapes`` bring what they read to
the signature; ``jsonanswer``, ``csvanswer`` and ``npyanswer`` write.
"""

from neuronserve.payload.accept import choose
from neuronserve.payload.coding import deflate, inflate
from neuronserve.payload.decode import decode
from neuronserve.payload.decoded import Decoded, Form
from neuronserve.payload.encode import encode, encode_results
from neuronserve.payload.media import Kind, MediaType
from neuronserve.payload.media import parse as media_type
from neuronserve.payload.signature import Signature, Signatures, TensorSpec

__all__ = [
    "Decoded",
    "Form",
    "Kind",
    "MediaType",
    "Signature",
    "Signatures",
    "TensorSpec",
    "choose",
    "decode",
    "deflate",
    "encode",
    "encode_results",
    "inflate",
    "media_type",
]
