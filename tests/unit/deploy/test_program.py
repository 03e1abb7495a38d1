"""What all verbs have in common, on verbs made here."""

from __future__ import annotations

import argparse
import json
import signal
import types

import pytest

from neuronserve import errors
from neuronserve.deploy import exits, program


def verb(run, *, doc="Does it.\n\nAt length.", arguments=lambda parser: None):
    made = types.ModuleType("made", doc)
    made.run, made.arguments = run, arguments
    return made


def start(desk, run, *words, **more):
    return program.main("prog", "A program.", {"do": verb(run, **more)}, ["do", *words], desk)


def raising(error):
    def run(given, desk):
        raise error

    return run


def test_a_verbs_result_is_the_exit_code(desk):
    assert start(desk, lambda given, desk: 1) == 1


@pytest.mark.parametrize(
    ("form", "printed"), [("json", '{\n  "a": [\n    1\n  ]\n}\n'), ("yaml", "a:\n- 1\n")]
)
def test_documents_are_printed_in_the_form_asked_for(desk, form, printed):
    assert start(desk, lambda given, desk: desk.show({"a": [1]}) or 0, "--output", form) == 0
    assert desk.out.getvalue() == printed


def test_an_error_is_one_line_and_its_exit_code(desk):
    error = errors.InvalidInput("a.json: empty", hint="write something")
    assert start(desk, raising(error)) == exits.INPUT
    assert desk.err.getvalue() == "prog do: a.json: empty (write something)\n"
    assert desk.out.getvalue() == ""


def test_an_error_is_structured_where_logs_are(desk_with):
    desk = desk_with(environ={"SERVE_LOG_FORMAT": "json"})
    start(desk, raising(errors.InvalidInput("bad", hint="do")))
    assert json.loads(desk.err.getvalue()) == {"code": "invalid_input", "error": "bad", "hint": "do"}


def test_a_fault_of_ours_is_one_line_without_a_traceback(desk):
    assert start(desk, raising(KeyError("x"))) == exits.INTERNAL
    assert "Traceback" not in desk.err.getvalue()
    assert desk.err.getvalue().count("\n") == 1
    assert "test_program.py" in desk.err.getvalue()


def test_debug_shows_the_traceback(desk):
    start(desk, raising(errors.InvalidInput("bad")), "--debug")
    assert "Traceback" in desk.err.getvalue()


def test_an_interrupt_ends_it_with_a_shells_code(desk):
    assert start(desk, raising(KeyboardInterrupt())) == 130


def test_a_verb_may_have_another_meaning_for_output(desk):
    def arguments(parser):
        parser.add_argument("--output", choices=("text",), default="text")

    assert (
        start(desk, lambda given, desk: given.output != "text", "--output", "text", arguments=arguments) == 0
    )


@pytest.mark.parametrize("words", [[], ["no-such-verb"], ["do", "--no-such-option"]])
def test_a_wrong_command_line_is_told_with_the_usage(desk, capsys, words):
    with pytest.raises(SystemExit) as ended:
        program.main("prog", "A program.", {"do": verb(lambda given, desk: 0)}, words, desk)
    assert ended.value.code == exits.INPUT
    assert "usage: prog" in capsys.readouterr().err


def test_help_has_each_verbs_first_line(capsys):
    with pytest.raises(SystemExit):
        program.main("prog", "A program.", {"do": verb(lambda given, desk: 0)}, ["--help"])
    assert "Does it" in capsys.readouterr().out


def test_options_for_aws_reach_the_clients(desk):
    seen = []
    words = ["--region", "eu-north-1", "--endpoint-url", "http://127.0.0.1:1"]
    start(desk, lambda given, desk: seen.append(desk.aws) or 0, *words)
    assert seen[0].region == "eu-north-1"
    assert seen[0].ecs.meta.endpoint_url == "http://127.0.0.1:1"


def test_a_script_with_one_job_has_no_verbs(desk):
    assert program.single("prog", verb(lambda given, desk: 0), [], desk) == 0


def test_arguments_are_those_of_the_verb(desk):
    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int)

    assert start(desk, lambda given, desk: given.count, "--count", "3", arguments=arguments) == 3


def test_a_verb_may_have_a_region_of_its_own(desk):
    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--region", action="append", default=[])

    words = ["--region", "a", "--region", "b"]
    assert start(desk, lambda given, _: len(given.region), *words, arguments=arguments) == 2


def test_an_interrupt_that_scripts_leave_to_the_system_is_heard_while_a_verb_runs(desk):
    def run(given, desk):
        signal.raise_signal(signal.SIGINT)
        return 0

    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        assert start(desk, run) == exits.INTERRUPTED
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("message", "hint", "told"),
    [
        ("no port", "use --container-port", "no port (use --container-port)"),
        ("no port (none)", "use --container-port", "no port (none); use --container-port"),
        ("stopped", "look (at the log)", "stopped; look (at the log)"),
    ],
)
def test_brackets_are_never_in_or_beside_brackets(message, hint, told):
    assert str(errors.InvalidInput(message, hint=hint)) == told


@pytest.mark.parametrize(
    "words",
    ["first second --option 1", "first --option 1 second", "--option 1 first second", "first second"],
)
def test_words_may_stand_anywhere_among_the_options(desk, words):
    def arguments(parser):
        parser.add_argument("one")
        parser.add_argument("two", nargs="?")
        parser.add_argument("--option", default="1")

    def run(given, desk):
        return [given.one, given.two, given.option] != ["first", "second", "1"]

    assert start(desk, run, *words.split(), arguments=arguments) == 0


@pytest.mark.parametrize(("words", "told"), [("", "required: one"), ("a b c", "unrecognized arguments: c")])
def test_a_word_that_is_missing_or_too_many_is_told(desk, capsys, words, told):
    def arguments(parser):
        parser.add_argument("one")
        parser.add_argument("two", nargs="?")

    with pytest.raises(SystemExit):
        start(desk, lambda given, desk: 0, *words.split(), arguments=arguments)
    assert told in capsys.readouterr().err
