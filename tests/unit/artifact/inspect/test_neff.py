"""What an executable tells, and that nothing in it does harm."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.artifact.inspect import neff, packed
from neuronserve.generation import Generation
from tests import handmade

INFO = json.dumps({"tool_version": "1.6.13.0+9f61b2f75"}).encode()


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize(
    ("version", "target", "generation"),
    [
        ("1.6.13.0", None, Generation.V1),
        ("1.22.4", None, Generation.V1),
        ("2.12.68.0", "sunda", Generation.V2),
        ("2.12.68.0", None, Generation.V2),
        ("3.1.0", None, None),
        ("3.1.0", "sunda", Generation.V2),
        ("10.0", None, None),
        ("1.6.13.0", "sunda", None),
    ],
)
def test_compiler_and_target_tell_the_generation(version, target, generation, gz):
    made = neff.read(handmade.neff(2, version, target, gz=gz))
    assert (made.fault, made.cores, made.requested_cores) == ("", 2, 2)
    assert made.compiler == f"{version}+9f61b2f75"
    assert made.target == (target or "")
    assert made.generation == generation
    assert any(version in evidence for evidence in made.evidence)


def test_contradicting_evidence_is_told():
    made = neff.read(handmade.neff(tool_version="1.6.13.0", target="sunda"))
    assert "Inf1" in made.contradiction
    assert "Inf2/Trn1" in made.contradiction
    assert neff.read(handmade.neff(tool_version="2.1.0.0")).contradiction
    assert not neff.read(handmade.neff()).contradiction


def test_a_target_of_one_of_the_graphs_of_a_kelf_counts():
    kelf = json.dumps({"graphs": [{"name": "sg00"}, {"target": "sunda"}]}).encode()
    made = neff.read(handmade.neff_of(handmade.tarred({"info.json": b"{}", "./kelf-a.json": kelf})))
    assert (made.target, made.generation) == ("sunda", Generation.V2)


def test_the_headers_name_tells_the_compiler_where_the_data_cannot():
    made = neff.read(handmade.neff_of(b"", name="1.3.7.0+fc8e67ab4-/tmp/x"))
    assert (made.compiler, made.generation) == ("1.3.7.0+fc8e67ab4", Generation.V1)
    assert "holds no info.json" in made.fault


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"NEFF", "4 bytes"),
        (b"\0" * 2000, "its header would have 0 bytes"),
        (handmade.neff_of(b"", num_tpb=0), "speaks of 0 NeuronCores"),
        (handmade.neff_of(b"", num_tpb=5000), "speaks of 5,000 NeuronCores"),
        (handmade.neff()[:-100], "cut short: 157 of 257 bytes"),
        (handmade.neff_of(b"x" * 5000), "no tar archive"),
        (handmade.neff_of(b"\x1f\x8b" + b"x" * 5000), "gzip data is damaged"),
        (
            handmade.neff_of(gzip.compress(handmade.tarred({"info.json": INFO}))[:60]),
            "no tar|cut short|no info",
        ),
        (handmade.neff_of(handmade.tarred({"else.json": INFO})), "holds no info.json"),
        (handmade.neff_of(handmade.tarred({"info.json": b"x" * 3000})[:1024]), "cut short"),
    ],
)
def test_what_is_no_neff_or_damaged_is_told_and_not_raised(data, why):
    import re

    assert re.search(why, neff.read(data).fault)


def test_a_bomb_is_unpacked_up_to_the_bound_only():
    bomb = gzip.compress(handmade.tarred({"weights.bin": bytes(1 << 24)}), 9)
    made = neff.read(handmade.neff_of(bomb), limit=1 << 20)
    assert "more than 1,048,576 bytes" in made.fault
    assert made.unpacked <= (1 << 20) + packed._STEP


def test_one_bound_holds_for_all_executables_of_a_model():
    read = neff.Reader(limit=3000)
    assert not read(handmade.neff()).fault
    assert "unpacks to more than" in read(handmade.neff()).fault


def test_a_member_that_is_too_large_to_look_into_is_left_alone():
    large = json.dumps({"tool_version": "9" * packed.MEMBER_BYTES}).encode()
    made = neff.read(handmade.neff_of(handmade.tarred({"info.json": large, "kelf-0.json": b"{}"})))
    assert (made.compiler, made.fault) == ("", "")


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"[]", b"\xff", b'{"tool_version": 7}', b'{"tool_version": "x"}']
)
def test_an_info_of_another_form_tells_nothing(content):
    made = neff.read(handmade.neff_of(handmade.tarred({"info.json": content, "kelf-0.json": content})))
    assert (made.compiler, made.target, made.generation) == ("", "", None)


def test_long_names_and_links_in_the_tar_are_passed_over():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        link = tarfile.TarInfo("kelf-link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        for name, content in (("d/" * 150 + "x", b"weights"), ("info.json", INFO), ("kelf-a.json", b"{}")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    made = neff.read(handmade.neff_of(gzip.compress(buffer.getvalue())))
    assert (made.fault, made.generation) == ("", Generation.V1)


@given(st.binary(max_size=3000))
def test_no_data_after_the_header_makes_it_fail(data):
    assert neff.read(handmade.neff_of(data)).cores == 1
    assert neff.read(handmade.neff_of(b"\x1f\x8b" + data)).cores == 1
    assert neff.read(data).fault


WHOLE = handmade.neff(2, gz=False)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
def test_no_change_of_one_byte_makes_it_fail(at, change, cut):
    damaged = bytearray(WHOLE)
    damaged[at] ^= change
    made = neff.read(bytes(damaged[:at] if cut else damaged))
    assert made.bytes == (at if cut else len(WHOLE))


def test_how_large_its_content_is_unpacked_is_told_without_unpacking_it():
    plain, packed = handmade.neff(gz=False), handmade.neff(gz=True)
    assert neff.read(plain).content == neff.read(packed).content == 10240
    assert neff.read(packed + b"what lies behind it").content == 10240
    assert neff.read(b"no NEFF").content == 0
