from __future__ import annotations

import io
import pickle
import zipfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from neuronserve.errors import BodyTooLarge, InputMismatch, MalformedBody, NotAcceptable
from neuronserve.payload import Form, Kind, MediaType, decode, encode
from tests.unit.payload.specs import THREE, TWO, outputs, signatures

NPY, NPZ = "application/x-npy", "application/x-npz"


def saved(array, version=None, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), version, **options)
    return stream.getvalue()


def zipped(compressed=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def read(body, dtype="float32", shape=None, content_type=NPY):
    return decode(body, content_type, signatures(x=(dtype, shape))).arrays["x"]


@pytest.mark.parametrize("name", [NPY, "application/vnd+python.numpy+binary"])
def test_both_names_mean_the_same(name):
    found = decode(saved(np.ones((2, 3), np.float32)), name, THREE)
    assert found.form is Form.FREE
    assert found.rows == 2
    assert found.arrays["x"].tolist() == [[1, 1, 1]] * 2


@given(
    npst.arrays(
        st.sampled_from(["<f4", ">f4", "<f8", ">i8", "u2"]), npst.array_shapes(min_dims=0, min_side=0)
    ),
    st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_any_byte_order_layout_and_version_is_read(array, fortran, version):
    body = saved(np.asfortranarray(array) if fortran and array.ndim else array, version)
    for raw in (body, bytearray(body), memoryview(body)):
        found = read(raw, array.dtype.newbyteorder("=").name)
        assert found.dtype.isnative
        assert found.flags.c_contiguous
        assert np.array_equal(found, array, equal_nan=array.dtype.kind == "f")


def test_the_bodys_own_memory_is_used_where_nothing_needs_to_change():
    body = saved(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert np.shares_memory(read(body), np.frombuffer(body, np.uint8))


def test_numbers_are_cast_where_nothing_is_lost():
    assert read(saved(np.array([0.1, np.inf]))).tolist() == [np.float32(0.1), np.inf]
    assert read(saved(np.array([1, 2]))).dtype == np.float32
    assert read(saved(np.array([1.0, -2.0])), "int8").tolist() == [1, -2]
    assert read(saved(np.array([2**63], np.uint64)), "uint64").tolist() == [2**63]
    assert read(saved(np.array([1, 2], np.uint8)), "bfloat16").dtype == ml_dtypes.bfloat16
    assert read(saved(np.array([1 + 2j])), "complex64").tolist() == [1 + 2j]


@pytest.mark.parametrize(
    ("array", "dtype", "text"),
    [
        (np.array([[1e40]]), "float32", r'input "x"\[0\]\[0\]: 1e\+40 is beyond float32'),
        (np.array([1, 1.5]), "int32", r'input "x"\[1\]: 1.5 is no whole number'),
        (np.array([np.nan]), "int32", "nan is no whole number"),
        (np.array([2.0**63]), "int64", "is out of the range of int64"),
        (np.array([300]), "uint8", "300 is out of the range of uint8"),
        (np.array([2**63], np.uint64), "int64", "out of the range of int64"),
        (np.array([-1]), "uint64", "out of the range of uint64"),
        (np.array([1e39 + 1j]), "complex64", "is beyond complex64"),
        (np.array([True]), "float32", "came as bool; the signature wants float32"),
        (np.array([1]), "bool", "came as int64; the signature wants bool"),
        (np.array([1]), "string", "came as int64; the signature wants string"),
        (np.array([b"a"]), "float32", "the signature wants float32"),
        (np.array([1j]), "float32", "the signature wants float32"),
    ],
)
def test_a_cast_that_would_change_a_number_is_refused(array, dtype, text):
    with pytest.raises(InputMismatch, match=text):
        read(saved(array), dtype)


def test_bfloat16_comes_as_numpy_writes_it():
    array = np.array([1, 2.5], ml_dtypes.bfloat16)
    body = saved(array.view("V2"))
    assert read(body, "bfloat16").tolist() == [1, 2.5]
    with pytest.raises(InputMismatch):
        read(body, "float32")


def test_strings_come_as_bytes_or_text():
    assert read(saved(np.array([[b"a", b"bc"]])), "string").tolist() == [[b"a", b"bc"]]
    assert read(saved(np.array(["é"])), "string").tolist() == ["é".encode()]


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_pickles_are_never_read():
    objects = np.empty(1, object)
    objects[0] = Evil()
    for body in (saved(objects, allow_pickle=True), pickle.dumps(objects)):
        with pytest.raises(MalformedBody):
            read(body, "string")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", saved(objects, allow_pickle=True))
    with pytest.raises(MalformedBody, match="never unpickled"):
        read(stream.getvalue(), "string", content_type=NPZ)


@given(st.data())
def test_a_truncated_or_longer_file_is_refused(data):
    body = saved(np.arange(4, dtype=np.float32))
    cut = data.draw(st.integers(0, len(body) - 1))
    for broken in (body[:cut], body + b"\0" * (cut + 1)):
        with pytest.raises(MalformedBody):
            read(broken)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    head = b"\x93NUMPY\x01\x00" + len(noise).to_bytes(2, "little")
    for body in (
        noise,
        head + noise,
        head + b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }" + noise,
    ):
        with pytest.raises((MalformedBody, InputMismatch)):
            read(body)


@pytest.mark.parametrize(
    "array",
    [np.zeros(1, [("a", "f4")]), np.zeros(1, "M8[s]"), np.zeros(1, "m8[s]")],
    ids=["record", "date", "delta"],
)
def test_what_is_neither_numbers_nor_strings_is_refused(array):
    with pytest.raises(MalformedBody, match="no plain numbers or strings"):
        read(saved(array))


@pytest.mark.parametrize("shape", ["(-1,)", "(0, 1180591620717411303424)", "(0, 9223372036854775807, 9)"])
def test_a_shape_that_no_array_can_have_is_refused(shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    with pytest.raises(MalformedBody, match="no array can have"):
        read(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


@pytest.mark.parametrize("header", [b"__import__('os').getcwd()", b"(" * 20_000, b"\xff"])
def test_a_header_that_is_none_is_refused_without_numpys_words(header):
    with pytest.raises(MalformedBody) as caught:
        read(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert str(caught.value) == (
        "the body has a broken npy header; write it with numpy.save(..., allow_pickle=False)"
    )


def test_npy_is_for_one_input():
    with pytest.raises(InputMismatch, match=r"npy holds one array.*application/x-npz"):
        decode(saved(np.zeros(2)), NPY, TWO)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_names_its_inputs(compressed):
    body = zipped(compressed, b=np.array([7]), a=np.ones((1, 2)))
    for raw in (body, bytearray(body), memoryview(body)):
        arrays = decode(raw, NPZ, TWO).arrays
        assert list(arrays) == ["a", "b"]
        assert arrays["a"].dtype == np.float32
        assert arrays["b"].tolist() == [7]


def test_the_only_array_of_an_npz_may_have_any_name():
    assert decode(zipped(arr_0=np.ones((1, 3))), NPZ, THREE).rows == 1


def test_wrong_names_in_an_npz_are_told():
    with pytest.raises(InputMismatch, match=r'the npz: "b" is missing, "c" is unknown'):
        decode(zipped(a=np.ones((1, 2)), c=np.array([7])), NPZ, TWO)


def test_a_bomb_is_refused_before_it_unpacks():
    body = zipped(compressed=True, x=np.zeros(1_000_000, np.float32))
    assert len(body) < 10_000
    with pytest.raises(BodyTooLarge, match=r"unpacks to 4000128 bytes; at most 1000000"):
        decode(body, NPZ, signatures(x=("float32", None)), limit=1_000_000)


def test_a_member_that_unpacks_to_more_than_it_says_is_refused():
    body = bytearray(zipped(compressed=True, x=np.zeros(1000, np.float32)))
    size = (4000 + 128).to_bytes(4, "little")
    body = body.replace(size, (200).to_bytes(4, "little"))
    with pytest.raises(MalformedBody):
        decode(bytes(body), NPZ, signatures(x=("float32", None)))


@example(390, 2)  # a header before the file's beginning
@example(1158, 0)  # a member without a name
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_npz_is_refused_or_read_the_same(at, value):
    body = bytearray(zipped(compressed=True, x=np.arange(100, dtype=np.float32)))
    body[at % len(body)] = value
    try:
        found = decode(bytes(body), NPZ, signatures(x=("float32", None))).arrays["x"]
    except (MalformedBody, InputMismatch, BodyTooLarge):
        return
    assert np.array_equal(found, np.arange(100))


def test_other_compressions_and_encryption_are_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", saved(np.zeros(1)))
    with pytest.raises(MalformedBody, match="not stored or deflated"):
        read(stream.getvalue(), content_type=NPZ)


# Answers


def write(arrays, kind):
    return encode(arrays, MediaType(kind, kind.value), Form.ROW, outputs(**dict.fromkeys(arrays, "float32")))


@given(
    npst.arrays(
        st.sampled_from(["f2", "f4", "f8", "i8", "u1", "bool", "c8"]),
        npst.array_shapes(min_dims=0, min_side=0),
    )
)
def test_what_is_written_is_read_back_by_numpy(array):
    body, content_type = write({"y": array}, Kind.NPY)
    assert content_type == NPY
    back = np.load(io.BytesIO(body))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    body, content_type = write({"y": array, "file": array}, Kind.NPZ)
    assert content_type == NPZ
    with np.load(io.BytesIO(body)) as archive:
        assert archive["file"].tobytes() == archive["y"].tobytes() == array.tobytes()


def test_bfloat16_is_written_as_float32_and_strings_as_bytes():
    assert (
        np.load(io.BytesIO(write({"y": np.array([1.5], ml_dtypes.bfloat16)}, Kind.NPY)[0])).dtype
        == np.float32
    )
    texts = np.empty(2, object)
    texts[:] = [b"a", b"bc"]
    assert np.load(io.BytesIO(write({"y": texts}, Kind.NPY)[0])).tolist() == [b"a", b"bc"]
    texts[0] = b"a\0"
    with pytest.raises(NotAcceptable, match="end in NUL"):
        write({"y": texts}, Kind.NPY)


def test_several_outputs_need_an_npz():
    with pytest.raises(NotAcceptable, match=r"2 outputs.*application/x-npz"):
        write({"a": np.zeros(1), "b": np.zeros(1)}, Kind.NPY)
