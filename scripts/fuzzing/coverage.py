"""atheris (libFuzzer) leads: inputs that run lines which no other ran are kept, and mutated further.

In process and without a fork for each case,
so a leak or a hang ends the run; libFuzzer then leaves the input.
It runs in a program of its own, since it ends the program that it runs in.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

_LONGEST = 1 << 15  # bytes of an input
_HANG_SECONDS = 25
_HEADS = 64  # ways in which the first byte of an input chooses the headers of a body


def main(given: argparse.Namespace, folder: Path) -> int:
    """Run it, and keep what it found; the exit code is 1 for a finding."""
    from fuzzing import campaign
    from fuzzing.corpus import Corpus

    if given.target == "http":
        raise SystemExit(
            "--coverage is for bodies and archives: atheris sees the lines of this process alone"
        )
    inputs = folder / "coverage"
    inputs.mkdir(parents=True, exist_ok=True)
    kept, tally = Corpus(folder), campaign.Tally()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as found:
        command = [
            sys.executable, "-W", "ignore", "-m", "fuzzing.coverage", given.target, found, str(inputs),
            f"-seed={given.seed + 1}", f"-max_len={_LONGEST}", f"-timeout={_HANG_SECONDS}",
            "-rss_limit_mb=4096",
            f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=0", "-detect_leaks=0",
        ]  # fmt: skip
        command += [f"-max_total_time={given.seconds:.0f}"] if given.seconds else []
        command += [f"-runs={given.count}"] if given.count else []
        ended = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
        lines = ended.stderr.splitlines()
        for left in sorted(Path(found).glob("*-*")):
            fault = next((line for line in lines if "Fault:" in line), left.name)
            tally.faults[fault] += 1
            tally.findings.append(kept.store(_case(given.target, left.read_bytes()), fault))
    tried = next((line for line in lines if "number_of_executed_units" in line), "0")
    tally.outcomes["tried by atheris"] = int(tried.split()[-1])
    tally.seconds = given.seconds
    print(campaign.table(given.target, tally))
    if ended.returncode and not tally.faults:
        raise SystemExit(f"atheris ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return 1 if tally.faults else 0


class Fault(Exception):
    """What must not be, for libFuzzer to stop at."""


def _case(target: str, data: bytes) -> bytes:
    """As ``scripts/fuzz --replay`` takes it."""
    if target == "archives":
        return data
    from fuzzing import bodies

    head = random.Random(data[0] % _HEADS if data else 0)
    return bodies.case(data[1:], **bodies.headers_of(head))


def _lead(target: str, scratch: Path, options: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["neuronserve", "fuzzing.bodies"], enable_loader_override=False):
        import neuronserve.artifact.local
        import neuronserve.artifact.unpack  # noqa: F401
        from fuzzing import archives, bodies, dataplane
    made = (
        archives.Archives(scratch, fork=False)
        if target == "archives"
        else bodies.Bodies(lambda: dataplane.Plane(scratch), fork=False)
    )

    def one(data: bytes) -> None:
        fault = made.try_one(_case(target, data)).fault
        if fault:
            raise Fault(f"Fault: {fault}")

    inputs = Path(options[0])
    for number, seed in enumerate(made.seeds() if not any(inputs.iterdir()) else ()):
        data = seed if target == "archives" else bytes([number % _HEADS]) + seed.partition(b"\n")[2]
        if len(data) <= _LONGEST:
            (inputs / f"seed-{number}").write_bytes(data)
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    _lead(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
