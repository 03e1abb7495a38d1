"""Each field of a container definition in the engines' words."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy.ecs.forms import docker_run
from neuronserve.deploy.ecs.forms.around import ALONE, Around


def words(engine="docker", around=ALONE, task=None, **container):
    request = {"family": "f", **(task or {})}
    definition = {"name": "a", "image": "repo/image:1", **container}
    request["containerDefinitions"] = [definition]
    return docker_run.words(request, definition, engine=engine, around=around)


def notes(engine="docker", around=ALONE, task=None, **container):
    definition = {"name": "a", "image": "i", **container}
    request = {"family": "f", "containerDefinitions": [definition], **(task or {})}
    return docker_run.notes(request, definition, engine=engine, around=around)


def values(found, option):
    """What follows each ``option``."""
    return [found[at + 1] for at, word in enumerate(found) if word == option]


def test_the_least_definition_runs_without_the_images_own_health_check():
    assert words() == [
        "docker", "run", "--detach", "--name", "f-a", "--cpu-shares", "2", "--no-healthcheck",
        "--stop-timeout", "30", "repo/image:1",
    ]  # fmt: skip


def test_the_command_follows_the_image():
    assert words(command=["serve", "-x y"])[-3:] == ["repo/image:1", "serve", "-x y"]


def test_the_entry_points_further_words_come_before_the_command():
    found = words(entryPoint=["sh", "-c", 'exec "$0"'], command=["serve"])
    assert values(found, "--entrypoint") == ["sh"]
    assert found[-4:] == ["repo/image:1", "-c", 'exec "$0"', "serve"]


def test_environment_values_stay_one_word():
    found = words(environment=[{"name": "A", "value": "x = 'y' $z\n"}, {"name": "EMPTY"}])
    assert values(found, "--env") == ["A=x = 'y' $z\n", "EMPTY="]


def test_secrets_are_named_and_have_no_value_on_the_command_line():
    found = words(secrets=[{"name": "TOKEN", "valueFrom": "arn:aws:ssm:x"}])
    assert values(found, "--env") == ["TOKEN"]
    assert "TOKEN" in notes(secrets=[{"name": "TOKEN", "valueFrom": "arn:aws:ssm:x"}])[0]


def test_a_variable_that_the_engine_inherits_hides_that_of_the_definition():
    found = words(environment=[{"name": "A", "value": "old"}], around=Around(inherited=("A", "B")))
    assert values(found, "--env") == ["A", "B"]


def test_podman_does_not_hand_on_its_own_proxies():
    assert "--http-proxy=false" in words(engine="/usr/bin/podman")
    assert "--http-proxy=false" not in words()


def test_a_read_only_root_is_wholly_so_with_podman_too():
    assert "--read-only-tmpfs=false" in words(engine="podman", readonlyRootFilesystem=True)
    assert "--read-only" in words(readonlyRootFilesystem=True)
    assert "--read-only-tmpfs=false" not in words(readonlyRootFilesystem=True)


def test_devices_have_both_paths_and_permissions():
    device = {"hostPath": "/dev/neuron3", "containerPath": "/dev/neuron0", "permissions": ["read", "write"]}
    found = words(linuxParameters={"devices": [device, {"hostPath": "/dev/neuron4"}]})
    assert values(found, "--device") == ["/dev/neuron3:/dev/neuron0:rw", "/dev/neuron4:/dev/neuron4:rwm"]


def test_all_neuron_devices_are_those_of_the_machine_or_said_to_be_missing():
    asked = [{"type": "NeuronDevice", "value": "ALL"}]
    found = words(resourceRequirements=asked, around=Around(chips=("/dev/neuron0",)))
    assert values(found, "--device") == ["/dev/neuron0:/dev/neuron0:rwm"]
    assert "NeuronDevice ALL" in notes(resourceRequirements=asked)[0]


def test_gpus_are_the_engines_own():
    asked = [{"type": "GPU", "value": "2"}]
    assert values(words(resourceRequirements=asked), "--gpus") == ["2"]
    assert values(words(engine="podman", resourceRequirements=asked), "--device") == ["nvidia.com/gpu=all"]
    assert notes(engine="podman", resourceRequirements=asked)


def test_cpu_and_memory_of_task_and_container():
    found = words(task={"cpu": "1536", "memory": "4096"}, cpu=512, memoryReservation=1024)
    assert [values(found, o)[0] for o in ("--cpu-shares", "--cpus", "--memory", "--memory-reservation")] == [
        "512", "1.5", "4096m", "1024m",
    ]  # fmt: skip


def test_limits_of_the_process():
    found = words(
        ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 65536}],
        stopTimeout=45,
        linuxParameters={
            "initProcessEnabled": True,
            "sharedMemorySize": 64,
            "capabilities": {"add": ["IPC_LOCK"], "drop": ["NET_RAW", "MKNOD"]},
            "tmpfs": [{"containerPath": "/run", "size": 16, "mountOptions": ["noexec", "mode=1777"]}],
        },
        systemControls=[{"namespace": "net.core.somaxconn", "value": "1024"}],
        privileged=True,
        user="10001:10001",
        workingDirectory="/srv",
        hostname="box",
        interactive=True,
        pseudoTerminal=True,
        dockerSecurityOptions=["no-new-privileges"],
    )
    for option, value in (
        ("--ulimit", ["nofile=1024:65536"]), ("--stop-timeout", ["45"]), ("--shm-size", ["64m"]),
        ("--cap-add", ["IPC_LOCK"]), ("--cap-drop", ["NET_RAW", "MKNOD"]),
        ("--tmpfs", ["/run:size=16m,noexec,mode=1777"]), ("--sysctl", ["net.core.somaxconn=1024"]),
        ("--user", ["10001:10001"]), ("--workdir", ["/srv"]), ("--hostname", ["box"]),
        ("--security-opt", ["no-new-privileges"]),
    ):  # fmt: skip
        assert values(found, option) == value
    assert {"--init", "--privileged", "--interactive", "--tty"} <= set(found)


@pytest.mark.parametrize(
    ("mapping", "address", "published"),
    [
        ({"containerPort": 8080, "hostPort": 80}, "", "80:8080"),
        ({"containerPort": 8080}, "", "8080"),
        ({"containerPort": 8080, "hostPort": 80}, "127.0.0.1", "127.0.0.1:80:8080"),
        ({"containerPort": 8080}, "127.0.0.1", "127.0.0.1::8080"),
        ({"containerPort": 8080}, "::1", "[::1]::8080"),
        ({"containerPort": 53, "hostPort": 53, "protocol": "udp"}, "", "53:53/udp"),
        ({"containerPortRange": "8000-8003"}, "", "8000-8003"),
    ],
)
def test_ports_are_published_where_they_should_be(mapping, address, published):
    assert values(words(portMappings=[mapping], around=Around(address=address)), "--publish") == [published]


def test_the_hosts_network_publishes_nothing():
    found = words(task={"networkMode": "host"}, portMappings=[{"containerPort": 8080}])
    assert (values(found, "--network"), values(found, "--publish")) == (["host"], [])


def test_names_that_the_network_knows():
    found = words(
        dnsServers=["10.0.0.2"], dnsSearchDomains=["internal"], links=["db:database", "cache"],
        extraHosts=[{"hostname": "metadata", "ipAddress": "169.254.169.254"}],
    )  # fmt: skip
    assert values(found, "--dns") == ["10.0.0.2"]
    assert values(found, "--dns-search") == ["internal"]
    assert values(found, "--add-host") == ["metadata:169.254.169.254"]
    assert values(found, "--link") == ["f-db:database", "f-cache:cache"]


def test_podman_has_no_links_and_that_is_said():
    assert values(words(engine="podman", links=["db"]), "--link") == []
    assert any("links" in note for note in notes(engine="podman", links=["db"]))


def test_volumes_are_paths_of_the_host_or_volumes_of_the_engine():
    volumes = [
        {"name": "model", "host": {"sourcePath": "/srv/model"}},
        {"name": "tmp", "host": {}},
        {"name": "cache", "dockerVolumeConfiguration": {"scope": "shared"}},
    ]
    points = [
        {"sourceVolume": "model", "containerPath": "/opt/ml/model", "readOnly": True},
        {"sourceVolume": "tmp", "containerPath": "/tmp"},
        {"sourceVolume": "cache", "containerPath": "/cache"},
    ]
    found = words(task={"volumes": volumes}, mountPoints=points, volumesFrom=[{"sourceContainer": "b"}])
    assert values(found, "--volume") == ["/srv/model:/opt/ml/model:ro", "f-tmp:/tmp", "cache:/cache"]
    assert values(found, "--volumes-from") == ["f-b"]


def test_a_volume_of_another_service_is_an_empty_one_and_that_is_said():
    volumes = [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]
    points = [{"sourceVolume": "data", "containerPath": "/data"}]
    assert values(words(task={"volumes": volumes}, mountPoints=points), "--volume") == ["f-data:/data"]
    assert any("EFS" in note for note in notes(task={"volumes": volumes}, mountPoints=points))


def check(*command):
    return {"command": list(command), "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 300}


def test_a_line_for_the_shell_is_given_as_it_is():
    found = words(healthCheck=check("CMD-SHELL", "curl -f 'http://x/' || exit 1"))
    assert values(found, "--health-cmd") == ["curl -f 'http://x/' || exit 1"]
    for option, value in (("interval", "10s"), ("timeout", "5s"), ("retries", "3"), ("start-period", "300s")):
        assert values(found, f"--health-{option}") == [value]
    assert "--no-healthcheck" not in found


def test_a_command_is_quoted_for_the_shell_that_docker_gives_it_to():
    assert values(words(healthCheck=check("CMD", "test", "a b", "$x")), "--health-cmd") == ["test 'a b' '$x'"]
    assert any("/bin/sh" in note for note in notes(healthCheck=check("CMD", "true")))


def test_podman_takes_a_command_as_a_list():
    (found,) = values(words(engine="podman", healthCheck=check("CMD", "test", "a b")), "--health-cmd")
    assert json.loads(found) == ["test", "a b"]
    assert notes(engine="podman", healthCheck=check("CMD", "test", "a b")) == []


def test_a_list_of_one_word_is_a_line_for_the_shell_with_podman_too():
    (found,) = values(words(engine="podman", healthCheck=check("CMD", "/a b")), "--health-cmd")
    assert found == "'/a b'"


@pytest.mark.parametrize(("ignored", "policy"), [([0, 11], "on-failure"), ([11], "unless-stopped")])
def test_restarts_are_the_engines_as_near_as_it_can_and_that_is_said(ignored, policy):
    given = {"enabled": True, "ignoredExitCodes": ignored}
    assert values(words(restartPolicy=given), "--restart") == [policy]
    assert any("restarts" in note for note in notes(restartPolicy=given))
    assert values(words(restartPolicy={"enabled": False}), "--restart") == []


def test_who_is_watched_is_neither_checked_nor_restarted_by_the_engine():
    found = words(around=Around(watched=True), healthCheck=check("CMD", "x"), restartPolicy={"enabled": True})
    assert "--no-healthcheck" in found
    assert values(found, "--restart") == values(found, "--health-cmd") == []


def test_logs_of_other_services_go_where_the_engine_puts_them_and_that_is_said():
    aws = {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}
    assert "--log-driver" not in words(logConfiguration=aws)
    assert any("awslogs" in note for note in notes(logConfiguration=aws))
    local = {"logDriver": "json-file", "options": {"max-size": "10m"}}
    assert values(words(logConfiguration=local), "--log-opt") == ["max-size=10m"]
    assert notes(logConfiguration=local) == []


def test_labels_and_platform():
    found = words(
        dockerLabels={"team": "ml"}, around=Around(labels={"run": "1"}, prefix="p"),
        task={"runtimePlatform": {"cpuArchitecture": "X86_64"}},
    )  # fmt: skip
    assert values(found, "--label") == ["team=ml", "run=1"]
    assert values(found, "--platform") == ["linux/amd64"]
    assert values(found, "--name") == ["p-a"]


@pytest.mark.parametrize(
    ("task", "container", "word"),
    [
        ({"taskRoleArn": "arn:x"}, {}, "task role"),
        ({"pidMode": "task"}, {}, "namespace"),
        ({"proxyConfiguration": {"containerName": "envoy"}}, {}, "proxy"),
        ({}, {"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/x.env"}]}, "b/x.env"),
        ({}, {"repositoryCredentials": {"credentialsParameter": "arn:x"}}, "log in"),
        ({}, {"firelensConfiguration": {"type": "fluentbit"}}, "firelens"),
        ({}, {"dependsOn": [{"containerName": "b", "condition": "HEALTHY"}]}, "b (HEALTHY)"),
    ],
)
def test_what_only_ecs_can_give_is_said(task, container, word):
    assert any(word in note for note in notes(task=task, **container))
