"""Settings that name models exclude an endpoint whose models come later."""

import pytest

from neuronserve.errors import SettingsError
from neuronserve.settings import Settings


def test_an_endpoint_needs_no_setting_but_one() -> None:
    settings = Settings.from_environ({"SAGEMAKER_MULTI_MODEL": "True"})
    assert settings.multi_model
    assert (settings.model_memory_mb, settings.models_per_server, settings.model_copies) == (None, None, 1)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MODEL_URI", "s3://bucket/model.tar.gz", "models come by POST /models"),
        ("COMPILATION_JOB", "job", "models come by POST /models"),
        ("SERVE_PLACEMENT", "a=0-3", "SAGEMAKER_TFS_INSTANCE_COUNT"),
        ("SERVE_GOLDEN", "/golden.jsonl", "golden.jsonl in the folder of each model"),
        ("SAGEMAKER_BATCH", "true", "batch transform has one model"),
        ("SERVE_WARMUP", "/requests.jsonl", "expected auto or off"),
    ],
)
def test_what_names_models_is_refused(name: str, value: str, expected: str) -> None:
    assert Settings.from_environ({name: value})
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_environ({name: value, "SAGEMAKER_MULTI_MODEL": "true"})
    assert expected in str(caught.value)
