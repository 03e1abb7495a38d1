"""Runs the checks in their order, each within its time. Never raises for what a check meets."""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading
from collections.abc import Callable, Collection, Sequence

from neuronserve import exitcodes
from neuronserve.doctor.finding import Finding, Level, Outcome, fault, skip
from neuronserve.doctor.overheard import overheard
from neuronserve.doctor.patient import Patient
from neuronserve.errors import NeuronserveError

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Check:
    """``needs``: checks without whose success it has nothing to say; ``uses``: those it learns from anyway.

    ``seconds``: how long it may take; None: it sees to that itself. ``last``: it is slow, and has nothing to
    say where another found a fault. ``hung``: what ``serve`` would end with if what it asks never answers.
    """

    name: str
    about: str
    run: Callable[[Patient], Outcome]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    seconds: float | None = 30.0
    hung: int = exitcodes.INTERNAL
    last: bool = False


@dataclasses.dataclass(frozen=True)
class Examined:
    """All that was found, in order. ``patient``: with what was learned."""

    findings: tuple[Finding, ...]
    patient: Patient

    @property
    def exit_code(self) -> int:
        """Of the first fault that a start would meet; of the doctor's own only when there is no other."""
        codes = [found.exit_code for found in self.findings if found.level is Level.FAIL]
        return next((code for code in codes if code != exitcodes.INTERNAL), codes[0] if codes else 0)


def examine(
    checks: Sequence[Check],
    patient: Patient,
    *,
    only: Collection[str] = (),
    seconds: float | None = None,
    before: Callable[[Check], None] = lambda _: None,
    heard: Callable[[Finding], None] = lambda _: None,
) -> Examined:
    """``only``: the checks asked for (empty: all); those they need run too, and tell only their faults.

    ``seconds``: a time limit for each, instead of its own. ``before`` gets each check before
    it runs, and ``heard`` each finding as it comes.
    """
    failed: set[str] = set()
    findings: list[Finding] = []
    wanted = _closure(checks, only)
    for check in checks:
        if check.name not in wanted:
            continue
        if check.last and any(one.level is Level.FAIL for one in findings):
            outcome = Outcome((skip("not looked at: the faults above come first"),))
        else:
            before(check)
            outcome = _outcome(check, patient, failed, seconds)
        if not outcome.goes_on and any(one.level in (Level.FAIL, Level.SKIP) for one in outcome.findings):
            failed.add(check.name)
        patient = dataclasses.replace(patient, **outcome.learned)
        for found in outcome.findings:
            if not only or check.name in only or found.level is Level.FAIL:
                named = dataclasses.replace(found, check=check.name)
                findings.append(named)
                heard(named)
    return Examined(tuple(findings), patient)


def _closure(checks: Sequence[Check], only: Collection[str]) -> set[str]:
    """The names asked for, and of all that they need."""
    wanted = set(only or (check.name for check in checks))
    for check in reversed(checks):  # a check needs earlier ones only
        if check.name in wanted:
            wanted.update(check.needs, check.uses)
    return wanted


def _outcome(check: Check, patient: Patient, failed: Collection[str], seconds: float | None) -> Outcome:
    missing = [name for name in check.needs if name in failed]
    if missing:
        return Outcome((skip(f"not looked at: see {' and '.join(missing)}"),))
    if check.seconds is None:
        return _run(check, patient)
    longest = seconds or check.seconds
    found: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    # a thread that cannot keep the program from ending
    threading.Thread(target=lambda: found.put(_run(check, patient)), name=check.name, daemon=True).start()
    try:
        return found.get(timeout=longest)
    except queue.Empty:
        message = f"no answer within {longest:g} s: {check.about}"
        return Outcome(
            (Finding(Level.FAIL, message, "see what hangs, or give --timeout", "hung", check.hung),)
        )


def _run(check: Check, patient: Patient) -> Outcome:
    said: list[Finding] = []
    try:
        with overheard(said):
            outcome = check.run(patient)
    except NeuronserveError as error:
        return Outcome((*said, fault(error)))
    except Exception as error:  # noqa: BLE001  a fault in one check must not hide what the others find
        _log.debug("check %s", check.name, exc_info=True)
        message = f"the doctor itself failed: {type(error).__name__}: {error}"
        return Outcome(
            (*said, Finding(Level.FAIL, message, "please report it", "internal", exitcodes.INTERNAL))
        )
    return dataclasses.replace(outcome, findings=(*outcome.findings, *said))
