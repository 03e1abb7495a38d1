"""Whether the ports agree, of server, mappings and health check; and what our own container is told."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import NEURON, changed, told, without

C = "/containerDefinitions/0"
PORTS = f"{C}/portMappings"
CHECK = f"{C}/healthCheck/command"


def mapped(*ports):
    return PORTS, [{"containerPort": port, "hostPort": port} for port in ports]


def test_where_no_command_says_a_port_none_is_judged():
    assert told(changed(NEURON, f"{C}/command", ["serve"])) == {}


@pytest.mark.parametrize(
    "words",
    [
        ["tensorflow_model_server_neuron", "--port=8500", "--rest_api_port=9000"],
        ["/usr/bin/tensorflow_model_server", "--rest_api_port", "9000"],
        ["sh", "-c", "exec tensorflow_model_server --port=8500 --rest_api_port=9000 --model_name=a"],
        ["/entrypoint.sh", "--port=8500", "--rest_api_port=9000", "--model_name=resnet"],
    ],
)
@pytest.mark.parametrize("member", ["command", "entryPoint"])
def test_tensorflow_servings_ports_are_known_however_it_is_started(words, member):
    right = changed(NEURON, f"{C}/{member}", words, *mapped(8500, 9000), CHECK, ["CMD", "true"])
    assert told(right) == {}
    wrong = changed(right, *mapped(8500, 8501))
    assert told(wrong) == {
        (f"{PORTS}/1/containerPort", "port-not-listened"): "error",
        (PORTS, "port-not-mapped"): "warning",
    }


def test_a_health_check_of_another_port_is_an_error():
    request = changed(
        NEURON, f"{C}/command", ["tensorflow_model_server", "--rest_api_port=9000"], *mapped(8500, 9000),
        CHECK, ["CMD-SHELL", "curl -f http://localhost:8501/v1/models/a || exit 1"],
    )  # fmt: skip
    assert told(request) == {(f"{CHECK}/1", "health-check-port"): "error"}


def test_other_servers_with_a_port_are_only_warned_about():
    request = changed(NEURON, f"{C}/command", ["vllm", "--port", "8000"])
    assert told(request) == {
        (f"{PORTS}/0/containerPort", "port-not-listened"): "warning",
        (PORTS, "port-not-mapped"): "warning",
        (f"{CHECK}/3", "health-check-port"): "warning",
    }


@pytest.mark.parametrize(
    "changes",
    [
        (
            f"{C}/command",
            ["vllm", "--port", "8000"],
            *mapped(8000, 9090),
            CHECK,
            ["CMD", "x", "localhost:9090"],
        ),
        (f"{C}/command", ["vllm", "--port", "8000"], PORTS, []),
        (f"{C}/command", ["sh", "-c", "wait-for db --port 5432 && serve"], f"{C}/linuxParameters", {}),
    ],
    ids=["metrics of its own", "nothing mapped", "no chips"],
)
def test_a_server_that_is_not_known_may_have_other_ports(changes):
    assert not {code for _, code in told(changed(NEURON, *changes))} & {
        "port-not-listened", "port-not-mapped", "health-check-port",
    }  # fmt: skip


def test_a_port_that_is_not_mapped_may_be_nobodys_business():
    words = ["tensorflow_model_server", "--port=8500", "--rest_api_port=8501"]
    request = changed(NEURON, f"{C}/command", words, *mapped(8501), CHECK, ["CMD", "true"])
    assert told(request) == {}


def test_a_port_that_only_the_shell_knows_is_not_judged():
    words = ["tensorflow_model_server --port=$PORT --rest_api_port=${REST}"]
    assert told(changed(NEURON, f"{C}/command", ["sh", "-c", *words])) == {}


def ours(*changes, **values):
    """The same with our own container."""
    entries = [
        {"name": name, "value": value}
        for name, value in {"MODEL_URI": "s3://models/a.tar.gz", **values}.items()
    ]
    return changed(NEURON, f"{C}/image", "neuronserve:1", f"{C}/environment", entries, *changes)


def test_our_container_with_nothing_wrong_has_no_finding():
    assert told(ours()) == {}


def test_our_container_listens_on_one_port():
    assert told(ours(SAGEMAKER_BIND_TO_PORT="9090")) == {
        (f"{PORTS}/0/containerPort", "port-not-listened"): "error",
        (PORTS, "port-not-mapped"): "warning",
        (f"{CHECK}/3", "health-check-port"): "error",
    }
    assert told(ours(*mapped(9090), CHECK, ["CMD", "true"], SAGEMAKER_BIND_TO_PORT="9090")) == {}


def test_a_container_that_stops_before_its_requests_ended_is_warned_about():
    stop = f"{C}/stopTimeout"
    assert told(ours(stop, 25)) == {(stop, "stop-timeout-too-short"): "warning"}
    assert told(ours(SERVE_DRAIN_SECONDS="30")) == {(C, "stop-timeout-too-short"): "warning"}
    assert told(ours(stop, 60, SERVE_DRAIN_SECONDS="50")) == {}


def test_a_load_that_takes_longer_than_the_health_check_waits_is_warned_about():
    assert told(ours(SAGEMAKER_TFS_WAIT_TIME_SECONDS="900")) == {
        (f"{C}/healthCheck", "impatient-health-check"): "warning"
    }
    patient = (f"{C}/healthCheck/interval", 300, f"{C}/healthCheck/retries", 3)
    assert told(ours(*patient, SAGEMAKER_TFS_WAIT_TIME_SECONDS="900")) == {}


def test_settings_are_checked_as_the_container_checks_them():
    value = f"{C}/environment/1/value"
    assert told(ours(SERVE_MAX_BODY_MB="many")) == {(value, "bad-setting"): "error"}
    assert told(ours(SERVE_MAX_BODY="1")) == {(f"{C}/environment/1/name", "unknown-setting"): "warning"}
    assert told(ours(COMPILATION_JOB="job")) == {(f"{C}/environment", "settings-conflict"): "error"}


def test_settings_that_others_may_change_are_only_warned_about():
    secret = (
        "/executionRoleArn", "execution",
        f"{C}/secrets", [{"name": "MODEL_DIGEST", "valueFrom": "digest"}],
    )  # fmt: skip
    assert told(ours(*secret, COMPILATION_JOB="job")) == {
        (f"{C}/environment", "settings-conflict"): "warning"
    }


def test_a_model_on_s3_is_warned_about_where_tensorflow_serving_is_to_read_it():
    for words in (["--model_base_path=s3://b/k"], ["--model_base_path", "s3://b/k"]):
        command = ["tensorflow_model_server", "--rest_api_port=9000", *words]
        request = changed(NEURON, f"{C}/command", command, *mapped(8500, 9000), CHECK, ["CMD", "true"])
        assert told(request) == {(f"{C}/command/{len(command) - 1}", "model-on-s3"): "warning"}


def test_a_container_without_a_health_check_is_warned_about_where_it_has_chips():
    assert told(without(NEURON, f"{C}/healthCheck")) == {(C, "no-health-check"): "warning"}
