"""How much memory a model is counted with, before it is loaded."""

from pathlib import Path

from neuronserve.artifact.bundle import BundledModel
from neuronserve.artifact.inspect import look
from neuronserve.boot.multimodel import sizes
from neuronserve.boot.multimodel.room import Needs
from neuronserve.compiled import Compiled
from neuronserve.errors import WrongGeneration
from neuronserve.generation import Generation
from tests import handmade


def model(folder: Path, *versions: int, compiled: tuple[Compiled, ...] = ()) -> BundledModel:
    return BundledModel("m", folder, versions, compiled)


def test_all_versions_count_the_graph_more_than_its_variables(tmp_path: Path) -> None:
    for version in (1, 2):
        folder = tmp_path / "real" / str(version)
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(bytes(100))
        (folder / "variables" / "variables.data").write_bytes(bytes(1000))
        (folder / "nowhere").symlink_to("nothing")
    (tmp_path / "links").mkdir()
    for version in (1, 2):
        (tmp_path / "links" / str(version)).symlink_to(tmp_path / "real" / str(version))
    found = sizes.measure(model(tmp_path / "links", 1, 2))
    assert isinstance(found, Needs)
    assert found.host_bytes == 2 * (600 + 1200)
    assert found.demand.need.cores == 0


def test_executables_count_on_the_device(tmp_path: Path) -> None:
    handmade.compiled(tmp_path / "1", max_duplicates=2)
    found = sizes.measure(model(tmp_path, 1, compiled=(look.compiled(tmp_path / "1", 1),)))
    assert isinstance(found, Needs)
    assert (found.demand.need.cores, found.demand.need.duplicates, found.demand.copy_bytes) == (1, 2, 10240)


def test_versions_for_different_chips_cannot_be_measured(tmp_path: Path) -> None:
    both = (Compiled(1, True, 1, Generation.V1, cores=1), Compiled(2, True, 1, Generation.V2, cores=1))
    assert isinstance(sizes.measure(model(tmp_path, 1, 2, compiled=both)), WrongGeneration)


def test_folders_that_cannot_be_read_are_an_answer_too(tmp_path: Path) -> None:
    found = sizes.measure(model(tmp_path / "nothing", 1))
    assert isinstance(found, Needs)
    assert found.host_bytes == 0
