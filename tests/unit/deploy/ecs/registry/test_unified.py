from __future__ import annotations

import copy

from hypothesis import given

from neuronserve.deploy.ecs.registry import unified
from tests.deploying.requests_for_ecs import REQUESTS

NAMES = ("web:3", "web.json")


def app(**members):
    return {"family": "web", "containerDefinitions": [{"name": "app", "image": "app:1", **members}]}


def test_nothing_is_printed_when_both_mean_the_same():
    assert unified.lines(app(), app(essential=True, environment=[]), names=NAMES) == []


def test_each_hunk_says_where_it_is():
    lines = unified.lines(app(), app(image="app:2"), names=NAMES)
    assert lines == [
        "--- web:3",
        "+++ web.json",
        "@@ -3,7 +3,7 @@ /containerDefinitions/app/image",
        '     "app": {',
        '       "cpu": 0',
        '       "essential": true',
        '-      "image": "app:1"',
        '+      "image": "app:2"',
        '       "name": "app"',
        '       "versionConsistency": "enabled"',
        "     }",
    ]


def test_where_nothing_is_registered_all_is_new():
    lines = unified.lines(None, app(), names=("/dev/null", "web.json"))
    assert lines[2].startswith("@@ -0,0 +1,")
    assert all(line.startswith("+") for line in lines[3:])


def test_the_order_of_keys_is_no_difference():
    one, other = (
        app(cpu=1),
        {"containerDefinitions": [{"image": "app:1", "name": "app", "cpu": 1}], "family": "web"},
    )
    assert unified.lines(one, other, names=NAMES) == []


def test_secrets_are_hidden_and_still_differ():
    one = app(environment=[{"name": "TOKEN", "value": "swordfish"}])
    other = app(environment=[{"name": "TOKEN", "value": "hunter2"}])
    text = "\n".join(unified.lines(one, other, names=NAMES))
    assert "swordfish" not in text
    assert "hunter2" not in text
    assert '-        "TOKEN": "(hidden)"' in text


def test_colours_are_for_a_terminal():
    plain = unified.lines(app(), app(image="app:2"), names=NAMES)
    coloured = unified.lines(app(), app(image="app:2"), names=NAMES, colour=True)
    assert "\x1b" not in "".join(plain)
    assert '\x1b[31m-      "image": "app:1"\x1b[0m' in coloured


@given(REQUESTS, REQUESTS)
def test_the_lines_of_a_diff_add_up_to_both_sides(one, other):
    lines = unified.lines(one, other, names=NAMES)
    body = [line for line in lines[2:] if not line.startswith("@@")]
    for lines_of, sign in ((one, "-"), (other, "+")):
        whole = unified.lines(None, copy.deepcopy(lines_of), names=NAMES)[3:]
        shown = [line[1:] for line in whole]
        position = 0
        for line in (line[1:] for line in body if line[0] in f" {sign}"):
            if "(hidden" in line:
                continue
            position = shown.index(line, position) + 1
