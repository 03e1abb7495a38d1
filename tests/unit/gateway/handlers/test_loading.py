from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from neuronserve.gateway.handlers import blame, folders
from neuronserve.gateway.handlers.loaded import Loaded, Scripts, load
from neuronserve.gateway.handlers.script import Unusable
from neuronserve.state import Model, State

NOTHING = "def handler(data, context):\n    return '', None\n"


def whole(loaded: Loaded) -> object:
    assert loaded.script.whole is not None
    return loaded.script.whole(None, None)


@pytest.mark.parametrize("separate", [False, True])
def test_a_script_imports_what_lies_beside_it(write, separate: bool) -> None:
    code = write(
        inference="import helper, pkg.deep\nfrom pkg import deep as again\nfrom pkg.deep import VALUE\n"
        "def handler(d, c):\n    import late\n    return helper.NAME, VALUE, again.VALUE, late.NAME\n",
        helper="NAME = 'mine'\n",
        late="NAME = 'later'\n",
        pkg__deep="from . import side\nVALUE = side.VALUE\n",
        pkg__side="VALUE = 7\n",
    )
    (code / "pkg" / "__init__.py").write_text("")
    assert whole(load(code, "", separate=separate)) == ("mine", 7, 7, "later")


def test_models_with_modules_of_the_same_name_do_not_clash(write) -> None:
    text = "import helper\ndef handler(data, context):\n    import late\n    return helper.NAME + late.NAME\n"
    made = [
        load(
            write(name, inference=text, helper=f"NAME = '{name}'\n", late=f"NAME = '{name}'\n"),
            "",
            separate=True,
        )
        for name in ("first", "second")
    ]
    assert [whole(one) for one in made] == ["firstfirst", "secondsecond"]
    assert "helper" not in sys.modules


def test_what_a_dropped_model_had_loaded_is_forgotten_and_still_works_where_it_runs(write) -> None:
    def own() -> list[str]:
        return [name for name in sys.modules if name.startswith("model_code_")]

    finders = len(sys.meta_path)
    code = write(inference="import helper\ndef handler(d, c):\n    return helper.X\n", helper="X = 1\n")
    loaded = load(code, "", separate=True)
    assert sorted(name.rpartition(".")[2] for name in own())[:2] == ["helper", "inference"]
    loaded.drop()
    assert not own()
    assert len(sys.meta_path) == finders
    assert whole(loaded) == 1


def test_a_folder_of_data_does_not_hide_a_package(write) -> None:
    code = write(inference="import numpy\ndef handler(d, c):\n    return numpy.__name__\n")
    (code / "numpy").mkdir()
    (code / "numpy" / "table.npy").write_bytes(b"")
    assert whole(load(code, "", separate=True)) == "numpy"


def test_lib_comes_before_the_code_and_before_everything_else(write) -> None:
    code = write(
        inference="import shared\ndef handler(d, c):\n    return shared.FROM\n",
        shared="FROM = 'code'\n",
        lib__shared="FROM = 'lib'\n",
    )
    assert whole(load(code, "", separate=False)) == "lib"


def test_packages_come_before_the_services_own_and_after_pythons_library(write, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "requests.py").write_text("VERSION = 'the model\\'s'\n")
    (packages / "typing.py").write_text("raise AssertionError('an old backport')\n")
    sys.modules.pop("requests", None)
    code = write(inference="import requests, typing\ndef handler(d, c):\n    return requests.VERSION\n")
    assert whole(load(code, str(packages), separate=False)) == "the model's"


def test_a_model_may_call_its_module_as_one_of_the_services_is_called(write) -> None:
    import predictor

    code = write(
        inference="import predictor\ndef handler(d, c):\n    return predictor.X\n", predictor="X = 3\n"
    )
    assert whole(load(code, "", separate=False)) == 3
    assert predictor.create_app  # the service keeps its own


def test_dataclasses_and_their_types_as_text_work_in_a_script(write) -> None:
    code = write(
        inference="from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int = 2\ndef handler(d, c):\n    return Point().x\n"
    )
    assert whole(load(code, "", separate=False)) == 2


def test_handler_wins_over_the_pair(write) -> None:
    both = NOTHING + "def input_handler(d, c): ...\ndef output_handler(r, c): ...\n"
    assert str(load(write(inference=both), "", separate=False).script) == "handler"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither handler nor both of input_handler and output_handler$"),
        ("def input_handler(d, c): ...\n", "it has input_handler, but no output_handler"),
        ("def output_handler(d, c): ...\n", "it has output_handler, but no input_handler"),
        ("handler = 3\n", "handler in code/inference.py is no function, but int"),
    ],
)
def test_a_script_without_handlers_says_what_is_missing(write, text: str, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        load(write(inference=text), "", separate=False)


def test_a_fault_names_the_models_own_file_and_line_and_where_it_came_from(write) -> None:
    code = write(
        inference="import json\nimport helper\ndef handler(d, c):\n    return helper.parse('{')\n",
        helper="import json\ndef parse(text):\n    return json.loads(text)\n",
    )
    loaded = load(code, "", separate=False)
    with pytest.raises(ValueError, match="Expecting") as caught:
        whole(loaded)
    told = blame.told(caught.value, code)
    assert told.startswith("code/helper.py:3 in parse: JSONDecodeError: Expecting")
    assert "(from json/decoder.py:" in told
    trace = blame.trace(caught.value, code)
    assert trace.startswith(f'  File "{code}/inference.py", line 4, in handler')


def test_a_fault_of_syntax_names_its_line(write) -> None:
    code = write(inference="x = 1\ndef handler(:\n")
    with pytest.raises(SyntaxError) as caught:
        load(code, "", separate=False)
    assert blame.told(caught.value, code) == "code/inference.py:2: SyntaxError: invalid syntax"


def test_files_that_hide_modules_of_pythons_library_are_named(write) -> None:
    code = write(inference=NOTHING, queue="", mine="")
    (code / "email").mkdir(exist_ok=True)
    (code / "email" / "__init__.py").write_text("")
    assert folders.shadowed(code) == ["email", "queue"]


def state(*models: Model, generation: int) -> State:
    return State("ready", models=models, multi_model=True, generation=generation)


def test_a_script_is_loaded_once_and_again_when_its_file_is_another(write) -> None:
    code = write(inference="def handler(d, c):\n    return 1\n")
    model = Model("m", (1,), code=str(code))
    scripts = Scripts()
    first = scripts.of(model, state(model, generation=1))
    assert scripts.of(model, state(model, generation=2)) is first
    fresh = code / "fresh.py"
    fresh.write_text("def handler(d, c):\n    return 2\n")
    fresh.replace(code / "inference.py")
    assert whole(scripts.of(model, state(model, generation=3))) == 2


def test_code_that_all_models_share_is_loaded_once_and_kept_while_one_needs_it(write) -> None:
    code = write(inference=NOTHING)
    models = [Model(name, (1,), code=str(code)) for name in ("a", "b")]
    scripts = Scripts()
    first = scripts.of(models[0], state(*models, generation=1))
    assert scripts.of(models[1], state(*models, generation=1)) is first
    assert scripts.of(models[1], state(models[1], generation=2)) is first
    other = Model("c", (1,), code=str(write("other", inference=NOTHING)))
    scripts.of(other, state(other, generation=3))
    names = [name for name in sys.modules if name.startswith("model_code_") and name.endswith(".inference")]
    assert len(names) == 1


def test_a_model_that_was_loaded_anew_has_what_lies_beside_its_script_anew(write) -> None:
    inference = "import helper\ndef handler(d, c):\n    return helper.n\n"
    code = write(inference=inference, helper="n = 1\n")
    model = Model("m", (1,), code=str(code), url=str(code.parent), loaded=1)
    scripts = Scripts()
    assert whole(scripts.of(model, state(model, generation=1))) == 1
    (code / "helper.py").write_text("n = 2 + 0\n")
    again = dataclasses.replace(model, loaded=2)
    assert whole(scripts.of(again, state(again, generation=3))) == 2


def test_a_request_of_an_older_state_leaves_later_ones_the_model_as_it_is_now(write) -> None:
    old, new = (
        Model("m", (1,), code=str(write(name, inference=f"def handler(d, c):\n    return {name!r}\n")))
        for name in ("old", "new")
    )
    scripts, before, now = Scripts(), state(old, generation=1), state(new, generation=3)
    assert whole(scripts.of(new, now)) == "new"
    assert whole(scripts.of(old, before)) == "old"
    assert whole(scripts.of(new, now)) == "new"
