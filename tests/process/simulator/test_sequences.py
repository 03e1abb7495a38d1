"""Over random sequences with real processes: never two owners for a core, and none left owned."""

import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.simulator import host
from neuronserve.simulator.ownership import holders
from tests.cpuservers import wait_for

ROOT = Path(__file__).resolve().parents[3]

# A process that owns cores, says which, and waits for its end: all that a server's life is to its cores.
_PROGRAM = """
import os, sys
from pathlib import Path
from neuronserve.simulator import host, late, ownership, rules
from neuronserve.simulator.nrt import NrtError
made = host.attach(Path(sys.argv[1]))
try:
    owned = ownership.take(made, rules.wanted(os.environ, len(made.cores)))
except NrtError:
    print("refused", flush=True)
    sys.exit()
if sys.argv[2] != "0":
    late.keep_after_the_end(owned, float(sys.argv[2]), made.folder)
print(*owned.host_cores, flush=True)
sys.stdin.read()
"""

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 3), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("kill"), st.integers(0, 5)),
        st.tuples(st.just("stop"), st.integers(0, 5)),
    ),
    max_size=8,
)


class Process:
    def __init__(self, made, first, count, *, late):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(made.folder), "0.2" if late else "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={"NEURON_RT_VISIBLE_CORES": f"{first}-{first + count - 1}", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        words = self._process.stdout.readline().split()
        assert words, "it said nothing"
        self.cores = set() if words == ["refused"] else set(map(int, words))

    def end(self, how):
        if how == "kill":
            self._process.kill()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


@settings(max_examples=6, deadline=None)
@given(_STEPS)
def test_whatever_the_sequence_cores_have_one_owner_and_are_free_in_the_end(steps):
    with tempfile.TemporaryDirectory(prefix="ns-seq-") as folder:
        made, alive = host.create(Path(folder) / "h", "inf1.xlarge"), []
        try:
            for verb, *arguments in steps:
                if verb == "start":
                    first, count, late = arguments
                    alive.append(Process(made, first, count, late=late))
                elif alive:
                    alive.pop(arguments[0] % len(alive)).end(verb)
                cores = [core for process in alive for core in process.cores]
                assert len(cores) == len(set(cores))
                assert set(cores) <= {core for core, holder in holders(made).items() if holder}
        finally:
            for process in alive:
                process.end("kill")
        wait_for(lambda: not any(holders(made).values()), "all cores are free")
        last = Process(made, 0, 4, late=False)
        assert last.cores == {0, 1, 2, 3}
        last.end("stop")
