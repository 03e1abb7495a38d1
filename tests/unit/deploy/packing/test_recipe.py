"""What goes into which archive, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.deploy.models import Found, Tree
from neuronserve.deploy.packing.code import Code
from neuronserve.deploy.packing.given import Given
from neuronserve.deploy.packing.recipe import Wish, recipes
from neuronserve.deploy.packing.walk import Rules
from neuronserve.errors import InvalidInput
from tests.archives import grow, saved_model

HANDLER = b"def handler(data, context): ...\n"
BARE = ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"]


def tree(root: Path, *models, extras=()):
    """A tree of SavedModels, each ``(name, version, folder)``."""
    for _, _, folder in models:
        grow(root, saved_model(folder))
    found = tuple(Found(name, version, root / folder) for name, version, folder in models)
    return Tree(root, found, {name: root / name for name in extras})


@pytest.fixture
def one(tmp_path):
    return (Given("x"), tree(tmp_path / "one", ("", 1, "")))


def packed(trees, **wish):
    return {one.name: [member.path for member in one.members] for one in recipes(trees, Wish(**wish))}


def test_a_single_model_lies_in_the_folder_of_its_version(one):
    assert packed([one]) == {"": [f"1/{path}" for path in BARE]}
    assert packed([one], version=12) == {"": [f"12/{path}" for path in BARE]}


def test_a_named_model_lies_in_the_folder_of_its_name(one):
    assert packed([(Given("x", "net", 3), one[1])])[""][0] == "net/3/saved_model.pb"


def test_each_model_of_a_multi_model_endpoint_is_an_archive_of_its_own(tmp_path):
    both = tree(tmp_path, ("a", 1, "a/1"), ("b", 2, "b/2"), ("a", 3, "a/3"))
    found = packed([(Given("x"), both)], multi_model=True)
    assert {name: {path.partition("/")[0] for path in paths} for name, paths in found.items()} == {
        "a": {"1", "3"}, "b": {"2"},
    }  # fmt: skip


def test_code_golden_answers_and_warm_ups_lie_where_serve_looks(tmp_path, one):
    grow(
        tmp_path,
        {"c/inference.py": HANDLER, "c/lib/p.py": b"", "g": b"", "w": b"\x01" * 20, "r.txt": b"numpy\n"},
    )
    (wheel := tmp_path / "a-1-py3-none-any.whl").write_bytes(b"")
    found = packed(
        [one], code={"": Code(tmp_path / "c", tmp_path / "r.txt", (wheel,))},
        golden={"": tmp_path / "g"}, warm_up={"": tmp_path / "w"},
    )[""]  # fmt: skip
    assert set(found) - {f"1/{path}" for path in BARE} == {
        "code/inference.py", "code/lib/p.py", "code/requirements.txt", "code/wheels/a-1-py3-none-any.whl",
        "golden.jsonl", "1/assets.extra/tf_serving_warmup_requests",
    }  # fmt: skip


def test_what_lies_in_a_savedmodels_folder_and_is_no_part_of_it_is_packed_once(tmp_path):
    grow(tmp_path, {"code/inference.py": HANDLER, "code/old.py": b""})
    found = tree(tmp_path, ("", 1, ""), extras=("code",))
    assert [path for path in packed([(Given("x"), found)])[""] if "code" in path] == [
        "code/inference.py", "code/old.py",
    ]  # fmt: skip
    grow(tmp_path / "new", {"inference.py": HANDLER})
    replaced = packed([(Given("x"), found)], code={"": Code(tmp_path / "new")}, rules=Rules(("1/new",)))[""]
    assert [path for path in replaced if "code" in path] == ["code/inference.py"]


@pytest.mark.parametrize(
    ("given", "wish", "said"),
    [
        ([Given("x"), Given("x")], {}, "are both version 1"),
        ([Given("x"), Given("x", "b")], {}, "of several models each needs a name"),
        ([Given("x")], {"multi_model": True}, "needs a name"),
        ([Given("x", "a"), Given("x", "b")], {"version": 2}, "there are 2 SavedModels"),
        ([Given("x", "a", 3)], {"version": 2}, "--version 2, and another"),
        ([Given("x")], {"code": {"net": Code()}}, "--code net=: there is no model net"),
        ([Given("x")], {"golden": {"": Path("nowhere")}}, "--golden nowhere: no such file"),
    ],
)
def test_what_contradicts_itself_is_told(one, given, wish, said):
    with pytest.raises(InvalidInput, match=said):
        packed([(word, one[1]) for word in given], **wish)


def test_json_lines_are_no_warm_up_file_of_tensorflow_servings(tmp_path, one):
    (tmp_path / "w").write_text('{"instances": [1]}')
    with pytest.raises(InvalidInput, match="--golden takes them"):
        packed([one], warm_up={"": tmp_path / "w"})


def test_things_of_one_name_have_to_be_the_same(tmp_path):
    trees = []
    for name, text in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        grow(tmp_path / name, {"notes/n": text})
        trees.append((Given("x", name), tree(tmp_path / name, ("", 1, "1"), extras=("notes",))))
    assert packed(trees[:2])[""].count("notes/n") == 1
    with pytest.raises(InvalidInput, match="would both be notes"):
        packed(trees)
    assert "notes/n" not in packed(trees, rules=Rules(("notes",)))[""]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"inference.py": HANDLER, ".env": b"KEY=1"}, "code/.env may hold secrets"),
        ({"other.py": b""}, "no inference.py"),
        ({"inference.py": HANDLER, "requirements.txt": b"cowpy"}, "fails without a network"),
        ({"inference.py": HANDLER, "requirements.txt": b"cowpy", "lib/x.py": b""}, "is not installed"),
        ({"inference.py": HANDLER, "wheels/a-1-py3-none-any.whl": b""}, "nothing is installed"),
        (
            {"inference.py": HANDLER, "requirements.txt": b"b", "wheels/a-1-py3-none-any.whl": b""},
            "no wheel for 'b'",
        ),
        ({"inference.py": HANDLER, "env/pyvenv.cfg": b""}, "code/env is a virtual environment"),
    ],
)
def test_doubtful_code_is_a_warning(tmp_path, one, files, said):
    grow(tmp_path / "c", files)
    (found,) = recipes([one], Wish(code={"": Code(tmp_path / "c")}))
    assert len(found.warnings) == 1
    assert said in found.warnings[0]
