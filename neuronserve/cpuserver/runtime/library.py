"""``libtensorflow`` as a ctypes library: found, loaded once, its functions declared.

The wheel's ``libtensorflow_cc.so.2`` exports TensorFlow's C API (``tensorflow/c/c_api.h``), which is
covered by its compatibility promise. A call through ctypes leaves Python's lock, so that sessions run
in parallel threads.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from neuronserve.cpuserver.status import Code, StatusError
from neuronserve.messages import package_path


class Buffer(ctypes.Structure):
    """``TF_Buffer``: bytes that a message was serialized to."""

    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("deallocator", ctypes.c_void_p))


class Output(ctypes.Structure):
    """``TF_Output``: one output of one operation of a graph."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


_pointer, _text, _int, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
_int64s, _pointers, _outputs = (
    ctypes.POINTER(ctypes.c_int64),
    ctypes.POINTER(_pointer),
    ctypes.POINTER(Output),
)
_buffer = ctypes.POINTER(Buffer)

# name: (result, arguments)
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "TF_Version": (_text, ()),
    "TF_LoadLibrary": (_pointer, (_text, _pointer)),
    "TF_NewStatus": (_pointer, ()),
    "TF_DeleteStatus": (None, (_pointer,)),
    "TF_GetCode": (_int, (_pointer,)),
    "TF_Message": (_text, (_pointer,)),
    "TF_NewBuffer": (_buffer, ()),
    "TF_NewBufferFromString": (_buffer, (_text, _size)),
    "TF_DeleteBuffer": (None, (_buffer,)),
    "TF_AllocateTensor": (_pointer, (_int, _int64s, _int, _size)),
    "TF_DeleteTensor": (None, (_pointer,)),
    "TF_TensorFromProto": (None, (_buffer, _pointer, _pointer)),
    "TF_TensorType": (_int, (_pointer,)),
    "TF_NumDims": (_int, (_pointer,)),
    "TF_Dim": (ctypes.c_int64, (_pointer, _int)),
    "TF_TensorByteSize": (_size, (_pointer,)),
    "TF_TensorData": (_pointer, (_pointer,)),
    "TF_StringGetDataPointer": (_pointer, (_pointer,)),
    "TF_StringGetSize": (_size, (_pointer,)),
    "TF_NewGraph": (_pointer, ()),
    "TF_DeleteGraph": (None, (_pointer,)),
    "TF_GraphOperationByName": (_pointer, (_pointer, _text)),
    "TF_OperationNumOutputs": (_int, (_pointer,)),
    "TF_NewImportGraphDefOptions": (_pointer, ()),
    "TF_DeleteImportGraphDefOptions": (None, (_pointer,)),
    "TF_ImportGraphDefOptionsSetPrefix": (None, (_pointer, _text)),
    "TF_ImportGraphDefOptionsAddInputMapping": (None, (_pointer, _text, _int, Output)),
    "TF_GraphImportGraphDef": (None, (_pointer, _buffer, _pointer, _pointer)),
    "TF_GraphToFunction": (
        _pointer,
        (_pointer, _text, ctypes.c_ubyte, _int, _pointers, _int, _outputs, _int, _outputs,
         ctypes.POINTER(_text), _pointer, _text, _pointer),
    ),
    "TF_FunctionToFunctionDef": (None, (_pointer, _buffer, _pointer)),
    "TF_DeleteFunction": (None, (_pointer,)),
    "TF_NewSessionOptions": (_pointer, ()),
    "TF_DeleteSessionOptions": (None, (_pointer,)),
    "TF_SetConfig": (None, (_pointer, _text, _size, _pointer)),
    "TF_LoadSessionFromSavedModel": (
        _pointer,
        (_pointer, _buffer, _text, ctypes.POINTER(_text), _int, _pointer, _buffer, _pointer),
    ),
    "TF_SessionRun": (
        None,
        (_pointer, _buffer, _outputs, _pointers, _int, _outputs, _pointers, _int, _pointers, _int,
         _buffer, _pointer),
    ),
    "TF_CloseSession": (None, (_pointer, _pointer)),
    "TF_DeleteSession": (None, (_pointer, _pointer)),
}  # fmt: skip


@functools.cache
def load() -> Any:
    """The library; the first call takes about 0.4 s."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors; a warning comes with every refused request
    folder = package_path()
    # the first holds what the second needs; both stay for the life of the process
    framework = ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name, None) or getattr(framework, name)
        function.restype, function.argtypes = result, list(arguments)
        setattr(library, name, function)
    return library


def load_ops(files: Sequence[Path]) -> None:
    """Register the ops of these shared libraries, which stay loaded. StatusError: one cannot be loaded."""
    for file in files:
        with Status() as status:
            load().TF_LoadLibrary(str(file).encode(), status.pointer)
            try:
                status.check()
            except StatusError as error:
                raise StatusError(error.code, f"--op_libraries: {file}: {error.message}") from error


def version() -> str:
    return str(load().TF_Version().decode())


class Status:
    """A ``TF_Status`` for one call; ``check`` raises what it holds."""

    def __init__(self) -> None:
        self._library = load()
        self.pointer = self._library.TF_NewStatus()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.TF_DeleteStatus(self.pointer)

    def check(self) -> None:
        code = self._library.TF_GetCode(self.pointer)
        if code:
            message = self._library.TF_Message(self.pointer).decode(errors="replace")
            raise StatusError(Code(code), message)


def buffer_from(content: bytes) -> Any:
    """A ``TF_Buffer`` with a copy of ``content``; the caller deletes it."""
    return load().TF_NewBufferFromString(content, len(content))


def take_bytes(buffer: Any) -> bytes:
    """What TensorFlow wrote into a buffer, which is deleted."""
    content = ctypes.string_at(buffer.contents.data, buffer.contents.length) if buffer.contents.data else b""
    load().TF_DeleteBuffer(buffer)
    return content
