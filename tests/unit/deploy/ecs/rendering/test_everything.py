"""A file for each type: planned first, and nothing of others is lost."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering import everything
from neuronserve.errors import InvalidInput, NotEnoughCores, SettingsError
from neuronserve.instances import catalogue

TYPES = [catalogue()[name] for name in ("inf1.xlarge", "inf1.6xlarge", "inf2.xlarge")]


def plan(folder, text=lambda one: f"{one.chips}\n"):
    return everything.plan(TYPES, text, folder, ".json")


def test_each_type_has_a_file(tmp_path):
    everything.write(plan(tmp_path / "new" / "folder"), force=False)
    found = {file.name: file.read_text() for file in (tmp_path / "new" / "folder").iterdir()}
    assert found == {"inf1.xlarge.json": "1\n", "inf1.6xlarge.json": "4\n", "inf2.xlarge.json": "1\n"}


@pytest.mark.parametrize("error", [InvalidInput("no"), NotEnoughCores("no"), SettingsError(["no"])])
def test_what_a_type_cannot_do_is_skipped_with_the_reason(tmp_path, error):
    def text(one):
        if one.name == "inf1.6xlarge":
            raise error
        return ""

    made = plan(tmp_path, text)
    assert made.skipped == {"inf1.6xlarge": "no"}
    assert [file.path.name for file in made.files] == ["inf1.xlarge.json", "inf2.xlarge.json"]


def test_what_no_type_can_do_is_an_error(tmp_path):
    def text(one):
        raise InvalidInput(f"not on {one.name}")

    with pytest.raises(InvalidInput, match=r"not on inf1.xlarge"):
        plan(tmp_path, text)


def test_a_fault_of_ours_is_not_hidden(tmp_path):
    with pytest.raises(ZeroDivisionError):
        plan(tmp_path, lambda one: str(one.chips // 0))


def test_another_file_is_in_the_way_and_nothing_is_written(tmp_path):
    (tmp_path / "inf2.xlarge.json").write_text("mine")
    with pytest.raises(InvalidInput, match=r"inf2\.xlarge\.json: there, with other contents"):
        everything.write(plan(tmp_path), force=False)
    assert [file.name for file in tmp_path.iterdir()] == ["inf2.xlarge.json"]


def test_force_replaces_it(tmp_path):
    (tmp_path / "inf2.xlarge.json").write_text("mine")
    everything.write(plan(tmp_path), force=True)
    assert (tmp_path / "inf2.xlarge.json").read_text() == "1\n"


def test_a_file_that_is_the_same_stays_untouched(tmp_path):
    everything.write(plan(tmp_path), force=False)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    everything.write(plan(tmp_path), force=False)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Not a directory"):
        everything.write(plan(tmp_path / "file"), force=False)
