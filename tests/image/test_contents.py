"""What is in the image, and what must not be."""

from __future__ import annotations

import pytest

LARGEST_MB = 1500


@pytest.fixture
def shell(run):
    """A container that does nothing; gives what a command prints in it."""
    container = run("--user", "0", "--network", "none", command=("sleep", "600"))
    return lambda *command: container.exec(*command, check=False).stdout.strip()


def test_the_gateways_environment_has_no_tensorflow(shell):
    told = shell(
        "python", "-c", "import tensorflow; print(tensorflow.__file__, hasattr(tensorflow, 'constant'))"
    )
    assert told == "None False"
    gateway = "/opt/neuronserve/gateway"
    assert shell("sh", "-c", f"find {gateway} -name 'libtensorflow*' -o -iname 'tensorflow*.dist-info'") == (
        f"{gateway}/lib/python3.11/site-packages/tensorflow_serving_api-2.21.0.dist-info"
    )
    modules = f"find {gateway}/lib/python3.11/site-packages/tensorflow -name '*_pb2.py' | wc -l"
    assert int(shell("sh", "-c", modules)) > 30


def test_the_message_modules_load_without_it(shell):
    each = "from neuronserve import messages as m; [getattr(m, name) for name in m._PATHS]; print('loaded')"
    assert shell("python", "-c", each) == "loaded"


def test_no_compiler_and_no_package_list_is_left(shell):
    tools = "gcc cc g++ make ld as strip git curl gpg"
    assert shell("sh", "-c", f"for tool in {tools}; do command -v $tool; done") == ""
    assert shell("sh", "-c", "ls /var/lib/apt/lists; ls /opt") == "ml\nneuronserve"


def test_python_is_compiled_ahead(shell):
    program = (
        "import importlib.util as u, pathlib; "
        "found = {f: pathlib.Path(u.cache_from_source(f)).is_file() "
        "for f in pathlib.Path('/opt/neuronserve').rglob('*.py') if not {'tests', 'bin'} & set(f.parts)}; "
        "print(len(found) > 1000, [str(f) for f in found if not found[f]])"
    )
    assert shell("python", "-c", program) == "True []"


def test_nothing_of_ours_is_writable_for_the_user_it_runs_as(run):
    container = run("--network", "none", command=("sleep", "600"))
    assert container.exec("id", "-u").stdout.strip() == "10001"
    assert container.exec("sh", "-c", "find /opt/neuronserve -writable -not -type l | head").stdout == ""


def test_the_labels_tell_sagemaker_and_people_what_it_is(engine, image):
    config = engine.inspect(image)["Config"]
    labels = config["Labels"]
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert labels["com.amazonaws.sagemaker.capabilities.multi-models"] == "true"
    assert labels["org.opencontainers.image.title"] == "neuronserve"
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert config["Cmd"] == ["serve"]
    assert not config.get("Entrypoint")
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    assert config["User"] == "10001:10001"


def test_its_size_is_known_and_bounded(engine, image, record_property):
    megabytes = engine.inspect(image)["Size"] // 1_000_000
    record_property("image_mb", megabytes)
    print(f"{image}: {megabytes} MB")
    assert megabytes < LARGEST_MB
