"""What a model's own ``code/inference.py`` works with: types to annotate it, and tensors for gRPC.

The script is written for AWS's TensorFlow Serving container and runs there too, so it imports this only for
the type checker::

    from __future__ import annotations
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        from neuronserve.handlers import Context, Data, Response

It defines ``handler(data, context)``, or both ``input_handler(data, context)`` and
``output_handler(response, context)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np

Data = IO[bytes]
"""The request's body, any content encoding undone: ``read()``, ``readline()``, iteration, ``seek()``."""

Answer = tuple[str | bytes, str | None]
"""What ``handler`` and ``output_handler`` return: the body, and its content type (None: JSON)."""


class Context(NamedTuple):
    """The request, and the model server that was chosen for it.

    ``rest_uri``: TensorFlow Serving's REST address of the model there, such as
    ``http://localhost:8501/v1/models/m:predict``; ``grpc_port``: of its gRPC on localhost; ``channel``: a
    ``grpc.Channel`` to it, open and shared by the worker's threads: do not close it. ``model_version`` is
    None where the request names none. ``content_length``: bytes as they came. ``timeout``: seconds that are
    left for the request, for the handler's own calls. ``model_dir``: the folder of the unpacked artifact,
    laid out as the archive is. The first eleven fields are those of AWS's container, in its order.
    """

    model_name: str
    model_version: str | None
    method: str
    rest_uri: str
    grpc_port: str
    channel: Any
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int
    timeout: float
    model_dir: str


class Response(Protocol):
    """The model's answer, as ``requests.Response`` has it; its status is 200.

    ``arrays``: its outputs by name, where the method is predict; reading them alone makes no JSON.
    """

    @property
    def status_code(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def arrays(self) -> Mapping[str, np.ndarray[Any, Any]]: ...
    def json(self, **options: Any) -> Any: ...
    def raise_for_status(self) -> None: ...


def make_tensor_proto(values: Any, dtype: Any = None, shape: tuple[int, ...] | None = None) -> Any:
    """A TensorProto, as ``tf.make_tensor_proto`` makes it, without TensorFlow.

    ``values``: an array, a number, a text, or nested lists of them; ``dtype``: TensorFlow's name, such as
    ``float32``, or numpy's dtype. Without one Python's floats are float32 and its integers int32 where that
    holds them, as with TensorFlow; arrays keep theirs. Raises ValueError.
    """
    import numpy as np

    from neuronserve.modelserver import tensors

    array = np.asarray(values)
    if array.dtype.kind in "SU" and not hasattr(values, "dtype"):
        array = np.array(values, object)  # numpy's own strings lose zeros at their end
    name = dtype if isinstance(dtype, str) or dtype is None else np.dtype(dtype).name
    if array.dtype.kind in "SUO" and name in (None, "string", "object"):
        name, array = "string", np.array([_text(v) for v in array.ravel()], object).reshape(array.shape)
    else:
        name = name or (array.dtype.name if hasattr(values, "dtype") else _usual(array))
        wanted = tensors.numpy_dtype(name)
        if wanted is None:
            raise ValueError(f"no tensor of {name} can be made of {array.dtype.name}")
        array = array.astype(wanted)
    if shape is not None:
        array = np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)
    proto = tensors.new()
    tensors.fill(proto, array, name)
    return proto


def _usual(array: np.ndarray[Any, Any]) -> str:
    """The dtype that TensorFlow gives to Python's own numbers."""
    if array.dtype.kind == "f":
        return "float32"
    if array.dtype.kind == "i" and bool((array == array.astype("int32")).all()):
        return "int32"
    return str(array.dtype.name)


def make_ndarray(proto: Any) -> np.ndarray[Any, Any]:
    """The array in a TensorProto, as ``tf.make_ndarray`` has it."""
    from neuronserve.modelserver import tensors

    return tensors.read(proto)


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise ValueError(f"no tensor can be made of a {type(value).__name__}")
