"""Real, tiny, talkative children."""

import dataclasses
import os
import signal
import subprocess
import sys

import psutil
import pytest

from neuronserve.privileges import Account
from neuronserve.supervise import frozen
from tests.cpuservers import wait_for

# a program that leaves a daemon in a session of its own
FLEES = """
import os, time
told, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    os.write(tell, bytes(1))
    time.sleep({daemon_seconds})
else:
    os.read(told, 1)
    time.sleep({parent_seconds})
"""


def _run(loop, children, command):
    """Spawn it and wait for its end."""
    ends = []

    def ended(exit_):
        ends.append(exit_)
        loop.stop(0)

    child = children.spawn(command, ended)
    loop.run()
    return child, ends[0]


@pytest.mark.parametrize(
    ("line", "told"),
    [("exit 0", "exit code 0"), ("exit 7", "exit code 7"), ("kill -SEGV $$", "killed by SIGSEGV")],
)
def test_the_exit_tells_how_it_ended(loop, children, command, line, told):
    assert str(_run(loop, children, command(line))[1]) == told


def test_all_output_is_heard_before_the_end_is_told(loop, children, command):
    heard_at_exit = []
    talk = command("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; printf 'last' >&2")
    children.spawn(talk, lambda _: (heard_at_exit.extend(command.said), loop.stop(0)))
    loop.run()
    assert heard_at_exit == [f"line {number}" for number in range(3000)]
    assert command.complained == ["last"]


def test_without_a_listener_stdout_is_our_own(tmp_path):
    script = """
import os, sys
from pathlib import Path
from neuronserve.supervise.children import Children, Command
from neuronserve.supervise.loop import Loop
loop = Loop()
children = Children(loop)
argv = ("sh", "-c", "echo straight out; echo caught >&2")
children.spawn(Command(argv, dict(os.environ), Path("/"), None, print), lambda _: loop.stop(0))
loop.run()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert sorted(run.stdout.splitlines()) == ["caught", "straight out"]


def test_a_program_that_is_not_there_is_an_oserror_that_names_it(children, command):
    missing = dataclasses.replace(command(""), argv=("no-such-program",))
    with pytest.raises(OSError, match="no-such-program"):
        children.spawn(missing, print)


def test_a_child_leads_its_own_session(loop, children, command):
    child, _ = _run(loop, children, command(f"{sys.executable} -c 'import os; print(os.getsid(0))'"))
    assert command.said == [str(child.pid)]


def test_signal_settings_of_ours_do_not_reach_children(loop, children, command):
    _run(loop, children, command("grep SigIgn /proc/self/status"))
    ignored = int(command.said[0].split()[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)


def test_what_a_child_leaves_in_its_group_is_killed_at_its_end(loop, children, command):
    _run(loop, children, command("sleep 600 & echo $!; exit 0"))
    _gone(loop, int(command.said[0]))


def test_orphans_that_left_the_group_are_reaped_by_us(loop, children, command):
    program = FLEES.format(daemon_seconds=0.2, parent_seconds=0)
    _run(loop, children, command(f"{sys.executable} -c '{program}'"))
    pid = int(command.said[0])
    _gone(loop, pid)


def _gone(loop, pid):
    """Wait until there is no such process, nor its zombie."""

    def look():
        if psutil.pid_exists(pid):
            loop.later(0.02, look)
        else:
            loop.stop(0)

    loop._result = None
    look()
    loop.run()


def test_kill_all_leaves_nobody_not_even_those_who_fled_their_group(loop, children, command):
    program = FLEES.format(daemon_seconds=600, parent_seconds=600)
    talk = command(f"exec {sys.executable} -c '{program}'")
    children.spawn(talk, lambda _: pytest.fail("nobody is told"))

    def stop_when_heard():
        if command.said:
            loop.stop(0)
        else:
            loop.later(0.02, stop_when_heard)

    stop_when_heard()
    loop.run()
    children.kill_all()
    assert not psutil.pid_exists(int(command.said[0]))
    assert len(children) == 0


def _ended(pid):
    """Also as a zombie: whoever inherits it need not reap it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_dies_with_a_supervisor_that_is_killed(tmp_path):
    script = """
import os, signal
from pathlib import Path
from neuronserve.supervise.children import Children, Command
from neuronserve.supervise.loop import Loop
loop = Loop()
children = Children(loop)
child = children.spawn(Command(("sleep", "600"), dict(os.environ), Path("/"), None, print), print)
print(child.pid, flush=True)
loop.later(0.3, lambda: os.kill(os.getpid(), signal.SIGKILL))
loop.run()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == -signal.SIGKILL
    pid = int(run.stdout)
    wait_for(lambda: _ended(pid), "its end")


def test_each_status_reaches_its_owner_in_whatever_order_they_end(loop, children, command):
    ends = {}
    for code in range(8):
        children.spawn(
            command(f"sleep 0.0{8 - code}; exit {code}"),
            lambda exit_, code=code: (ends.update({code: exit_.code}), len(ends) == 8 and loop.stop(0)),
        )
    loop.run()
    assert ends == {code: code for code in range(8)}


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")
def test_a_child_with_an_account_is_that_user_and_nobody_else(loop, children, command):
    account = Account("somebody", 4242, 4343, (4444,))
    told = command("id -u; id -g; id -G; umask")
    _run(loop, children, dataclasses.replace(told, account=account, umask=0o007))
    assert command.said == ["4242", "4343", "4343 4444", "0007"]


def test_a_stopped_process_that_a_child_started_is_killed_and_the_child_lives(
    loop, children, command, caplog, tmp_path
):
    """As a worker of nginx or gunicorn, whose master starts another one."""
    parent = 'sleep 600 & echo $! > first; wait $!; echo "again $?"; exec sleep 600'
    child = children.spawn(command(parent), lambda _: None)
    wait_for(lambda: (tmp_path / "first").exists() and (tmp_path / "first").read_text(), "its number")
    loop.later(0, lambda: os.kill(int((tmp_path / "first").read_text()), signal.SIGSTOP))

    def look():
        if command.said:
            loop.stop(0)
        loop.later(0.01, look)

    look()
    loop.run()
    assert command.said == [f"again {128 + signal.SIGKILL}"]
    assert "is killed: it was stopped by a signal (state T)" in caplog.text
    assert psutil.Process(child.pid).is_running()


def test_a_process_that_is_busy_or_waits_is_not_taken_for_a_stopped_one(loop, children, command):
    busy = children.spawn(command("while true; do :; done"), lambda _: None)
    idle = children.spawn(command("exec sleep 600"), lambda _: None)
    wait_for(lambda: psutil.Process(idle.pid).name() == "sleep", "its program")
    assert frozen.look([busy.pid, idle.pid]) == frozenset()
    os.kill(idle.pid, signal.SIGSTOP)
    wait_for(lambda: frozen.look([busy.pid, idle.pid]), "state T")
    (stopped,) = frozen.look([busy.pid, idle.pid])
    assert (stopped.pid, stopped.leader, stopped.name) == (idle.pid, idle.pid, "sleep")
    os.kill(idle.pid, signal.SIGCONT)
    wait_for(lambda: not frozen.look([busy.pid, idle.pid]), "another state")


def test_who_is_not_there_is_not_stopped():
    assert frozen.look([4_194_305]) == frozenset()  # beyond the highest number that Linux gives
