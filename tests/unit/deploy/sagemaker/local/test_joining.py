import pytest

from neuronserve.deploy.sagemaker.local.joining import Processing, select
from neuronserve.errors import InvalidInput, JobFailed

ROW = ["id", "1", "2", "3"]


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ["1", "2", "3"]),
        ("$[0]", ROW, "id"),
        ("$[-1]", ROW, "3"),
        ("$[0,2:]", ROW, ["id", "2", "3"]),
        ("$[:-1]", ROW, ["id", "1", "2"]),
        ("$.a.b", {"a": {"b": 5}}, 5),
        ("$['a','c']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}),
        ("$['a'][0]", {"a": [7]}, 7),
    ],
)
def test_a_path_selects(path, value, found):
    assert select(path, value) == found


@pytest.mark.parametrize("path", ["", "a", "$a", "$[", "$[x]", "$..a", "$[1:2:3]", "$[?(@.a)]", "$[1,]"])
def test_another_path_cannot_be_used(path):
    with pytest.raises(InvalidInput, match="cannot be used as a filter"):
        Processing(sent=path)


@pytest.mark.parametrize(("path", "value"), [("$[9]", ROW), ("$.a", {}), ("$.a", ROW), ("$[0]", {"a": 1})])
def test_what_is_not_there_fails_the_job(path, value):
    with pytest.raises(JobFailed, match="selects nothing"):
        select(path, value)


def test_csv_is_joined_column_after_column():
    processing = Processing("$[1:]", "$[0,-1]", joins=True)
    assert processing.before([b'"a,b",1,2'], "text/csv") == [b"1,2"]
    assert processing.after([b'"a,b",1,2'], [b"0.5"], "text/csv", "text/csv") == [b'"a,b",0.5']


def test_json_is_joined_under_its_name():
    joining = Processing(joins=True)
    json = "application/jsonlines"
    assert joining.after([b'{"id":1}'], [b"[2]"], json, json) == [b'{"id":1,"SageMakerOutput":[2]}']
    assert joining.after([b"[1]"], [b"[2]"], json, json) == [b'{"SageMakerInput":[1],"SageMakerOutput":[2]}']


def test_answers_that_are_not_one_for_each_record_cannot_be_joined():
    with pytest.raises(JobFailed, match="2 records were sent, and the answer has 1 lines"):
        Processing(joins=True).after([b"1", b"2"], [b"3"], "text/csv", "text/csv")
