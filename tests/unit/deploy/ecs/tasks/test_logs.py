"""Logs: where they are, in order, to their end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import program
from neuronserve.deploy.ecs import logs
from neuronserve.deploy.ecs.logs import Stream
from neuronserve.deploy.ecs.tasks import places
from neuronserve.deploy.ecs.verbs import logs as verb
from neuronserve.errors import InvalidInput
from tests.unit.deploy.ecs.tasks.scripted import ACCOUNT, Says, definition, described, ended, task

AWSLOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
}
NO_GROUP = Says("ResourceNotFoundException", "The specified log group does not exist.")
NO_STREAM = Says("ResourceNotFoundException", "The specified log stream does not exist.")


def page(*lines, token="end"):
    """``lines``: times and texts."""
    events = [{"timestamp": when, "message": text} for when, text in lines]
    return {"events": events, "nextForwardToken": token, "nextBackwardToken": "b"}


def stream(*lines):
    """All of a stream at once; asked again, nothing more."""
    return lambda params: page(*([] if "nextToken" in params else lines))


def show(scripted, *argv, tasks=(), request=None, **answers):
    """The exit code, what was printed, what was said, and the AWS."""
    request = request or definition(logConfiguration=AWSLOGS)
    known = {
        "ListTasks": {"taskArns": [item["taskArn"] for item in tasks]},
        "DescribeTasks": {"tasks": list(tasks)},
        "DescribeTaskDefinition": described(request),
    }
    desk, aws = scripted(**{**known, **answers})
    code = program.main("ecs", "", {"logs": verb}, ["logs", "--cluster", "c", *argv], desk)
    return code, desk.out.getvalue().splitlines(), desk.err.getvalue(), aws


def test_pages_are_read_until_the_token_repeats_empty_ones_included(scripted):
    pages = [page((1, "a"), token="1"), page(token="2"), page((2, "b"), token="2"), page((9, "never"))]
    code, lines, _, aws = show(scripted, "t", tasks=[task("t")], GetLogEvents=pages)
    assert (code, lines) == (0, ["a", "b"])
    asked = aws.asked("GetLogEvents")
    assert asked[0] == {"logGroupName": "/g", "logStreamName": "p/neuronserve/t", "startFromHead": True}
    assert [call.get("nextToken") for call in asked] == [None, "1", "2"]


def test_several_streams_are_one_in_order_of_time_and_say_whose_a_line_is(scripted):
    told = {"a": stream((1, "one"), (3, "three")), "b": stream((2, "two"), (4, "four"))}
    _, lines, _, _ = show(
        scripted,
        "--family",
        "served",
        tasks=[task("a"), task("b")],
        GetLogEvents=lambda params: told[params["logStreamName"][-1]](params),
    )
    assert lines == ["a/neuronserve one", "b/neuronserve two", "a/neuronserve three", "b/neuronserve four"]


def test_times_are_shown_on_demand(scripted):
    _, lines, _, _ = show(
        scripted, "t", "--timestamps", tasks=[task("t")], GetLogEvents=stream((1500, "a\n"))
    )
    assert lines == ["1970-01-01T00:00:01.500Z a"]


def test_lines_since_a_time_are_asked_for_as_such(scripted):
    *_, aws = show(scripted, "t", "--since", "1970-01-01T00:01:00Z", tasks=[task("t")], GetLogEvents=page())
    assert aws.asked("GetLogEvents")[0]["startTime"] == 60_000


def test_following_ends_a_little_after_the_task(scripted):
    states = [{"tasks": [task("t")]}, {"tasks": [ended("t")]}]
    pages = [page((1, "a"), token="1"), page(token="1"), page(token="1"), page(token="1"),
             page((3, "last"), token="3"), page(token="3")]  # fmt: skip
    code, lines, _, aws = show(scripted, "t", "--follow", DescribeTasks=states, GetLogEvents=pages)
    assert (code, lines) == (0, ["a", "last"])
    assert len(aws.asked("DescribeTasks")) == 4


def test_following_waits_for_a_stream_that_is_not_there_yet(scripted):
    pages = [NO_STREAM, NO_STREAM, page((1, "a")), page()]
    states = [{"tasks": [task("t", "PENDING")]}] * 3 + [{"tasks": [ended("t")]}]
    _, lines, _, _ = show(scripted, "t", "--follow", DescribeTasks=states, GetLogEvents=pages)
    assert lines == ["a"]


def test_a_log_group_that_is_absent_is_named(scripted):
    absent = {"GetLogEvents": NO_GROUP, "DescribeLogStreams": NO_GROUP}
    code, _, said, _ = show(scripted, "t", tasks=[task("t")], **absent)
    assert code == 1
    assert "no log group /g in us-east-1 (create it, or set awslogs-create-group" in said


def test_a_task_that_has_not_logged_yet_is_no_error(scripted):
    code, lines, said, _ = show(scripted, "t", tasks=[task("t")], GetLogEvents=NO_STREAM)
    assert (code, lines, said) == (0, [], "no log lines\n")


def test_which_of_group_and_stream_is_absent_is_found_out_where_the_answer_does_not_tell(scripted):
    vague = Says("ResourceNotFoundException", "The specified log group does not exist.")
    there = {"GetLogEvents": vague, "DescribeLogStreams": {"logStreams": []}}
    code, _, said, _ = show(scripted, "t", tasks=[task("t")], **there)
    assert (code, said) == (0, "no log lines\n")


def test_a_task_that_ecs_forgot_is_found_by_its_definition(scripted):
    code, _, said, _ = show(scripted, "t", DescribeTasks={"tasks": []})
    assert code == 1
    assert "name its --definition" in said
    code, lines, _, aws = show(
        scripted, "t", "--definition", "served", DescribeTasks={"tasks": []}, GetLogEvents=stream((1, "a"))
    )
    assert (code, lines) == (0, ["a"])
    assert aws.asked("GetLogEvents")[0]["logStreamName"] == "p/neuronserve/t"


def test_where_nothing_runs_the_tasks_that_ended_are_shown(scripted):
    def listed(params):
        return {"taskArns": [f"{ACCOUNT}:task/c/t"] if params["desiredStatus"] == "STOPPED" else []}

    _, lines, _, _ = show(
        scripted,
        "--family",
        "served",
        ListTasks=listed,
        DescribeTasks={"tasks": [ended("t")]},
        GetLogEvents=stream((1, "a")),
    )
    assert lines == ["a"]


def test_a_log_on_the_instance_is_named_with_the_command_that_shows_it(scripted):
    running = task("t", containers=[{"name": "neuronserve", "runtimeId": "abc"}])
    code, _, said, _ = show(scripted, "t", tasks=[running], request=definition())
    assert code == 1
    assert "`docker logs abc` there" in said


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "no task is named"),
        (["t", "--family", "f"], "exclude each other"),
        (["t", "--since", "soon"], "--since soon: expected 30s"),
        (["t", "--container", "x"], "no container is called 'x' (it has neuronserve)"),
        (["--family", "f", "--definition", "f"], "--definition is for a TASK"),
        (["arn:aws:ecs:us-east-1:123456789012:task/other/t"], "more than one cluster is named: c, other"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(scripted, argv, words):
    code, _, said, _ = show(scripted, *argv, tasks=[task("t")])
    assert code == 2
    assert words in said
    assert len(said.splitlines()) == 1


def logged(logging, **container):
    found = task("0123456789", containers=[{"name": "neuronserve", **container}])
    return places.of(found, definition(logConfiguration=logging), region="us-east-1")


def test_the_stream_has_the_containers_and_the_tasks_name():
    other = {**AWSLOGS, "options": {**AWSLOGS["options"], "awslogs-region": "eu-west-1"}}
    expected = Stream("/g", "p/neuronserve/0123456789", "eu-west-1", "01234567/neuronserve")
    assert logged(other).streams == (expected,)


def test_without_a_prefix_the_stream_is_the_containers_id():
    plain = {"logDriver": "awslogs", "options": {"awslogs-group": "/g"}}
    (stream,) = logged(plain, runtimeId="abc").streams
    assert (stream.name, stream.region) == ("abc", "us-east-1")
    assert "is not known" in logged(plain).elsewhere[0]


@pytest.mark.parametrize(
    ("driver", "words"),
    [("json-file", "docker logs"), ("journald", "journalctl"), ("splunk", "goes to the driver splunk"),
     ("awsfirelens", "goes to the driver awsfirelens"), ("awslogs", "no awslogs-group")],
)  # fmt: skip
def test_other_drivers_say_where_the_log_is(driver, words):
    found = logged({"logDriver": driver})
    assert found.streams == ()
    assert words in found.elsewhere[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 99_970_000), ("10m", 99_400_000), ("1d", 13_600_000), ("9w", 0), ("1970-01-01T01:00", 3_600_000),
     ("1970-01-01T01:00+01:00", 0)],
)  # fmt: skip
def test_a_moment_is_some_time_ago_or_a_time(text, expected):
    assert logs.moment(text, 100_000) == expected


@given(st.text(max_size=20))
def test_any_text_is_a_moment_or_refused(text):
    try:
        assert logs.moment(text, 1e9) >= 0
    except InvalidInput as error:
        assert "--since" in error.message


def test_a_look_that_fails_while_following_loses_no_line_and_repeats_none(scripted, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    both = [task("a"), task("b")]
    states = [{"tasks": both}] * 3 + [{"tasks": [ended("a"), ended("b")]}]
    first = [page(token="1"), page(token="1"), page((1, "one"), (5, "five"), token="2"), page(token="2")]
    second = [page(token="1"), page(token="1"), page((2, "two"), token="2")]
    second += [Says("ThrottlingException", "Rate exceeded")] * 5 + [page((3, "three"), token="3")]
    pages = {"a": first, "b": [*second, page(token="3")]}

    def read(params):
        left = pages[params["logStreamName"][-1]]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    code, lines, said, _ = show(scripted, "a", "b", "-f", DescribeTasks=states, GetLogEvents=read)
    told = [line.partition(" ")[2] for line in lines]
    assert (code, sorted(told)) == (0, ["five", "one", "three", "two"])
    assert said == "AWS does not answer now: asking again\nAWS answers again\n"
