"""What a client's own serialized message may cost to parse, seen from its fields before it is parsed.

protobuf keeps the bytes of a tensor as they came, and packed numbers at up to 8 bytes for one that was sent;
but each small field, such as a dimension, a string or an input, costs an object, which may be 20 times its
bytes (protobuf.dev, "Encoding"; tensor.proto, predict.proto).
"""

from __future__ import annotations

from neuronserve.errors import BodyTooLarge

Body = bytes | bytearray | memoryview
_LARGE = 1 << 12  # bytes of a field that is not small
_CONTENT, _PACKED, _SMALL = 6, 14, 40  # bytes for one of each: parsed, serialized again and sent
_MOST_FIELDS = 2_000_000
_BYTES = 2  # the wire type of what has a length
_INPUTS, _VALUE = 2, 2  # PredictRequest.inputs, and the value of an entry
_PLAIN = (4, 5)  # TensorProto: tensor_content and float_val, which take the bytes they have
_NUMBERS = (6, 7, 9, 10, 11, 12, 13, 16, 17)  # its packed numbers
_STRING = 8


class _Walk:
    """Fields, of which there may not be too many."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._left = _MOST_FIELDS

    def cost(self, start: int, stop: int, path: tuple[int, ...]) -> int:
        """Of the message in this span. ``path``: the fields that lead to it."""
        total = 0
        at = start
        while at < stop:
            self._left -= 1
            if self._left < 0:
                raise BodyTooLarge(f"the message has more than {_MOST_FIELDS} fields")
            began = at
            key, at = self._varint(at, stop)
            field, wire = key >> 3, key & 7
            if wire == _BYTES:
                size, at = self._varint(at, stop)
                end = min(at + size, stop)
                total += self._field(path, field, at, end) + _SMALL * (at - began)
                at = end
            else:
                at = self._varint(at, stop)[1] if wire == 0 else at + (8 if wire == 1 else 4)
                total += _SMALL * (at - began)
        return total

    def _field(self, path: tuple[int, ...], field: int, at: int, end: int) -> int:
        size = end - at
        if size < _LARGE:
            return _SMALL * size
        if path in ((), (_INPUTS,)) and field == (_VALUE if path else _INPUTS):
            return self.cost(at, end, (*path, field))
        if path == (_INPUTS, _VALUE):
            if field in (*_PLAIN, _STRING):
                return _CONTENT * size
            if field in _NUMBERS:
                return _PACKED * size
        return _SMALL * size

    def _varint(self, at: int, stop: int) -> tuple[int, int]:
        value = shift = 0
        while at < stop:
            byte = self._body[at]
            value |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                break
            shift += 7
        return value, at


def cost(body: Body) -> int:
    """Bytes of memory, at most, for the message in ``body``; of a body that is none, for nothing.

    BodyTooLarge: it has too many fields to be looked through.
    """
    if len(body) < _LARGE:
        return _SMALL * len(body)
    return _Walk(body).cost(0, len(body), ())
