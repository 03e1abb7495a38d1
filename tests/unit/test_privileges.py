import os
import shutil
import tempfile
from pathlib import Path

import pytest

from neuronserve import privileges
from neuronserve.errors import SettingsError
from neuronserve.privileges import Account, Accounts
from neuronserve.settings import Settings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user takes root")
SOMEBODY = Account("somebody", 4242, 4343, (4444,))


@pytest.fixture
def reachable():
    """A folder that every user may enter, all the way."""
    folder = Path(tempfile.mkdtemp(prefix="q-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@as_root
@pytest.mark.parametrize(
    ("owner", "group", "mode", "may"),
    [
        (4242, 0, 0o400, True),
        (4242, 4343, 0o044, False),  # the owner's bits count for the owner, whatever the others have
        (0, 4343, 0o040, True),
        (0, 4444, 0o040, True),
        (0, 4343, 0o004, False),
        (0, 0, 0o004, True),
        (0, 0, 0o440, False),
    ],
)
def test_permissions_are_read_as_the_kernel_reads_them(tmp_path, owner, group, mode, may):
    file = tmp_path / "file"
    file.touch()
    os.chown(file, owner, group)
    file.chmod(mode)
    assert SOMEBODY.may(4, file.stat()) is may


def test_what_may_not_be_read_is_found_wherever_it_lies(reachable):
    (reachable / "model" / "variables").mkdir(parents=True)
    (reachable / "model" / "variables" / "data").touch()
    assert privileges.first_unreadable(SOMEBODY, reachable / "model") is None
    (reachable / "model" / "variables" / "data").chmod(0o600)
    assert privileges.first_unreadable(SOMEBODY, reachable / "model") == reachable / "model/variables/data"
    (reachable / "model" / "variables").chmod(0o700)
    assert privileges.first_unreadable(SOMEBODY, reachable / "model") == reachable / "model/variables"
    reachable.chmod(0o700)
    assert privileges.first_unreadable(SOMEBODY, reachable / "model") == reachable


def test_a_link_is_followed_to_what_it_leads_to(reachable):
    (reachable / "closed").mkdir(mode=0o700)
    (reachable / "link").symlink_to("closed")
    assert privileges.first_closed(SOMEBODY, [reachable / "link"]) == reachable / "closed"
    assert privileges.first_closed(SOMEBODY, [reachable / "nothing"]) == reachable / "nothing"


def test_a_program_has_to_be_run_and_not_read(reachable):
    (reachable / "program").touch()
    (reachable / "program").chmod(0o711)
    assert privileges.first_closed(SOMEBODY, [reachable / "program"]) == reachable / "program"
    assert privileges.first_closed(SOMEBODY, [reachable / "program"], runs=True) is None


@as_root
@pytest.mark.parametrize(
    ("group", "mode", "groups"),
    [
        (0, 0o666, (4444,)),  # as the Neuron driver makes them
        (5555, 0o660, (4444, 5555)),
        (4444, 0o660, (4444,)),
        (5555, 0o640, None),
        (0, 0o660, None),  # the group of root opens more than devices
        (0, 0o600, None),
    ],
)
def test_the_group_of_a_device_is_added_where_it_opens_it(tmp_path, group, mode, groups):
    device = tmp_path / "neuron0"
    device.touch()
    os.chown(device, 0, group)
    device.chmod(mode)
    found = privileges.with_devices(SOMEBODY, [device])
    assert (found and found.groups) == groups


def accounts(monkeypatch, capabilities=privileges._NEEDED, **environ):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(privileges, "_capabilities", lambda: capabilities)
    monkeypatch.setattr(privileges, "_program", lambda: ())
    privileges._accounts.cache_clear()
    try:
        return privileges.accounts(Settings.from_environ({"MODEL_URI": "s3://b/k", **environ}))
    finally:
        privileges._accounts.cache_clear()


def test_as_root_model_servers_are_another_user_than_the_workers_and_all_are_in_one_group(monkeypatch):
    found = accounts(monkeypatch)
    assert found.gateway
    assert found.model_server
    assert 0 not in (found.gateway.uid, found.model_server.uid)
    assert found.gateway.uid != found.model_server.uid
    assert found.group == found.gateway.gid == found.model_server.gid
    assert found.nginx


def test_workers_stay_root_where_only_root_may_read_the_models_code_and_say_why(monkeypatch, reachable):
    (reachable / "model" / "code").mkdir(parents=True)
    named = {"MODEL_URI": str(reachable / "model"), "SERVE_CACHE_DIR": str(reachable / "cache")}
    assert accounts(monkeypatch, **named).gateway
    (reachable / "model" / "code").chmod(0o700)
    found = accounts(monkeypatch, **named)
    assert not found.gateway
    [note] = found.notes
    assert note.endswith(f"may not read {reachable}/model/code")


def test_workers_stay_root_where_only_root_may_reach_the_cache(monkeypatch, reachable):
    (reachable / "closed").mkdir(mode=0o700)
    assert not accounts(monkeypatch, SERVE_CACHE_DIR=str(reachable / "closed" / "cache")).gateway


def test_without_the_right_to_kill_others_only_nginxs_workers_are_somebody_else(monkeypatch):
    found = accounts(monkeypatch, capabilities=privileges._NGINX_NEEDS)
    assert (found.gateway, found.model_server) == (None, None)
    assert found.group is not None, "that of nginx's workers, who have to reach the sockets"


def test_without_any_right_all_stay_root_and_nobody_else_may_enter(monkeypatch):
    assert accounts(monkeypatch, capabilities=0) == Accounts("root root")


def test_a_user_that_is_asked_for_and_cannot_be_had_is_a_fault(monkeypatch):
    with pytest.raises(SettingsError, match="SERVE_GATEWAY_USER='no-such-user'"):
        accounts(monkeypatch, SERVE_GATEWAY_USER="no-such-user")
    with pytest.raises(SettingsError, match="may not become nobody"):
        accounts(monkeypatch, capabilities=0, SERVE_MODEL_SERVER_USER="nobody")


def test_a_part_stays_root_where_it_is_said_so(monkeypatch):
    found = accounts(monkeypatch, SERVE_GATEWAY_USER="root", SERVE_MODEL_SERVER_USER="root")
    assert (found.gateway, found.model_server) == (None, None)
    assert found.group is not None
