import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver.flags import FlagError, Flags, parse, usage, usage_after_unknown


def test_without_arguments_the_defaults_are_tf_servings():
    flags = parse([])
    assert (flags.port, flags.rest_api_port, flags.model_name) == (8500, 0, "default")
    assert (flags.max_num_load_retries, flags.load_retry_interval_micros) == (5, 60_000_000)
    assert flags.enable_model_warmup
    assert not flags.enable_batching


@pytest.mark.parametrize(
    "arguments", [["--port=1", "--model_name=a b"], ["--port", "1", "--model_name", "a b"]]
)
def test_values_come_with_an_equals_sign_or_as_the_next_argument(arguments):
    flags = parse(arguments)
    assert (flags.port, flags.model_name) == (1, "a b")


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["--enable_batching"], True),
        (["--enable_batching", "--port=1"], True),
        (["--enable_batching=false"], False),
        (["--enable_batching=True"], True),
        (["--enable_batching", "false"], False),
        (["--enable_batching=0"], False),
    ],
)
def test_a_boolean_is_on_when_bare_and_else_what_it_says(arguments, value):
    assert parse(arguments).enable_batching is value


def test_flags_without_effect_are_remembered_by_name():
    flags = parse(["--flush_filesystem_caches=false", "--mixed_precision", "x"])
    assert flags.ignored == ("flush_filesystem_caches", "mixed_precision")


@pytest.mark.parametrize("argument", ["--port", "--port=x", "--enable_batching=perhaps"])
def test_a_value_that_cannot_be_read_is_refused(argument):
    with pytest.raises(FlagError):
        parse([argument])


@pytest.mark.parametrize("argument", ["--nope", "--nope=1", "stray", "-port=1", "--ignored=x", "--unknown=x"])
def test_an_unknown_argument_prints_the_usage_and_changes_nothing(argument):
    chosen = parse(["--port=1", argument, "--rest_api_port=2"])
    assert (chosen.port, chosen.rest_api_port, chosen.unknown) == (1, 2, (argument,))
    told = usage_after_unknown(chosen, "server").splitlines()
    assert told[:2] == [f"unknown argument: {argument}", "usage: server"]
    assert usage_after_unknown(parse(["--port=1"]), "server") == ""


@given(st.text(), st.integers(-(2**31), 2**31 - 1))
def test_any_text_and_any_number_is_read_back(text, number):
    flags = parse([f"--model_base_path={text}", f"--file_system_poll_wait_seconds={number}"])
    assert (flags.model_base_path, flags.file_system_poll_wait_seconds) == (text, number)


def test_usage_lists_every_flag():
    text = usage("server")
    assert all(f"--{name}=" in text for name in ("port", "enable_batching", "mixed_precision"))
    assert "--ignored" not in text


def test_flags_are_frozen():
    with pytest.raises(AttributeError):
        Flags().port = 1  # type: ignore[misc]
