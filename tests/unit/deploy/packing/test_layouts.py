"""Whatever tree of SavedModels is packed comes out as the models that `serve` sees in the tree itself."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.artifact import layout
from neuronserve.deploy.packing import archive, recipe
from neuronserve.deploy.packing.given import Given
from neuronserve.deploy.packing.recipe import Wish
from tests.archives import grow, saved_model

SCRIPTS = Path(__file__).parents[4] / "scripts"
names = st.sampled_from(["a", "net", "b-2", "x.y", "_under"])
versions = st.sampled_from(["1", "2", "0003", "10"])
wrappers = st.sampled_from(["", "export/", "export/Servo/"])
extras = st.sets(st.sampled_from(["code/inference.py", "notes.txt", "deep/er/file"]))


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delitem(sys.modules, "_acceptance", raising=False)
    import _acceptance

    return _acceptance.Reader()


@given(
    models=st.dictionaries(names, st.sets(versions, min_size=1), min_size=1, max_size=3),
    wrapper=wrappers,
    beside=extras,
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_models_versions_and_bytes_are_kept(reader, models, wrapper, beside):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree = grow(root / "tree", dict.fromkeys(beside, b"def handler(d, c): ...\n"))
        for name, numbers in models.items():
            for number in numbers:
                grow(tree, saved_model(f"{wrapper}{name}/{number}", weights=len(name) + int(number)))
        before = seen(reader, tree)
        if any(name.startswith("_") for name, *_ in before):
            return  # such a name is refused: NAME=PATH gives another
        with reader.opened(str(tree)) as found:
            (made,) = recipe.recipes([(Given(str(tree)), found)], Wish())
            packed = archive.write(made.members, root / "m.tar.gz")
        assert seen(reader, packed.path) == before


def seen(reader, source):
    """The models in a tree or archive: name, version, and what is in the files; and what lies beside them."""
    with reader.opened(str(source)) as found:
        return sorted(
            (
                one.name,
                one.version,
                tuple(sorted((p.name, p.read_bytes()) for p in one.folder.rglob("*") if p.is_file())),
            )
            for one in found.models
        ) + sorted((name, 0, ()) for name in found.extras)


def test_where_recorded_requests_lie_is_where_serve_looks():
    from neuronserve.artifact import requirements
    from neuronserve.deploy.packing import code, given
    from neuronserve.modelserver import warmuplog
    from neuronserve.readiness import GOLDEN_FILE

    assert recipe.GOLDEN == GOLDEN_FILE
    assert str(warmuplog.FILE) == recipe.WARM_UP
    assert code.WHEELS.partition("/")[2] in requirements.WHEELS
    assert given.HIGHEST == layout._MAX_VERSION
