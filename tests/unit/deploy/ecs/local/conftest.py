"""A machine that is played: an engine in memory, a clock that never waits, and things that happen on time."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.local import plan
from neuronserve.deploy.ecs.local.instance import Instance, Manner, Signals
from neuronserve.deploy.ecs.local.plan import Wishes
from neuronserve.deploy.engine import failed
from tests.clocks import FakeClock


class PlayedEngine:
    """Knows the engine's words that we use, and fails the test for any other.

    ``refusals``: what ``run`` says instead of starting, one after another, by container. ``stubborn``: those
    that SIGTERM does not end. ``last_words``: lines that come when one has ended.
    ``checks``: exit codes of health checks, by container; the last one stays.
    """

    program, podman = "docker", False

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.running, self.codes, self.lines = {}, {}, {}
        self.refusals, self.stubborn, self.checks, self.out_of_memory = {}, set(), {}, set()
        self.images = {"image"}
        self.volumes_removed = []
        self.last_words = {}
        self.absent = []  # what pulling an image that is nowhere says

    def call(self, *words):
        self.calls.append(words)
        return getattr(self, f"_{words[0]}")(*words[1:])

    def begin(self, *words):
        self.calls.append(words)
        return getattr(self, f"_begin_{words[0]}")(*words[1:])

    def end(self, container, code):
        self.running[container], self.codes[container] = False, code

    def vanish(self, container):
        del self.running[container]

    def done(self, verb):
        """The containers of which that was asked, in order."""
        return [self._short(words) for words in self.calls if words[0] == verb]

    @staticmethod
    def _short(words):
        named = words[words.index("--name") + 1] if "--name" in words else words[-1]
        return next((w for w in words if w.startswith("neuronserve-")), named).rpartition("-")[2]

    def _run(self, *words):
        name = words[words.index("--name") + 1].rpartition("-")[2]
        if self.refusals.get(name):
            raise failed("docker", ("run",), 125, self.refusals[name].pop(0))
        self._start(name)
        return "an id\n"

    def _start(self, name):
        name = name.rpartition("-")[2]
        self.running[name] = True
        self.lines.setdefault(name, []).append(f"{name} says hello")
        return ""

    def _inspect(self, *words):
        name = words[-1].rpartition("-")[2]
        if name not in self.codes:
            raise failed("docker", ("inspect",), 1, f"Error: No such object: {words[-1]}")
        return json.dumps({"ExitCode": self.codes[name], "OOMKilled": name in self.out_of_memory})

    def _kill(self, name):
        self.end(name.rpartition("-")[2], 137)
        return ""

    def _rm(self, *words):
        name = words[-1].rpartition("-")[2]
        self.running.pop(name, None)
        return ""

    def _volume(self, *words):
        self.volumes_removed.append(words[-1])
        return ""

    def _image(self, *words):
        if words[-1] not in self.images:
            raise failed("docker", ("image", "inspect"), 1, "no such image")
        return ""

    def _port(self, *_):
        return "127.0.0.1:49153\n"

    def _begin_wait(self, name):
        name = name.rpartition("-")[2]
        return Played(lambda: None if self.running.get(name) else 0)

    def _begin_logs(self, _, name):
        name = name.rpartition("-")[2]
        played = Played(lambda: None, list(self.lines[name]))

        def poll():
            if self.running.get(name):
                return None
            last = self.last_words.pop(name, [])
            played.told.extend(last)
            return None if last else 0  # what it still prints is read before it ends

        played.poll = poll
        return played

    def _begin_stop(self, _, seconds, name):
        name = name.rpartition("-")[2]
        kill = lambda: self.running.get(name) and self.end(name, 137)
        if name in self.stubborn:
            self.clock.after(int(seconds), kill)
        else:
            self.end(name, 0)
        return Played(lambda: None if self.running.get(name) else 0)

    def _begin_exec(self, name, *_):
        codes = self.checks[name.rpartition("-")[2]]
        code = codes.pop(0) if len(codes) > 1 else codes[0]
        return Played(lambda: code, ["connection refused"] if code else [])

    def _begin_pull(self, image):
        if self.absent:
            return Played(lambda: 1, self.absent)
        self.images.add(image)
        return Played(lambda: 0)


class Played:
    def __init__(self, poll, lines=()):
        self.poll = poll
        self.killed = False
        self.told = list(lines)

    def lines(self):
        found, self.told = self.told, []
        return found

    def kill(self):
        self.killed = True


class Script(FakeClock):
    """``at(5, act)``: after five seconds. It ends the test when nothing does for a long time."""

    def __init__(self):
        super().__init__()
        self._begin = self.now
        self._acts = []

    def at(self, seconds, act):
        self._acts.append((seconds, act))

    def after(self, seconds, act):
        self.at(self.now - self._begin + seconds, act)

    def sleep(self, seconds, /):
        super().sleep(seconds)
        self.slept.clear()
        for entry in [e for e in self._acts if e[0] <= self.now - self._begin]:
            self._acts.remove(entry)
            entry[1]()
        assert self.now - self._begin < 3000, "nothing ends this"


@dataclasses.dataclass
class Machine:
    clock: Script
    engine: PlayedEngine
    signals: Signals
    desk: Desk
    answers: dict

    def run(self, *tasks, wishes=None, **manner):
        """The exit code. Each task is a list of containers, or a whole request."""
        requests = [t if isinstance(t, dict) else task(f"task{n}", *t) for n, t in enumerate(tasks)]
        made = plan.make(requests, wishes or Wishes(), run="x", podman=False, environ={})
        ask = lambda url: self.answers.get(url, True)
        chosen = Manner(**manner)
        return Instance(made, self.engine, self.desk, chosen, signals=self.signals, ask=ask).run()

    def stop_at(self, *seconds):
        """A signal at each of these."""
        for moment in seconds:
            self.clock.at(moment, lambda: self.signals.names.append("SIGTERM"))

    @property
    def said(self):
        return self.desk.err.getvalue().splitlines()

    @property
    def told(self):
        return self.desk.out.getvalue().splitlines()


def task(family, *containers, **more):
    filled = [{"image": "image", **c} for c in containers]
    return {"family": family, "memory": "512", "containerDefinitions": filled, **more}


@pytest.fixture
def machine():
    clock = Script()
    desk = Desk(out=io.StringIO(), err=io.StringIO(), clock=clock, environ={})
    return Machine(clock, PlayedEngine(clock), Signals(), desk, {})
