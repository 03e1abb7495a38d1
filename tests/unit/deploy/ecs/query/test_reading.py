"""Expressions are read as AWS writes them, and faults are pointed at."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.query import And, Clause, Not, Operator, Or
from neuronserve.errors import InvalidInput

TYPE = "attribute:ecs.instance-type"


def clause(text):
    found = query.parse(text)
    assert isinstance(found, Clause)
    return found.subject, found.operator, found.arguments


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (f"{TYPE} == t2.small", (TYPE, "==", ("t2.small",))),
        (
            "attribute:ecs.availability-zone in [us-east-1a, us-east-1b]",
            ("attribute:ecs.availability-zone", "in", ("us-east-1a", "us-east-1b")),
        ),
        ("task:group == service:production", ("task:group", "==", ("service:production",))),
        ("runningTasksCount == 1", ("runningTasksCount", "==", ("1",))),
        ("agentVersion < 1.14.5", ("agentVersion", "<", ("1.14.5",))),
        ("registeredAt < 2018-02-13", ("registeredAt", "<", ("2018-02-13",))),
        (
            "registeredAt >= 2018-06-18T22:28:28+00:00",
            ("registeredAt", ">=", ("2018-06-18T22:28:28+00:00",)),
        ),
        (
            "ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']",
            ("ec2InstanceId", "in", ("i-abcd1234", "i-wxyx7890")),
        ),
    ],
)
def test_the_examples_of_awss_page_are_read(text, meaning):
    assert clause(text) == meaning


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        ("equals", "=="),
        ("not_equals", "!="),
        ("greater_than", ">"),
        ("greater_than_equal", ">="),
        ("less_than", "<"),
        ("less_than_equal", "<="),
        ("matches", "=~"),
        ("not_matches", "!~"),
    ],
)
def test_every_operator_has_a_word_and_a_sign(word, sign):
    assert query.parse(f"attribute:a {word} b") == query.parse(f"attribute:a {sign} b")
    assert clause(f"attribute:a {word} b")[1] is Operator(sign)


@pytest.mark.parametrize(
    ("word", "sign"), [("not_in [b, c]", "!in [b, c]"), ("not_exists", "!exists"), ("in[b]", "in [b]")]
)
def test_so_have_lists_and_existence(word, sign):
    assert query.parse(f"attribute:a {word}") == query.parse(f"attribute:a {sign}")


def test_white_space_around_signs_is_free():
    assert clause("attribute:a==b") == clause("  attribute:a\n ==\t b ")
    assert clause("attribute:a!in['b',c]") == ("attribute:a", "!in", ("b", "c"))


@pytest.mark.parametrize(
    "pattern", ["(p[2,3]|g[3,4]|f[1]).*", "inf[12].*", r"inf1\.(x|2x)large", "((a|(b))+)", "i.*"]
)
def test_patterns_without_quotes_keep_their_own_brackets(pattern):
    assert clause(f"{TYPE} =~ {pattern}")[2] == (pattern,)
    tree = query.parse(f"({TYPE} =~ {pattern}) and attribute:x exists")
    assert isinstance(tree, And)
    assert tree.of[0].arguments == (pattern,)


def test_quoted_patterns_may_hold_anything():
    assert clause(f'{TYPE} =~ "inf1 || (trn1)"')[2] == ("inf1 || (trn1)",)


def test_and_binds_closer_than_or_and_not_closest():
    a, b, c = (query.parse(f"attribute:{name} exists") for name in "abc")
    same = [
        "attribute:a exists or not attribute:b exists and attribute:c exists",
        "attribute:a exists || !attribute:b exists && attribute:c exists",
        "attribute:a exists or ((not (attribute:b exists)) and attribute:c exists)",
    ]
    assert {query.parse(text) for text in same} == {Or((a, And((Not(b), c))))}


def test_words_of_the_language_are_values_where_a_value_stands():
    assert clause("attribute:not == and")[::2] == ("attribute:not", ("and",))
    assert clause("attribute:a in [in, or]")[2] == ("in", "or")


def test_values_with_spaces_need_quotes_of_either_kind():
    assert clause("attribute:rack == 'row 7'") == clause('attribute:rack == "row 7"')
    with pytest.raises(InvalidInput, match="column 23: '7' where and or or or the end"):
        query.parse("attribute:rack == row 7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "column 1: the end where a subject such as attribute:NAME or not or . is expected"),
        ("attribute:a", "column 12: the end where one of == != > >= < <= exists !exists in !in =~ !~"),
        ("attribute:a = b", "column 13: '= b' .*write == for equality"),
        ("attribute:a ==", "column 15: the end where a value or text in quotes is expected"),
        ("attribute:a == b AND attribute:c == d", "column 18: .*operators are in lower case"),
        ("attribute:a in b", r"column 16: 'b' where a list in \[ \] is expected"),
        ("attribute:a in []", r"column 17: '\]' where a value"),
        ("attribute:a in [b,]", r"column 19: '\]' where a value"),
        ("(attribute:a == b", r"column 18: the end where \) "),
        ("attribute:a == b)", r"column 17: '\)' where"),
        ("attribute:a == 'b", 'column 16: "\'b" where a value'),
        ("attribute:a =~ (b", r"column 16: '\(b' where .* a regular expression .* needs quotes"),
        ("attribute:a =~ '(b'", "column 16: .* is no Java regular expression"),
        ("attribute: == b", "column 1: unknown subject 'attribute:'.* 1 to 128"),
        ("Attribute:a == b", "column 1: unknown subject 'Attribute:a'.* attribute:NAME"),
        ("instance-type == b", r"column 1: .* is written attribute:instance-type"),
        ("ec2instanceid == b", "write ec2InstanceId"),
        ("pendingTasksCount > 1", "unknown subject 'pendingTasksCount'"),
        ("agentVersion =~ 1.*", "column 14: agentVersion does not take =~ .*it takes == != > >= < <="),
        ("agentConnected > true", "agentConnected does not take >"),
        ("ec2InstanceId exists", "ec2InstanceId does not take exists"),
        ("task:group < a", "task:group does not take <"),
        ("agentVersion > new", "column 16: 'new': agentVersion compares with a version"),
        ("agentVersion > 1..2", "a version"),
        ("agentConnected == yes", "true or false"),
        ("runningTasksCount == -1", "a whole number"),
        ("registeredAt > 2018-02-30", "a time such as"),
        ("registeredAt > 18.02.2018", "a time such as"),
        ("attribute:a == b " * 120, "2040 characters; ECS takes 2000"),
        ("!" * 1900 + "attribute:a exists", "nested more than 50 deep"),
        ("not (" * 51 + "attribute:a exists" + ")" * 51, "nested more than 50 deep"),
    ],
)
def test_a_fault_is_told_with_its_column_and_what_is_expected(text, told):
    with pytest.raises(InvalidInput, match=told):
        query.parse(text)


def test_brackets_alone_nest_as_deep_as_the_length_allows():
    assert clause("(" * 900 + "attribute:a exists" + ")" * 900)[0] == "attribute:a"
