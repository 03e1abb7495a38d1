import shutil

import grpc
import numpy as np
import pytest

from neuronserve.messages import model_management_pb2
from tests import handmade
from tests.cpuservers import predict_request, running

X = np.float32([[1, 2]])


def config(folder, policy="", labels="", name="m"):
    return (
        f'model_config_list {{ config {{ name: "{name}" base_path: "{folder / "m"}" '
        f'model_platform: "tensorflow" {policy} {labels} }} }}'
    )


def with_config(folder, text, *flags):
    (folder / "models.config").write_text(text)
    return running(folder, f"--model_config_file={folder / 'models.config'}", *flags)


def reload(server, text):
    from google.protobuf import text_format

    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(text, request.config)
    return server.call("HandleReloadConfigRequest", request)


def by_label(server, label):
    request = predict_request("m", x=X)
    request.model_spec.version_label = label
    return server.call("Predict", request).model_spec.version.value


@pytest.fixture
def three(tmp_path):
    """A model with versions 1, 2 and 0000010, each of which multiplies by its number."""
    for name in ("1", "2", "0000010"):
        handmade.doubling(tmp_path / "m" / name, float(name))
    (tmp_path / "m" / "notes").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", (10,)),
        ("model_version_policy { latest { num_versions: 2 } }", (10, 2)),
        ("model_version_policy { all {} }", (10, 2, 1)),
        ("model_version_policy { specific { versions: 1 versions: 2 versions: 77 } }", (2, 1)),
    ],
)
def test_a_policy_chooses_the_versions_that_are_served(three, policy, versions):
    with with_config(three, config(three, policy)) as server:
        server.wait_until("m", dict.fromkeys(versions, "AVAILABLE"))
        assert server.predict("m", x=X)["y"].tolist() == [[versions[0], 2 * versions[0]]]


def test_a_version_that_appears_takes_over_and_one_that_disappears_goes(three):
    flags = (f"--model_base_path={three / 'm'}", "--model_name=m", "--file_system_poll_wait_seconds=1")
    with running(three, *flags) as server:
        server.wait_until("m", {10: "AVAILABLE"})
        handmade.doubling(three / "new" / "11", 11.0)
        (three / "new" / "11").rename(three / "m" / "11")
        server.wait_until("m", {11: "AVAILABLE", 10: "END"})
        shutil.rmtree(three / "m" / "11")
        server.wait_until("m", {11: "END", 10: "AVAILABLE"})


def test_a_broken_new_version_leaves_the_old_one_serving(three):
    flags = (f"--model_base_path={three / 'm'}", "--model_name=m", "--max_num_load_retries=0")
    with running(three, *flags) as server:
        server.wait_until("m", {10: "AVAILABLE"})
        (three / "m" / "12").mkdir()
        server.wait_until("m", {12: "END", 10: "AVAILABLE"})
        assert server.predict("m", x=X)["y"].tolist() == [[10, 20]]


def test_reload_changes_policy_and_labels_and_removes_models(three):
    both = "model_version_policy { specific { versions: 1 versions: 2 } }"
    with with_config(three, config(three)) as server:
        server.wait_until("m", {10: "AVAILABLE"})
        labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
        assert reload(server, config(three, both, labels)).status.error_code == 0
        assert (by_label(server, "stable"), by_label(server, "canary")) == (1, 2)
        server.wait_until("m", {10: "END", 2: "AVAILABLE", 1: "AVAILABLE"})
        reload(server, config(three, name="other"))
        server.wait_until("other", {10: "AVAILABLE"})
        server.wait_until("m", {10: "END", 2: "END", 1: "END"})


def test_a_label_for_a_version_that_does_not_serve_is_refused(three):
    with with_config(three, config(three)) as server:
        server.wait_until("m", {10: "AVAILABLE"})
        with pytest.raises(grpc.RpcError) as caught:
            reload(server, config(three, labels='version_labels { key: "next" value: 11 }'))
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert caught.value.details() == (
            "Request to assign label to version 11 of model m, which is not currently available for inference"
        )


def test_with_the_flag_a_new_label_may_name_what_does_not_serve_yet(three):
    with with_config(three, config(three), "--allow_version_labels_for_unavailable_models") as server:
        server.wait_until("m", {10: "AVAILABLE"})
        reload(server, config(three, labels='version_labels { key: "next" value: 11 }'))
        with pytest.raises(grpc.RpcError) as caught:
            by_label(server, "next")
        assert caught.value.details() == "Servable not found for request: Specific(m, 11)"


def test_labels_in_the_first_configuration_hold_once_the_models_serve(three):
    from tests.cpuservers import wait_for

    text = config(three, labels='version_labels { key: "stable" value: 10 }')
    with with_config(three, text) as server:
        server.wait_until("m", {10: "AVAILABLE"})

        def labelled():
            try:
                return by_label(server, "stable") == 10
            except grpc.RpcError:
                return False

        wait_for(labelled, "the label")


def test_reload_reports_a_model_that_cannot_be_loaded(three):
    (three / "m" / "12").mkdir()
    with with_config(three, config(three, "model_version_policy { specific { versions: 10 } }"),
                     "--max_num_load_retries=0") as server:  # fmt: skip
        server.wait_until("m", {10: "AVAILABLE"})
        with pytest.raises(grpc.RpcError) as caught:
            reload(server, config(three))
        assert caught.value.code() == grpc.StatusCode.UNKNOWN
        assert "1 servable(s) did not become available: {{{name: m version: 12} due to error: NOT_FOUND" in (
            caught.value.details()
        )


def test_reload_refuses_a_wrong_configuration(three):
    with with_config(three, config(three)) as server:
        server.wait_until("m", {10: "AVAILABLE"})
        twice = config(three).removesuffix("}") + config(three).removeprefix("model_config_list {")
        for text, complaint in (("", "Only ModelConfigList"), (twice, "multiple times")):
            with pytest.raises(grpc.RpcError) as caught:
                reload(server, text)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert complaint in caught.value.details()


def test_a_changed_configuration_file_is_read_again(three):
    with with_config(three, config(three), "--model_config_file_poll_wait_seconds=1") as server:
        server.wait_until("m", {10: "AVAILABLE"})
        specific = "model_version_policy { specific { versions: 2 } }"
        (three / "models.config").write_text(config(three, specific))
        server.wait_until("m", {10: "END", 2: "AVAILABLE"})


def test_a_list_without_models_unloads_all_and_a_file_that_says_nothing_none(three):
    with with_config(three, config(three), "--model_config_file_poll_wait_seconds=1") as server:
        server.wait_until("m", {10: "AVAILABLE"})
        (three / "models.config").write_text("")
        from tests.cpuservers import wait_for

        wait_for(lambda: "Taking no action for empty config." in server.log.read_text(), "the log line")
        assert server.states("m") == {10: "AVAILABLE"}
        assert reload(server, "model_config_list {}").status.error_code == 0
        server.wait_until("m", {10: "END"})
