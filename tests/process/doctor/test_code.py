"""The doctor and a model's own code: the same program as a start looks at it, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import handmade

HANDLER = "def handler(data, context): ...\n"


@pytest.fixture
def coded(tmp_path: Path) -> Path:
    """A model, and a script for it."""
    folder = tmp_path / "coded"
    handmade.doubling_rows(folder / "1")
    (folder / "code").mkdir()
    (folder / "code" / "inference.py").write_text(HANDLER)
    return folder


def on_cpu(model: Path) -> dict[str, str]:
    return {"MODEL_URI": str(model), "MODEL_SERVER": "cpu"}


@pytest.mark.parametrize("where", ["inference.py", "1/inference.py", "src/inference.py", "Code/Inference.py"])
def test_a_script_that_is_not_run_is_a_warning(doctor, coded, where: str) -> None:
    (coded / where).parent.mkdir(exist_ok=True)
    (coded / "code" / "inference.py").rename(coded / where)
    found = doctor(**on_cpu(coded))
    told = [one["message"] for one in found.of("model") if one["level"] == "warn"]
    assert [line for line in told if f"'{where}' is not run" in line]
    assert found.code == 0


@pytest.mark.parametrize("module", ["sklearn", "yaml", "pytest"])
def test_a_package_that_the_image_lacks_is_the_fault_that_a_start_ends_with(
    doctor, coded, module: str
) -> None:
    (coded / "code" / "inference.py").write_text(f"import {module}\n{HANDLER}")
    found = doctor(**on_cpu(coded))
    assert found.code == 26
    assert [one for one in found.faults() if f"{module} is not in the image" in one["fix"]]


def test_opt_ml_model_is_as_it_was(doctor, coded) -> None:
    """Another service on this host may own it; what it was before is there after."""
    (coded / "code" / "inference.py").write_text(
        f"import os\nos.listdir(os.environ['SM_MODEL_DIR'])\n{HANDLER}"
    )
    assert doctor(**on_cpu(coded)).code == 0
    place = Path("/opt/ml/model")
    assert not place.is_symlink() or not str(place.readlink()).startswith(str(doctor.tmp))


def endpoint(folder: Path, script: str) -> dict[str, str]:
    """A multi-model endpoint with code for all models."""
    (folder / "models" / "code").mkdir(parents=True)
    (folder / "models" / "code" / "inference.py").write_text(script)
    return {
        "SAGEMAKER_MULTI_MODEL": "true",
        "SERVE_MODELS_DIR": str(folder / "models"),
        "MODEL_SERVER": "cpu",
        "MODEL_URI": "",
    }


def test_the_code_that_all_models_share_is_tried(doctor, tmp_path) -> None:
    found = doctor(**endpoint(tmp_path, HANDLER))
    assert found.code == 0
    assert [one for one in found.of("model") if "all models share can be loaded" in one["message"]]


def test_shared_code_that_cannot_be_loaded_is_the_fault_that_a_start_ends_with(doctor, tmp_path) -> None:
    assert doctor(**endpoint(tmp_path, "import no_such_module\n")).code == 26


def test_without_the_network_shared_code_in_s3_is_not_asked_for(doctor, tmp_path) -> None:
    environ = endpoint(tmp_path, HANDLER)
    (tmp_path / "models" / "code" / "inference.py").unlink()
    named = {
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_BUCKET": "universal",
        "SAGEMAKER_MULTI_MODEL_UNIVERSAL_PREFIX": "code",
    }
    found = doctor("--no-network", **environ, **named)
    assert found.code == 0
    assert [one for one in found.of("model") if one["level"] == "skip" and "--no-network" in one["message"]]
