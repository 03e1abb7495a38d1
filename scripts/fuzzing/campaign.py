"""The loop of a fuzzer: cases are made, tried, counted, and kept where they show something new."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fuzzing import corpus, mutators
from fuzzing.corpus import Corpus, Finding, Result

_MOST_FINDINGS = 20  # of one kind and worker that are stored: the rest are counted
_POOL = 5000  # cases in memory that are mutated


class Target(Protocol):
    """What is fuzzed. ``batch``: cases that are tried together."""

    batch: int

    def seeds(self) -> list[bytes]:
        """A small corpus, made by code."""
        ...

    def made(self, rng: random.Random) -> bytes:
        """A case from nothing."""
        ...

    def mutated(self, case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes: ...

    def tried(self, cases: Sequence[bytes]) -> list[Result]: ...


@dataclasses.dataclass(frozen=True)
class Bounds:
    """``seconds`` of time and ``count`` of cases, whichever comes first; 0: no such bound."""

    seconds: float
    count: int


@dataclasses.dataclass
class Tally:
    """Cases by outcome, faults by kind, the first findings of each, and the seconds it took."""

    outcomes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    signatures: int = 0
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.faults += other.faults
        self.findings += other.findings
        self.signatures = max(self.signatures, other.signatures)
        self.seconds = max(self.seconds, other.seconds)

    def to_json(self) -> str:
        found = [(str(one.file), one.fault) for one in self.findings]
        return json.dumps([self.outcomes, self.faults, found, self.signatures, self.seconds])

    @classmethod
    def from_json(cls, text: str) -> Tally:
        outcomes, faults, found, signatures, seconds = json.loads(text)
        findings = [Finding(Path(file), fault) for file, fault in found]
        counted = collections.Counter(outcomes), collections.Counter(faults)
        return cls(*counted, findings, signatures, seconds)


def run(target: Target, bounds: Bounds, seed: int, folder: Path) -> Tally:
    """One worker's share: the seeds and the corpus first, then what is made of them."""
    rng, kept, tally = random.Random(seed), Corpus(folder), Tally()
    pool = [*target.seeds(), *kept.read()]
    waiting, seen = list(pool), set[str]()
    began = time.monotonic()
    done = 0
    while not _over(bounds, began, done):
        size = min(target.batch, bounds.count - done) if bounds.count else target.batch
        batch = waiting[:size]
        del waiting[:size]
        batch += [_next(target, pool, rng) for _ in range(size - len(batch))]
        for case, result in zip(batch, target.tried(batch), strict=True):
            done += 1
            tally.outcomes[result.outcome] += 1
            if result.fault:
                _note(target, kept, tally, case, result)
            elif result.signature not in seen:
                seen.add(result.signature)
                kept.keep(case)
                if len(pool) < _POOL:
                    pool.append(case)
                else:
                    pool[rng.randrange(_POOL)] = case
    tally.signatures, tally.seconds = len(seen), time.monotonic() - began
    return tally


def shared(target: Target, bounds: Bounds, seed: int, folder: Path, jobs: int) -> Tally:
    """The same by several processes, each with a seed of its own; they share the corpus on the disk."""
    if jobs == 1:
        return run(target, bounds, seed, folder)
    pipes: list[tuple[int, int]] = []
    for job in range(jobs):
        reader, writer = os.pipe()
        share = bounds.count // jobs + (1 if job < bounds.count % jobs else 0)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(reader)
                mine = run(target, Bounds(bounds.seconds, share), seed + job, folder)
                with os.fdopen(writer, "w") as pipe:
                    pipe.write(mine.to_json())
                status = 0
            except BaseException:  # noqa: BLE001  nothing of the parent's may run in here
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        os.close(writer)
        pipes.append((pid, reader))
    total = Tally()
    for pid, reader in pipes:
        with os.fdopen(reader) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not text:
            raise SystemExit(f"a worker of the fuzzer itself ended with {os.waitstatus_to_exitcode(status)}")
        total.add(Tally.from_json(text))
    return total


def _over(bounds: Bounds, began: float, done: int) -> bool:
    out_of_time = bool(bounds.seconds) and time.monotonic() - began >= bounds.seconds
    return out_of_time or (bool(bounds.count) and done >= bounds.count)


def _next(target: Target, pool: Sequence[bytes], rng: random.Random) -> bytes:
    if rng.random() < 0.15:
        return target.made(rng)
    return target.mutated(rng.choice(pool), pool, rng)


def _note(target: Target, kept: Corpus, tally: Tally, case: bytes, result: Result) -> None:
    """The first of a kind is made small; of the others some are stored as they are."""
    kind = corpus.kind_of(result.fault)
    tally.faults[kind] += 1
    if tally.faults[kind] > _MOST_FINDINGS:
        return
    if tally.faults[kind] == 1 and not result.fault.startswith("hang") and len(case) <= mutators.LARGEST:

        def still_fails(shorter: bytes) -> bool:
            return corpus.kind_of(target.tried([shorter])[0].fault) == kind

        case = corpus.minimised(case, still_fails)
    tally.findings.append(kept.store(case, result.fault))


def table(name: str, tally: Tally) -> str:
    """What was tried, by outcome, and what was found."""
    total = sum(tally.outcomes.values())
    rate = total / tally.seconds if tally.seconds else 0
    lines = [f"{name}: {total:,} tried in {tally.seconds:.0f} s ({rate:,.0f} a second)"]
    lines += [f"{count:>12,}  {outcome}" for outcome, count in sorted(tally.outcomes.items())]
    lines.append(f"{sum(tally.faults.values()):>12,}  faults, of {len(tally.faults)} kinds")
    for kind, count in tally.faults.most_common():
        lines.append(f"{count:>12,}  {kind}")
        first = next((one for one in tally.findings if corpus.kind_of(one.fault) == kind), None)
        if first is not None:
            lines.append(f"{'':>12}  replay: scripts/fuzz {name} --replay {first.file}")
    return "\n".join(lines)
