"""Over any sequence of starts, crashes, restarts, reloads and stops: one owner for a core, none for ever.

Each open file stands for a process: the kernel's locks belong to open files, and tell no processes apart.
"""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from neuronserve.compiled import Compiled
from neuronserve.instances import catalogue
from neuronserve.simulator import ownership
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.loading import copies
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.rules import Request, wanted

_CORES = 8
_RANGES = st.tuples(st.integers(0, _CORES), st.integers(0, _CORES)).map(sorted)


def _environ(cores):
    return {"NEURON_RT_VISIBLE_CORES": f"{cores[0]}-{cores[1]}"}


_ENVIRONS = st.one_of(
    st.just({}),
    _RANGES.map(_environ),
    st.integers(0, _CORES + 1).map(lambda n: {"NEURON_RT_NUM_CORES": str(n)}),
)


class Ownership(RuleBasedStateMachine):
    """``alive``: servers; ``kept``: the locks that keepers hold for cores whose owner is gone."""

    servers = Bundle("servers")

    @initialize()
    def create(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ns-states-"))
        instance = catalogue()["inf2.24xlarge"]
        minors = {chip: chip for chip in range(_CORES // instance.cores)}
        self.host = SimulatedHost(self.folder, instance, minors, self.folder)
        for core in self.host.cores:  # all that ownership needs of a host
            self.host.lock_file(core).touch()
        self.alive = {}
        self.kept = []
        self.count = 0

    @rule(target=servers, environ=_ENVIRONS)
    def start(self, environ):
        return self._start(environ)

    @rule(target=servers, server=consumes(servers), late=st.booleans())
    def restart(self, server, late):
        """As a supervisor does it: the same cores, at once."""
        if server not in self.alive:
            return multiple()
        cores = self.alive[server].cores
        self._end(server, late=late)
        return self._start(_environ((cores[0], cores[-1])))

    @rule(server=consumes(servers), late=st.booleans())
    def crash_or_stop(self, server, late):
        if server in self.alive:
            self._end(server, late=late)

    @rule(server=servers, each=st.integers(1, 3), duplicates=st.integers(1, 8))
    def reload(self, server, each, duplicates):
        """A model comes, or changes: its copies stay on the cores of its process."""
        if server in self.alive and each <= len(self.alive[server].cores):
            owned = self.alive[server]
            placed = copies(Compiled(1, neuron=True, cores=each, duplicates=duplicates), len(owned.cores))
            used = [owned.host_cores[core] for copy in placed for core in copy]
            assert len(used) == len(set(used))
            assert set(used) <= set(owned.host_cores)

    @rule()
    def keepers_leave(self):
        for descriptors, _ in self.kept:
            for descriptor in descriptors:
                os.close(descriptor)
        self.kept = []

    def _start(self, environ):
        request = wanted(environ, _CORES)
        possible = self._first_fit(request)
        self.count += 1
        name = str(self.count)
        try:
            owned = ownership._take(self.host, request, name, "a test")
        except NrtError:
            assert possible is None
            return multiple()
        assert owned.cores == possible
        self.alive[name] = owned
        return name

    def _first_fit(self, request: Request):
        taken = self._taken()
        for begin in range(request.first, request.last - request.count + 2):
            run = range(begin, begin + request.count)
            if run[-1] < _CORES and not taken & set(run):
                return run
        return None

    def _end(self, server, *, late):
        owned = self.alive.pop(server)
        if late:
            self.kept.append(([os.dup(descriptor) for descriptor in owned.descriptors], owned.host_cores))
        owned.free()

    def _taken(self):
        owners = [*(owned.host_cores for owned in self.alive.values()), *(cores for _, cores in self.kept)]
        cores = [core for each in owners for core in each]
        assert len(cores) == len(set(cores)), "a core has two owners"
        return set(cores)

    @invariant()
    def what_is_seen_is_what_is_owned(self):
        if not hasattr(self, "host"):
            return
        seen = {core: holder.tag for core, holder in ownership.holders(self.host).items() if holder}
        assert set(seen) == self._taken()
        for name, owned in self.alive.items():
            assert {seen[core] for core in owned.host_cores} == {name}

    def teardown(self):
        if not hasattr(self, "host"):
            return
        for server in list(self.alive):
            self._end(server, late=True)
        self.keepers_leave()
        assert not any(ownership.holders(self.host).values()), "a core is owned for ever"
        ownership._take(self.host, wanted({}, _CORES), "the last", "").free()
        shutil.rmtree(self.folder)


TestOwnership = Ownership.TestCase
TestOwnership.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
