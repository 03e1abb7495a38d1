from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import SettingsError
from neuronserve.settings import Settings, name_of, variables, without_effect


def test_an_empty_environment_has_the_documented_defaults() -> None:
    settings = Settings.from_environ({})
    assert (settings.bind_port, settings.deadline_seconds, settings.drain_seconds) == (8080, 60, 25)
    assert settings.model_uri is None
    assert settings.model_server == "auto"


def test_a_variable_set_to_nothing_counts_as_not_set() -> None:
    assert Settings.from_environ({"SAGEMAKER_BIND_TO_PORT": " ", "MODEL_URI": ""}) == Settings.from_environ(
        {}
    )


def test_all_faults_are_told_at_once_each_with_variable_value_and_expectation() -> None:
    environ = {"SAGEMAKER_BIND_TO_PORT": "http", "MODEL_DIGEST": "md5:00", "SERVE_REQUEST_LOG": "maybe"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(environ)
    assert len(caught.value.faults) == 3
    for name, value in environ.items():
        assert any(f"{name}={value!r}: expected " in fault for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SAGEMAKER_BIND_TO_PORT": "0"}, "from 1 to 65535"),
        ({"SAGEMAKER_BIND_TO_PORT": "65536"}, "from 1 to 65535"),
        ({"SERVE_DEADLINE_SECONDS": "nan"}, "a number"),
        ({"SERVE_DEADLINE_SECONDS": "-1"}, "a number"),
        ({"SAGEMAKER_SAFE_PORT_RANGE": "9000"}, "LOW-HIGH"),
        ({"SAGEMAKER_SAFE_PORT_RANGE": "9001-9000"}, "LOW-HIGH"),
        ({"MODEL_SERVER": "triton"}, "one of auto"),
        ({"SERVE_CACHE_DIR": "relative"}, "an absolute path"),
        ({"MODEL_NAME": "a/b"}, "a name of letters"),
        ({"MODEL_URI": "https://x/y"}, "s3://bucket/key"),
        ({"MODEL_URI": "/x", "COMPILATION_JOB": "j"}, "one of them"),
        (
            {"SAGEMAKER_SAFE_PORT_RANGE": "9000-9001", "SAGEMAKER_TFS_INSTANCE_COUNT": "3"},
            "at least one port",
        ),
        ({"MODEL_DIGEST": "sha256:abc"}, "sha256:<64 hex digits>"),
    ],
)
def test_a_wrong_value_says_what_was_expected(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_environ(environ)


def test_values_are_parsed_to_their_kinds() -> None:
    settings = Settings.from_environ(
        {
            "SAGEMAKER_SAFE_PORT_RANGE": "9000-9010",
            "SERVE_CACHE_DIR": "/var/cache",
            "SAGEMAKER_BATCH": "True",
            "MODEL_DIGEST": "SHA256:" + "AB" * 32,
        }
    )
    assert settings.safe_port_range == (9000, 9010)
    assert settings.cache_dir == Path("/var/cache")
    assert settings.batch_transform is True
    assert settings.model_digest == "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("ours", "platform", "limit"),
    [("1", None, 1 << 20), ("1", "6", 6 << 20), ("1", "0", 0), ("0", "6", 0), ("100", "6", 100 << 20)],
)
def test_the_body_limit_is_the_larger_of_ours_and_the_platforms(
    ours: str, platform: str | None, limit: int
) -> None:
    environ = {"SERVE_MAX_BODY_MB": ours} | ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": platform} if platform else {})
    assert Settings.from_environ(environ).max_body_bytes == limit


def test_the_default_body_limit_is_not_below_the_platforms_six_megabytes() -> None:
    assert Settings.from_environ({}).max_body_bytes >= 25 << 20


def test_a_misspelt_setting_is_noticed_with_the_nearest_name() -> None:
    (line,) = without_effect({"SERVE_DEADLINE_SECOND": "1", "SERVE_LOG_LEVEL": "info", "HOME": "/"})
    assert "did you mean SERVE_DEADLINE_SECONDS?" in line


@pytest.mark.parametrize("name", ["BUCKET", "PREFIX"])
def test_one_half_of_the_place_of_universal_code_has_no_effect(name: str) -> None:
    (line,) = without_effect({f"SAGEMAKER_MULTI_MODEL_UNIVERSAL_{name}": "scripts"})
    assert f"SAGEMAKER_MULTI_MODEL_UNIVERSAL_{name} has no effect without" in line
    both = {f"SAGEMAKER_MULTI_MODEL_UNIVERSAL_{half}": "scripts" for half in ("BUCKET", "PREFIX")}
    assert without_effect(both) == []


@pytest.mark.parametrize(("word", "lines"), [("gevent", 1), ("gthread", 0), ("", 0)])
def test_another_class_of_workers_is_told_to_do_nothing(word: str, lines: int) -> None:
    found = without_effect({"SAGEMAKER_GUNICORN_WORKER_CLASS": word})
    assert [line.startswith(f"SAGEMAKER_GUNICORN_WORKER_CLASS={word} has no") for line in found] == [
        True
    ] * lines


def test_every_variable_has_a_meaning_and_a_name_of_its_own() -> None:
    assert all(v.meaning and v.group for v in variables())
    assert len({v.name for v in variables()}) == len(variables()) == len(dataclasses.fields(Settings))
    assert name_of("model_uri") == "MODEL_URI"


@given(st.dictionaries(st.sampled_from([v.name for v in variables()]), st.text(max_size=12)))
def test_any_environment_is_read_or_refused_with_settings_error(environ: dict[str, str]) -> None:
    try:
        settings = Settings.from_environ(environ)
    except SettingsError as error:
        assert error.faults
    else:
        assert 1 <= settings.bind_port <= 65535


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"MODEL_SERVER": "simulator"}, "SERVE_SIMULATE"),
        ({"MODEL_SERVER": "cpu", "SERVE_SIMULATE": "inf1.xlarge"}, "MODEL_SERVER=simulator with it, or none"),
        ({"SERVE_SIMULATE": "inf1.6xlrge"}, "did you mean inf1.6xlarge"),
        ({"NEURON_RT_VISIBLE_CORES": "0,2"}, "contiguous cores"),
        ({"NEURON_RT_VISIBLE_CORES": "3-0"}, "a range that ascends"),
        ({"NEURON_RT_VISIBLE_CORES": "all"}, "a core, or a range"),
        ({"SERVE_PLACEMENT": "m:0-3"}, "MODEL=FIRST-LAST"),
        ({"SERVE_COMPILED_BATCH": "0"}, "a whole number from 1"),
        ({"SERVE_WARMUP": "warm.jsonl"}, "an absolute path"),
    ],
)
def test_what_is_said_of_cores_and_batches_is_checked(environ, told) -> None:
    with pytest.raises(SettingsError, match=told):
        Settings.from_environ(environ)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("NEURON_RT_VISIBLE_CORES", "3", "visible_cores", (3, 3)),
        ("NEURON_RT_VISIBLE_CORES", "4-7", "visible_cores", (4, 7)),
        ("NEURON_RT_VISIBLE_CORES", "4,5, 6", "visible_cores", (4, 6)),
        ("SERVE_PLACEMENT", "a=0-3, b=4", "placement", (("a", 0, 3), ("b", 4, 4))),
        ("SERVE_PLACEMENT", "0-3,4-7", "placement", (("", 0, 3), ("", 4, 7))),
        ("SERVE_SIMULATE", "ml.Inf1.xlarge", "simulate", "inf1.xlarge"),
        ("SERVE_COMPILED_BATCH", "OFF", "compiled_batch", "off"),
        ("SERVE_COMPILED_BATCH", "4", "compiled_batch", 4),
    ],
)
def test_cores_and_batches_are_read(name, text, field, value) -> None:
    assert getattr(Settings.from_environ({name: text}), field) == value


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 60),
        ({"SAGEMAKER_BATCH": "false"}, 60),
        ({"SAGEMAKER_BATCH": "true"}, 600),
        ({"SAGEMAKER_BATCH": "true", "SERVE_DEADLINE_SECONDS": "3600"}, 3600),
    ],
)
def test_batch_transform_waits_for_answers_as_long_as_its_platform(environ, seconds: float) -> None:
    assert Settings.from_environ(environ).deadline_seconds == seconds


def test_a_word_that_is_no_flag_is_told_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({"SAGEMAKER_BATCH": "perhaps"})
    assert caught.value.faults == ["SAGEMAKER_BATCH='perhaps': expected true or false"]
